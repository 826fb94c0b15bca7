"""The three ways to a front, each with what it covers, and their results in one shape."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from serflow_opt.decision import Decision
from serflow_opt.epsilon_front import front_by_solves
from serflow_opt.formulations.model import Goal
from serflow_opt.front import ObjectiveName
from serflow_opt.instance import Instance, Minimize
from serflow_opt.label_setting import memory_couples, set_labels
from serflow_opt.labels import OutOfTime
from serflow_opt.paths import MOST, Ints
from serflow_opt.placement_fronts import front_by_placement
from serflow_opt.search import AT_ONCE, PER_SECOND

COARSE = (0.5, 0.1, 0.03)
"""Coverages that labels are first set with where there is a time limit, so that something is known when it ends."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for: coverage 0 is the whole front, the deadline is of time.monotonic(), report takes progress."""

    instance: Instance
    objectives: tuple[ObjectiveName, ...]
    coverage: float
    deadline: float | None
    report: Callable[[str, int, float | None], None]

    @property
    def seconds_left(self) -> float | None:
        """Seconds until the deadline, None without one."""
        return None if self.deadline is None else max(self.deadline - time.monotonic(), 0.0)


@dataclass(frozen=True, slots=True)
class Result:
    """What a method found.

    `coverage` 0 says that the front is complete, None that nothing is known of the rest; `beyond` is then the best
    that a plan not known could be in each objective (USD, seconds, minus the accuracy), if that is known.
    """

    decisions: list[Decision]
    coverage: float | None
    method: str
    counts: dict[str, int] = field(default_factory=dict)
    beyond: tuple[float, ...] | None = None


def by_placements(asked: Asked) -> Result | None:
    """Cost and latency of the pure chain (also as printed), where placements can be listed."""
    instance = asked.instance
    if set(asked.objectives) != {"cost", "latency"} or not _from_menus(instance) or instance.accounting == "reserved":
        return None
    if instance.quantile is not None:
        return None
    left = asked.seconds_left
    most = MOST if left is None else min(MOST, max(AT_ONCE, int(left * PER_SECOND)))
    found = front_by_placement(
        instance,
        most,
        asked.coverage,
        asked.deadline,
        lambda plans, gap: asked.report("placements", plans, gap),
    )
    if found is None:
        return None
    return Result(
        _decisions(instance, found.options, found.levels),
        found.gap if math.isfinite(found.gap) else None,
        "Lagrangian bounds of all placements, label setting for those that may add to the front",
        {"placements": found.listed, "with labels": found.taken, "labels": found.labels},
    )


def by_labels(asked: Asked) -> Result | None:
    """Any objectives of the pure chain; with a deadline, coarse fronts first."""
    instance, objectives = asked.instance, asked.objectives
    timed = "latency" in objectives or instance.latency_slo_s is not None
    if not _from_menus(instance) or instance.accounting != "per-request" or memory_couples(instance):
        return None
    if timed and instance.quantile is not None:
        return None
    found, reached, labels = None, None, 0
    coarse = COARSE if asked.deadline is not None else ()
    for coverage in (*(c for c in coarse if c > asked.coverage), asked.coverage):

        def report(stage: int, labels: int, coverage: float = coverage, reached: float | None = reached) -> None:
            asked.report(f"stage {stage}, {labels:,} labels, coverage {coverage:g}", 0, reached)

        try:
            found = set_labels(instance, objectives, coverage, asked.deadline, report)
        except OutOfTime:
            break
        reached, labels = coverage, found.labels
    decisions = _decisions(instance, found.options, found.levels) if found else []
    return Result(decisions, reached, "label setting over (stage, option)", {"labels": labels})


def by_solves(asked: Asked) -> Result | None:
    """Any two objectives of any instance."""
    if len(asked.objectives) != 2:
        return None
    first: Minimize = "cost" if "cost" in asked.objectives else "latency"
    second: Goal = next(name for name in asked.objectives if name != first)
    solved = front_by_solves(
        asked.instance,
        first,
        second,
        asked.coverage,
        asked.seconds_left,
        lambda plans: asked.report("solves", plans, None),
    )
    beyond = solved.beyond
    if beyond is not None and asked.objectives[0] != first:
        beyond = (beyond[1], beyond[0])
    return Result(
        solved.decisions,
        asked.coverage if solved.complete else None,
        "ε-constraint loop, each plan proven by HiGHS",
        {"solves": solved.solves},
        beyond,
    )


def _from_menus(instance: Instance) -> bool:
    """Whether thresholds are menu entries, one for each classifier."""
    return instance.threshold_mode == "menu" or not any(menu.chooses for menu in instance.menus)


def _decisions(instance: Instance, options: Ints, levels: Ints) -> list[Decision]:
    sizes = [len(menu.exit_rates) for menu in instance.menus]
    one_hot = [[tuple(float(i == level) for i in range(size)) for level in range(size)] for size in sizes]
    return [
        Decision(tuple(path), tuple(rows[level] for rows, level in zip(one_hot, chosen, strict=True)))
        for path, chosen in zip(options.tolist(), levels.tolist(), strict=True)
    ]
