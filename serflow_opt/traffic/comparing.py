"""Policies side by side on the same requests, and the bound that no policy can beat."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from serflow_opt.errors import InputError, OutOfReach, Problem, nearest
from serflow_opt.instance import Instance
from serflow_opt.kept import Kept
from serflow_opt.traffic.baselines import Autoscaler, Fixed, Libra, Serflow
from serflow_opt.traffic.controller import Controller
from serflow_opt.traffic.foresight import foresight
from serflow_opt.traffic.of_structure import scalable
from serflow_opt.traffic.policy import Policy
from serflow_opt.traffic.provisioning import provision
from serflow_opt.traffic.schedule import schedule
from serflow_opt.traffic.schedule_result import Schedule
from serflow_opt.traffic.service import Service
from serflow_opt.traffic.simulation import Simulation
from serflow_opt.traffic.simulator import simulate
from serflow_opt.traffic.structures import Structure
from serflow_opt.traffic.trace import Trace

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import RenderableType

POLICIES = ("functions", "maximum", "autoscaler", "libra", "libra-mean", "serflow", "whole", "controller", "foresight")
"""What can be compared: functions only; machines for the maximum; an autoscaler; LIBRA, which knows one block and one
run time, that of the whole network; LIBRA told the mean run time; SERFLOW's published rule; our controller on the whole
network as one block, and on blocks of stages; and one that knows all rates in advance, though not each request."""
CLOSE, LONG_S = 5e-3, 60.0
"""Gap and seconds at which the search for blocks ends: what is compared is how they are scaled."""
PEAK_BUSY = 0.8
"""Share of machines for the maximum that is busy at the peak."""
NEED_FUNCTIONS = ("functions", "libra", "libra-mean", "serflow", "foresight")
"""Those that leave part of the requests to functions, however few machines there are."""
STAGED = ("serflow", "controller", "foresight")
"""Those that know blocks of stages."""


@dataclass(frozen=True, slots=True)
class Row:
    """One policy: what it cost and how it kept the latency target."""

    policy: str
    blocks: int
    simulation: Simulation
    bound: float

    @property
    def usd(self) -> float:
        """USD for the whole trace."""
        return self.simulation.usd_total

    @property
    def violations(self) -> float:
        """Share of the requests that missed the target or were dropped."""
        return self.simulation.violations / max(self.simulation.arrivals, 1)


@dataclass(frozen=True, slots=True, repr=False)
class Comparison(Kept):
    """All policies on one trace.

    Attributes
    ----------
    rows
        In the order of `POLICIES`.
    bounds
        Clairvoyant schedules by number of blocks: least cost of machines and functions with perfect foresight.
    """

    instance: str
    trace: str
    rows: tuple[Row, ...]
    bounds: dict[int, Schedule] = field(default_factory=dict)

    def row(self, policy: str) -> Row | None:
        """Return the row of a policy, None where it was not run."""
        return next((row for row in self.rows if row.policy == policy), None)

    def to_frame(self) -> pd.DataFrame:
        """Return the table."""
        import pandas as pd

        libra = self.row("libra")
        records: list[dict[str, Any]] = []
        for row in self.rows:
            run = row.simulation
            records.append(
                {
                    "policy": row.policy,
                    "blocks": row.blocks,
                    "usd": row.usd,
                    "usd_machines": run.usd["machines"],
                    "usd_functions": run.usd["functions"],
                    "usd_links": run.usd["links"],
                    "p50_ms": run.percentile(50) * 1000,
                    "p95_ms": run.percentile(95) * 1000,
                    "p99_ms": run.percentile(99) * 1000,
                    "violations": row.violations,
                    "dropped": sum(run.dropped.values()) / max(run.arrivals, 1),
                    "accuracy": math.nan if run.accuracy is None else run.accuracy,
                    "utilisation": run.utilisation,
                    "saving_over_libra": 1 - row.usd / libra.usd if libra else math.nan,
                    "above_bound": row.usd / row.bound - 1 if row.bound > 0 else math.nan,
                }
            )
        return pd.DataFrame.from_records(records)

    def __rich__(self) -> RenderableType:
        """Return the table of `report.py`."""
        from serflow_opt.traffic.report import comparison_table

        return comparison_table(self)

    def _said(self) -> str:
        return f"{self.instance}, {self.trace}: {', '.join(row.policy for row in self.rows)}"

    def to_dict(self) -> dict[str, Any]:
        """Return the document that `compare --json` prints; `save` keeps the whole."""
        rows = [
            {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in record.items()}
            for record in self.to_frame().to_dict("records")
        ]
        bounds = {
            str(blocks): {"usd": found.bound, "attained": found.usd, "status": found.status, "method": found.method}
            for blocks, found in self.bounds.items()
        }
        return {"instance": self.instance, "trace": self.trace, "policies": rows, "clairvoyant": bounds}


def compare(
    instance: Instance,
    trace: Trace,
    *,
    policies: Collection[str] | None = None,
    blocks: int = 2,
    every_s: float = 60.0,
    seed: int = 0,
    times: str = "fixed",
    cv: float = 0.5,
    jobs: int = 1,
    gap: float = 1e-3,
    on_progress: Callable[[str], None] | None = None,
) -> Comparison:
    """Run policies on the same requests.

    All but SERFLOW and the controller run the network as one block: the cheapest type and function that keep the
    targets at the trace's rates. These two run it as the blocks that `provision` finds for these rates; the controller
    may use any type that keeps their times.

    Parameters
    ----------
    policies
        Some of `POLICIES`; None: all that the instance's tiers allow. Of two that come to the same, as on a network of
        one stage, one is run.
    blocks
        Most blocks.
    every_s
        Seconds between decisions of the controllers, and steps of the clairvoyant schedules. LIBRA and SERFLOW decide
        every 300 s, as published.
    seed, times, cv
        See `simulate`.
    jobs
        Processes.
    gap
        Of the schedules.
    on_progress
        Told what is being done.

    Raises
    ------
    InputError
        For unknown policies, instances that do not say how long machines take to start, and where no deployment keeps
        the targets.
    """
    check_scaling(instance)
    if policies is None:
        policies = [name for name in POLICIES if has_functions(instance) or name not in NEED_FUNCTIONS]
    for name in policies:
        _check_functions(instance, name)
    unknown = [name for name in policies if name not in POLICIES]
    if unknown:
        raise InputError([Problem("", "--policy", f"'{name}'", nearest(name, POLICIES)) for name in unknown])

    def tell(text: str) -> None:
        if on_progress:
            on_progress(text)

    services: dict[bool, Service] = {}
    for staged in sorted({name in STAGED for name in policies}):
        tell("finding blocks of stages" if staged else "finding what runs the network whole")
        services[staged] = service_for(instance, trace, blocks if staged else 1)
    wanted = [name for name in POLICIES if name in policies and not _twice(name, instance, blocks, policies)]
    chosen = [(name, *_policy(name, services[name in STAGED], trace, every_s)) for name in wanted]
    bounds: dict[int, Schedule] = {}
    for service in services.values():
        tell("scheduling with perfect foresight")
        bounds[len(service.blocks)] = schedule(service, trace, step_s=max(every_s, trace.period_s), gap=gap)
    arguments = [(service, trace, policy, seed, times, cv) for _, policy, service in chosen]
    runs: Sequence[Simulation]
    if jobs > 1:
        tell(f"{len(chosen)} simulations in {jobs} processes")
        with ProcessPoolExecutor(jobs) as pool:
            runs = list(pool.map(_simulate, arguments))
    else:
        runs = []
        for (name, _, _), argument in zip(chosen, arguments, strict=True):
            tell(f"simulating {name}")
            runs.append(_simulate(argument))
    rows = tuple(
        Row(name, len(service.blocks), run, bounds[len(service.blocks)].bound + run.usd["links"])
        for (name, _, service), run in zip(chosen, runs, strict=True)
    )
    return Comparison(instance.name, trace.name, rows, bounds)


def check_scaling(instance: Instance) -> None:
    """Raise InputError where an instance does not say how its machines and functions come and go."""
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


def service_for(instance: Instance, trace: Trace, blocks: int) -> Service:
    """Return the service of the cheapest deployment for a trace's rates, each block with all types that keep its times.

    As one block it has a type of machines and a function, whatever is cheapest.

    Raises
    ------
    InputError
        Where there is none.
    """
    functions = has_functions(instance)

    def both(structure: Structure) -> bool:
        return structure[0].machine is not None and (structure[0].function is not None or not functions)

    found = provision(instance, trace, blocks=blocks, keep=both if blocks == 1 else None, gap=CLOSE, time_limit=LONG_S)
    if found.service is None:
        why = found.reason or "no deployment was found in time"
        if blocks == 1:
            why = f"the whole network as one block: {why}"
        problem = Problem(instance.name, "targets", why, "`serflow-opt provision` says what can be had")
        raise OutOfReach([problem]) if found.status == "infeasible" else InputError([problem])
    service = scalable(instance, found.structure, found.levels)
    if blocks == 1 and not service.blocks[0].machines:
        why, cure = "no machine runs the whole network in time", "add larger types, or allow more latency"
        raise InputError([Problem(instance.name, "tier", why, cure)])
    return service


def has_functions(instance: Instance) -> bool:
    """Whether there is a tier of functions."""
    return any(tier.kind == "function" for tier in instance.tiers)


def _check_functions(instance: Instance, name: str) -> None:
    """Raise InputError for a policy that needs functions where there are none."""
    if name in NEED_FUNCTIONS and not has_functions(instance):
        others = ", ".join(other for other in POLICIES if other not in NEED_FUNCTIONS)
        found = f"'{name}' leaves requests to functions, and there are none"
        raise InputError([Problem(instance.name, "--policy", found, f"choose of {others}, or add a tier of functions")])


def prepared(instance: Instance, trace: Trace, name: str, blocks: int, every_s: float) -> tuple[Policy, Service]:
    """Return a policy of `POLICIES` and the service it scales."""
    _check_functions(instance, name)
    return _policy(name, service_for(instance, trace, blocks if name in STAGED else 1), trace, every_s)


def _policy(name: str, service: Service, trace: Trace, every_s: float) -> tuple[Policy, Service]:
    first = service.with_machines(tuple(own.machines[:1] for own in service.blocks))
    alone = replace(first, blocks=tuple(replace(block, function=None) for block in first.blocks))
    match name:
        case "functions":
            return Fixed(first, [0], name=name), first
        case "maximum":
            peak = float((trace.counts / trace.period_s).max())
            count = math.ceil(peak / (PEAK_BUSY * alone.rate_per_s(0, alone.blocks[0].machines[0])))
            return Fixed(alone, [count], name=name), alone
        case "autoscaler":
            return Autoscaler(alone, name=name), alone
        case "libra":
            return Libra(first, name=name), first
        case "libra-mean":
            return Libra(first, knows_mean=True, name=name), first
        case "serflow":
            return Serflow(first, name=name), first
        case "foresight":
            return foresight(service, trace, every_s), service
        case _:
            return Controller(service, every_s, name=name), service


def _twice(name: str, instance: Instance, blocks: int, policies: Collection[str]) -> bool:
    """Whether a policy does what another one that is run does, too: on one block, or on one stage with its one time."""
    same = {"whole": "controller", "libra-mean": "libra"}.get(name)
    one = {"whole": blocks == 1 or len(instance.stages) == 1, "libra-mean": len(instance.stages) == 1}
    return same in policies and one.get(name, False)


def _simulate(argument: tuple[Service, Trace, Policy, int, str, float]) -> Simulation:
    service, trace, policy, seed, times, cv = argument
    return simulate(service, trace, policy, seed=seed, times=times, cv=cv)
