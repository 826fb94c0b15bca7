"""Questions to planners, instances with and without machines, and maps over rates and bounds."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from support import tiny
from support.helpers import changed, load, two_tiers

import serflow_opt as so
from serflow_opt.plan.document import Plan
from serflow_opt.planner.planner import Planner
from serflow_opt.planner.policy import Policy
from serflow_opt.problem.instance import Instance

Question = dict[str, Any]


BASES: dict[str, Instance] = {
    "per request": tiny.two_stages(rate_per_s=1.0),
    "with limits": tiny.three_stages(rate_per_s=1.0, latency_slo_s=2.5, accuracy_min=0.88),
    "mean": tiny.two_stages(rate_per_s=1.0, latency_measure="mean"),
    "mean, limited": tiny.three_stages(rate_per_s=1.0, latency_measure="mean", latency_slo_s=2.0),
    "reserved": tiny.two_stages(rate_per_s=1.0, accounting="reserved"),
    "options in a tier": tiny.two_vms(rate_per_s=1.0, accuracy_min=0.88),
    "latency": tiny.two_stages(rate_per_s=1.0, minimize="latency"),
    "then": tiny.two_stages(rate_per_s=1.0, then=("energy",)),
    "weighted": tiny.two_stages(rate_per_s=1.0, minimize="weighted", weights=(("cost", 0.5), ("latency", 0.5))),
}


def asked(instance: Instance, question: Question) -> Instance:
    """The instance that a question is about."""
    found = instance
    prices = question.get("prices", {})
    options = tuple(
        replace(option, usd_per_s=prices[option.name] / 3600 / option.workers) if option.name in prices else option
        for option in instance.options
    )
    for name, value in (
        ("rate_per_s", question.get("rate_per_s")),
        ("latency_slo_ms", question.get("latency_slo_ms")),
        ("accuracy_min", question.get("accuracy_min")),
    ):
        found = found if value is None else found.with_limits(**{name: value})
    return replace(found, options=options)


def same_answer(plan: Plan, instance: Instance, gap: float) -> None:
    """As good as what `solve` proves, to the gap, by metrics that hold, and the bound is not above the best."""
    exact = so.solve(instance, gap=1e-9)
    assert plan.status == exact.status
    assert plan.limits == exact.limits
    if exact.objective.value is None:
        assert plan.objective.value is None
        assert plan.infeasible_because
        return
    best, value = exact.objective.value, plan.objective.value
    assert value is not None
    assert plan.bound is not None
    assert plan.plan is not None
    assert best - 1e-9 * abs(best) <= value <= best + gap * abs(value) + 1e-9 * abs(best) + 1e-12
    assert plan.bound <= best + 1e-9 * abs(best) + 1e-12
    metrics = so.evaluate(instance, plan.plan)
    assert metrics.breaches == []
    assert plan.metrics is not None
    assert metrics.cost_usd_per_request == pytest.approx(plan.metrics.cost_usd_per_request, rel=1e-12)
    if plan.metrics.cost_usd_per_hour is None or metrics.cost_usd_per_hour is None:
        assert instance.rate_per_s is None
    else:
        assert metrics.cost_usd_per_hour == pytest.approx(plan.metrics.cost_usd_per_hour, rel=1e-12)


def told(plan: Plan) -> dict[str, Any]:
    """A plan but for the seconds it took."""
    document: dict[str, Any] = plan.to_dict()
    document.pop("seconds")
    return document


@cache
def rented() -> Instance:
    """`two_tiers` with machines that are rented, cheap enough to be worth it from some rate on."""
    document = changed(
        two_tiers(),
        objective={"accounting": "reserved"},
        workload={"rate_per_s": 5.0, "utilisation_cap": 0.8, "accuracy_min": 0.9},
    )
    document["tier"][0]["option"][0]["usd_per_hour"] = 0.36
    with TemporaryDirectory() as folder:
        return load(document, Path(folder))


@cache
def by_rate() -> Policy:
    return Planner(rented()).policy(rate_per_s=(2.0, 8.0), tolerance=0.1)


def machines(plan: Plan) -> list[int]:
    return [m.count for m in plan.metrics.machines] if plan.metrics is not None else []
