"""The three ways to a front, each with what it covers, and their results in one shape."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from serflow_opt.fronts.by_boxes import OfInstance, Searched, front_by_boxes
from serflow_opt.fronts.by_placement import front_by_placement
from serflow_opt.fronts.journal import BoxJournal, PlacementJournal
from serflow_opt.fronts.label_setting import set_labels
from serflow_opt.ground.deadline import Deadline, OutOfTime
from serflow_opt.plan.decision import Decision
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.kinds import Objective
from serflow_opt.search.best import listable
from serflow_opt.search.runs import stages_couple
from serflow_opt.search.underestimates import by_placement

COARSE = (0.5, 0.1, 0.03)
"""Coverages that labels are first set with where there is a time limit, so that something is known when it ends."""

MANY, FEW = 100, 3_000
"""Placements that may add to a front from which on labels of all at once are tried; how many labels are few."""
BY_LABELS = "label setting over (stage, option)"


@dataclass(frozen=True, slots=True)
class FrontRequest:
    """What is asked for: coverage 0 is the whole front, report takes progress.

    `jobs` processes are for the search by solves, a `journal` for that and for the one by placements.
    """

    instance: Instance
    objectives: tuple[Objective, ...]
    coverage: float
    deadline: Deadline
    jobs: int
    journal: Path | None
    report: Callable[[str, int, float | None], None]


@dataclass(frozen=True, slots=True)
class Result:
    """What a method found.

    `coverage` 0 says that the front is complete, None that this is not known. Then `ideal` is the best value of each
    objective (USD, seconds, loss, J, minus the accuracy), if that is known, and below each of the corners `closed`
    there is no plan.
    """

    decisions: list[Decision]
    coverage: float | None
    method: str
    counts: dict[str, int] = field(default_factory=dict)
    ideal: tuple[float, ...] | None = None
    closed: list[tuple[float, ...]] = field(default_factory=list)


BY_ACCOUNTING: tuple[Objective, ...] = ("cost", "carbon")
"""Objectives that whole machines count in."""


class _TooMany(Exception):
    """Labels are more than a few."""


def at_best(asked: FrontRequest) -> Result | None:
    """By placements; by labels where these are few, and many placements would get some of their own."""
    few: list[Result] = []

    def elsewhere(open_: int) -> bool:
        few.extend(filter(None, [_by_few_labels(asked)] if open_ > MANY else ()))
        return bool(few)

    found = by_placements(asked, elsewhere)
    return few[0] if few else found


def _by_few_labels(asked: FrontRequest) -> Result | None:
    def count(stage: int, labels: int) -> None:
        if labels > FEW:
            raise _TooMany

    if beyond_labels(asked.instance, asked.objectives):
        return None
    try:
        found = set_labels(asked.instance, asked.objectives, asked.coverage, asked.deadline, count)
    except (_TooMany, OutOfTime):
        return None
    return Result(found.decisions, asked.coverage, BY_LABELS, {"labels": found.labels})


def by_placements(asked: FrontRequest, elsewhere: Callable[[int], bool] | None = None) -> Result | None:
    """Any objectives of the pure chain (cost also as printed), where placements can be listed.

    Parameters
    ----------
    asked
        The question.
    elsewhere
        Of `front_by_placement`.
    """
    instance, names = asked.instance, asked.objectives
    if beyond_placements(instance, names):
        return None
    found = front_by_placement(
        instance,
        names,
        listable(asked.deadline),
        asked.coverage,
        asked.deadline,
        lambda plans, gap: asked.report("placements", plans, gap),
        elsewhere,
        None if asked.journal is None else partial(PlacementJournal, asked.journal, instance, f"{names} by placements"),
    )
    if found is None:
        return None
    return Result(
        found.decisions,
        found.gap if math.isfinite(found.gap) else None,
        "Lagrangian bounds of all placements, label setting for those that may add to the front",
        {"placements": found.listed, "with labels": found.taken, "labels": found.labels},
    )


def by_labels(asked: FrontRequest) -> Result | None:
    """Any objectives of the pure chain; with a deadline, coarse fronts first."""
    instance, objectives = asked.instance, asked.objectives
    if beyond_labels(instance, objectives):
        return None
    found, reached, labels = None, None, 0
    coarse = COARSE if asked.deadline.limited else ()
    for coverage in (*(c for c in coarse if c > asked.coverage), asked.coverage):

        def report(stage: int, labels: int, coverage: float = coverage, reached: float | None = reached) -> None:
            asked.report(f"stage {stage}, {labels:,} labels, coverage {coverage:g}", 0, reached)

        try:
            found = set_labels(instance, objectives, coverage, asked.deadline, report)
        except OutOfTime:
            break
        reached, labels = coverage, found.labels
    return Result(found.decisions if found else [], reached, BY_LABELS, {"labels": labels})


def first_of(asked: FrontRequest, finds: Sequence[Callable[[FrontRequest], Result | None]]) -> Result | None:
    """Return what the first method finds that covers the question; None: none does."""
    return next((result for find in finds if (result := find(asked)) is not None), None)


def by_solves(asked: FrontRequest, searched: Searched | None = None) -> Result:
    """Any objectives of any instance.

    Parameters
    ----------
    asked
        The question.
    searched
        How it is searched within limits; None: as placements are.
    """
    searched = OfInstance(asked.instance) if searched is None else searched
    apart = list(searched.apart)  # the first of all is what is minimised
    order = sorted(asked.objectives, key=lambda name: apart.index(name) + 1 if name in apart else 0)
    journal = None
    if asked.journal is not None:
        journal = BoxJournal(asked.journal, asked.instance, f"{order} {asked.coverage!r}")
    solved = front_by_boxes(
        searched,
        order,
        asked.coverage,
        asked.deadline,
        asked.jobs,
        journal,
        lambda plans, boxes: asked.report(f"solves, {boxes} boxes open", plans, None),
    )
    back = [order.index(name) for name in asked.objectives]
    return Result(
        solved.decisions,
        asked.coverage if solved.complete else None,
        "search of boxes, each plan proven by a search of its own",
        {"solves": solved.solves},
        None if solved.ideal is None else tuple(solved.ideal[i] for i in back),
        [tuple(corner[i] for i in back) for corner in solved.closed],
    )


def beyond_placements(instance: Instance, objectives: Sequence[Objective]) -> list[str]:
    """Return what fronts by placements do not take, as files have it."""
    measure, counted = instance.latency_measure, set(BY_ACCOUNTING) & set(objectives)
    others: list[Objective] = [n for n in ("cost", "latency", "privacy", "energy", "carbon") if n not in objectives]
    bounded = [n for n in others if instance.limit(n) is not None and (n != "latency" or not by_placement(instance))]
    beyond = {
        **_beyond_menus(instance),
        "accounting = reserved": bool(counted) and instance.accounting == "reserved",
        f"latency_measure = {measure}": "latency" in objectives and measure != "mean" and not by_placement(instance),
        **{f"a limit on {name}, which is no objective": True for name in bounded},
    }
    return [name for name, there in beyond.items() if there]


def beyond_labels(instance: Instance, objectives: Sequence[Objective]) -> list[str]:
    """Return what fronts by labels do not take, as files have it: they take chains paid per request, no percentile."""
    timed = "latency" in objectives or instance.latency_slo_s is not None
    paid = any(name in objectives or instance.limit(name) is not None for name in BY_ACCOUNTING)
    beyond = {
        **_beyond_menus(instance),
        f"accounting = {instance.accounting}": paid and instance.accounting != "per-request",
        "stages that share the memory or the time of an option": stages_couple(instance),
        "run_on = true": instance.run_on,
        f"ramps_max = {instance.ramps_max}": instance.ramps_bind,
        f"latency_measure = {instance.latency_measure}": timed and instance.quantile is not None,
    }
    return [name for name, there in beyond.items() if there]


def _beyond_menus(instance: Instance) -> dict[str, bool]:
    """Thresholds that are no menu entries, one for each classifier; machines that may run out; prices by volume."""
    free = instance.threshold_mode != "menu" and any(menu.chooses for menu in instance.menus)
    return {
        f"thresholds = {instance.threshold_mode}": free,
        "machines_max": instance.machines_scarce,
        "prices by volume": bool(instance.egress),
    }
