"""From an instance that `profile` wrote and one of its plans back to the network, the data and a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from serflow_opt.errors import InputError, Problem
from serflow_opt.plan.document import Handover, Plan
from serflow_opt.plan.valuation import value_plan
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.loader import find, load, read_document
from serflow_opt.problem.profile_table import ProfileTable
from serflow_opt.profiling.data.parts import Labelled, split
from serflow_opt.profiling.data.sources import load_data, load_network
from serflow_opt.profiling.folder import HERE
from serflow_opt.profiling.measure.timing import option_name
from serflow_opt.profiling.running import PlanPromise, Served, serve


def rerun(
    file: str,
    plan: Mapping[str, Any],
    *,
    data: Sequence[str] = (),
    network: str | None = None,
    threads: int | None = None,
) -> Served:
    """Run a plan on this machine.

    Parameters
    ----------
    file
        The instance, with its [profile].
    plan
        Document of the plan.
    data
        What to serve; none, or the data of the profile: the samples that it held out of its tables.
    network
        Where the network is now; None: where [profile] says.
    threads
        Threads of PyTorch; None: those of the plan's measured option, else 1.

    Raises
    ------
    InputError
        When the instance was not profiled, the plan does not fit it, or network or data are not there.
    """
    instance, path = load(file), find(file)
    document = read_document(path, [])
    assert document is not None
    recorded = document.profile
    valued = value_plan(instance, plan)
    problems = []
    if recorded is None:
        problems.append(Problem(str(path), "profile", "missing", "only what `serflow-opt profile` wrote can be run"))
    if instance.samples is None:
        problems.append(Problem(str(path), "exits.samples", "missing", "profile the network with --data"))
    if instance.threshold_mode == "randomized":
        problems.append(Problem(str(path), "exits.thresholds", "randomized", "run plans of menu or interpolated"))
    if valued.plan is not None and (valued.plan.variants or any(h != _plain(h) for h in valued.plan.handovers)):
        cure = "solve without [[variant]], [adaptation] and privacy.table to get a plan that can be run"
        problems.append(Problem("plan", "handovers, variants", "adaptations, which are not applied here", cure))
    if problems:
        raise InputError(problems)
    assert recorded is not None
    assert instance.samples is not None
    labelled = load_data(data or recorded.data)
    source = load_network(
        network or recorded.network,
        seed=recorded.seed,
        data=labelled,
        classes=recorded.classes,
        most=recorded.stages,
        weights=None if recorded.weights is None else path.parent / recorded.weights,
    )
    if source.network.classifier_stages != instance.samples.classifier_stages:
        found = f"exits at {list(source.network.classifier_stages)}"
        cure = f"the instance was made with exits at {list(instance.samples.classifier_stages)}: profile it again"
        raise InputError([Problem(network or recorded.network, "", found, cure)])
    if not data or labelled.digest == recorded.data_digest:
        labelled = _held_out(labelled, instance, recorded, path)
    here = _threads_of(valued)
    together, tables = _promises(valued, instance, compare_time=here is not None and threads in (None, here))
    end = len(valued.placement)  # of a plan that ends early: everybody leaves there
    thresholds = {choice.stage: choice.threshold for choice in valued.thresholds if choice.threshold is not None}
    if end < len(instance.stages):
        thresholds[end] = 0.0
    return serve(source.network, labelled, thresholds, together, tables=tables, threads=threads or here or 1)


def _plain(handover: Handover) -> Handover:
    """The same hand-over as it is."""
    return Handover(before_stage=handover.before_stage)


def _held_out(labelled: Labelled, instance: Instance, recorded: ProfileTable, path: Path) -> Labelled:
    """Return the measured inputs that the tables were not made from; all of them when none were held out."""
    assert instance.samples is not None
    measured, held_out = split(labelled, recorded.seed).measured, instance.samples.held_out
    if labelled.digest != recorded.data_digest or len(measured) != len(held_out):
        found = "the data changed: these are not those that were measured"
        cure = "profile again, or give what to serve as --data"
        raise InputError([Problem(str(path), f"profile.data = {recorded.data}", found, cure)])
    return measured.rows(torch.from_numpy(held_out).nonzero().squeeze(1)) if held_out.any() else measured


def _threads_of(plan: Plan) -> int | None:
    """Return the threads of the measured option when the whole plan runs on it."""
    places = {(place.tier, place.option) for place in plan.placement}
    if len(places) != 1:
        return None
    tier, option = places.pop()
    count = option.partition("-")[0]
    return int(count) if tier == HERE and count.isdigit() and option_name(int(count)) == option else None


def _promises(plan: Plan, instance: Instance, compare_time: bool) -> tuple[PlanPromise, PlanPromise]:
    """Return what the plan's thresholds do together on the samples behind the tables, and what the tables promise."""
    assert plan.metrics is not None
    assert instance.samples is not None
    stages = instance.samples.classifier_stages
    by_table = next(part for part in plan.samples if part.part == "table")
    together = dict(zip(stages, by_table.exit_share, strict=True))
    tables = {stage: plan.metrics.exit_share[stage - 1] for stage in stages}
    left = [together.get(stage.stage, 0.0) for stage in plan.metrics.stages]
    times = (stage.compute_ms * sum(left[stage.stage - 1 :]) for stage in plan.metrics.stages)
    mean_ms, tables_ms = (sum(times), plan.metrics.latency_mean_ms) if compare_time else (None, None)
    return (
        PlanPromise(by_table.samples, by_table.accuracy, together, mean_ms),
        PlanPromise(by_table.samples, plan.metrics.accuracy, tables, tables_ms),
    )
