"""What traffic functions are given: instances that they can work on, traces and services, or what is read as one."""

from __future__ import annotations

import os
from pathlib import Path

from serflow_opt.errors import InputError, Problem
from serflow_opt.plan.samples import tables_wanted
from serflow_opt.problem.given import check_inference, wrong
from serflow_opt.problem.instance import Instance
from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.demand.trace_file import read_trace
from serflow_opt.traffic.service import Service


def trace_of(given: object) -> Trace:
    """Return a trace as it is, and read the file that is named.

    Raises
    ------
    InputError
        For anything else, and as `read_trace` does.
    """
    if isinstance(given, Trace):
        return given
    if isinstance(given, str | os.PathLike):
        return read_trace(Path(given))
    raise wrong("trace", given, "give a trace: so.read_trace(...), or the path that it takes")


def service_of(given: object) -> Service:
    """Return a service as it is.

    Raises
    ------
    InputError
        For anything else.
    """
    if isinstance(given, Service):
        return given
    home = "serflow_opt.traffic.control.compare"
    cure = f"give a service: so.provision(...).service, or {home}.service_for(instance, trace)"
    raise wrong("service", given, cure)


def check_for_provisioning(instance: Instance) -> None:
    """Refuse an instance with something that provisioning would have to leave out.

    Raises
    ------
    InputError
        That names all of it.
    """
    problems: list[Problem] = []

    def wrong(place: str, found: str, cure: str) -> None:
        problems.append(Problem(instance.name, place, found, cure))

    if instance.threshold_mode != "menu":
        wrong("exits.thresholds", instance.threshold_mode, 'provisioning chooses from the menu: thresholds = "menu"')
    problems += tables_wanted(instance, "provisioning works")
    if instance.families:
        wrong("tier.memory_mb_range", "sizes or noise from a range", "list the choices: memory_mb = [...]")
    if instance.tail != "fixed":
        wrong("workload.tail", instance.tail, 'give tail = "fixed": provisioning counts how times vary (sd_ms) itself')
    if instance.minimize != "cost":
        wrong("objective.minimize", instance.minimize, 'provisioning minimises cost: minimize = "cost"')
    if instance.ramps:
        wrong("exits.ramps_max", f"{instance.ramps} classifiers on or off", "`provision` decides which: use that")
    elif instance.variants:
        wrong("variant", f"{len(instance.variants)}", "provisioning takes stages as they are: leave variants out")
    if any(len(ways) > 1 for ways in instance.ways):
        wrong("adaptation, privacy", "several ways to hand over", "provisioning hands over as it is: leave them out")
    limits = {
        "cost_max_usd": instance.cost_max_usd,
        "energy_max_j": instance.energy_max_j,
        "carbon_max_g": instance.carbon_max_g,
        "privacy_max": instance.privacy_max,
        "mse_min": instance.privacy.mse_min,
        "cross_entropy_max": instance.privacy.cross_entropy_max,
    }
    for name, value in limits.items():
        if value is not None:
            wrong(f"workload.{name}", f"{value:g}", "provisioning keeps accuracy and latency only: leave it out")
    if problems:
        raise InputError(problems)


def check_scaling(instance: Instance) -> None:
    """Raise InputError where an instance does not say how its machines and functions come and go, or is no service."""
    check_inference(instance, "traffic")
    problems = [
        Problem(instance.name, f'tier "{tier.name}".{key}', "missing", cure)
        for tier in instance.tiers
        for key, value, needed, cure in (
            (
                "start_s",
                tier.scaling.start_s,
                tier.kind in ("vm", "edge"),
                "give the seconds from a machine's order to its first request, e.g. start_s = 100.0",
            ),
            (
                "keep_alive_s",
                tier.scaling.keep_alive_s,
                tier.kind == "function" and any(o.cold_start_s > 0 for o in instance.options),
                "give the seconds that an idle function stays warm, e.g. keep_alive_s = 300.0",
            ),
        )
        if needed and value is None
    ]
    if problems:
        raise InputError(problems)
