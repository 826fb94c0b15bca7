"""Which way to a front is taken."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from oracles.brute_fronts import covers, enumerate_front, front_document, points_of, same
from support import tiny
from support.a_front import MANY, MANY_MORE
from support.helpers import load

from serflow_opt.errors import InputError
from serflow_opt.fronts import methods
from serflow_opt.fronts.pareto import pareto


@pytest.mark.parametrize(("method", "seed"), [("placements", MANY), ("labels", MANY_MORE), ("milp", MANY)])
def test_no_time_at_all(method: Any, seed: int, tmp_path: Path) -> None:
    """Without time only what bounds alone can show is claimed."""
    document = front_document(seed)
    exact = enumerate_front(document, ("cost", "latency"))
    stopped = pareto(load(document, tmp_path), method=method, time_limit=0.0)
    assert not stopped.complete
    assert (stopped.coverage is None) == (method != "placements")
    if stopped.coverage is not None:
        assert covers(points_of(stopped), exact, ("cost", "latency"), stopped.coverage)
    assert len(stopped.plans) <= len(exact)
    assert not stopped.plans or method == "placements"


@pytest.mark.parametrize(("few", "by"), [(3_000, {"labels"}), (0, {"placements", "with labels", "labels"})])
def test_a_few_labels_spare_many_placements(
    few: int, by: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where many placements are left labels of all at once are tried, and left alone where they are more than a few."""
    document = front_document(8, pure=True)
    monkeypatch.setattr(methods, "MANY", 0)
    monkeypatch.setattr(methods, "FEW", few)
    found = pareto(load(document, tmp_path))
    assert found.complete
    assert set(found.counts) == by
    assert same(points_of(found), enumerate_front(document, ("cost", "latency")))


@pytest.mark.parametrize("objectives", [("cost", "accuracy"), ("latency", "accuracy"), ("energy", "accuracy")])
def test_machines_of_tiers_run_out(objectives: Any) -> None:
    """2/s, half busy: where half go on, 2 s each, 8 machines; three quarters, 2.5 s, 10; there are 8."""
    instance = tiny.one_vm(accounting="reserved", rate_per_s=2.0)
    most = {plan.metrics.accuracy: plan.metrics.machines[0].count for plan in pareto(instance, objectives).plans}
    assert most[0.945] == 10
    vm = instance.tiers[0]
    few = dataclasses.replace(vm, scaling=dataclasses.replace(vm.scaling, machines_max=8))
    (plan,) = pareto(dataclasses.replace(instance, tiers=(few, *instance.tiers[1:])), objectives).plans
    assert (plan.metrics.accuracy, plan.metrics.machines[0].count) == (0.88, 8)


@pytest.mark.parametrize(
    ("method", "changes", "named"),
    [
        ("labels", {"accounting": "reserved", "rate_per_s": 1.0}, "accounting = reserved"),
        ("placements", {"accounting": "reserved", "rate_per_s": 1.0}, "accounting = reserved"),
        (
            "labels",
            {"latency_measure": "p95", "latency_slo_s": 9.0, "run_on": True},
            "run_on = true, latency_measure = p95",
        ),
        (
            "placements",
            {"energy_max_j": 1.0, "carbon_max_g": 1.0},
            "a limit on energy, which is no objective, a limit on carbon, which is no objective",
        ),
    ],
)
def test_what_a_method_does_not_take_is_named(method: Any, changes: dict[str, Any], named: str) -> None:
    """All that stands in the way is named as files have it, and nothing that does not."""
    with pytest.raises(InputError) as error:
        pareto(tiny.two_stages(**changes), ("cost", "accuracy"), method=method)
    assert error.value.problems[0].found == f"'{method}' does not cover this instance: {named}"


def test_placements_that_are_too_many_to_list_are_no_fault_of_the_instance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four placements are listed or not by how many may be."""
    monkeypatch.setattr(methods, "listable", lambda deadline: 1)
    with pytest.raises(InputError, match="'placements' meets too many placements to list; use method = 'auto'"):
        pareto(tiny.two_stages(), ("cost", "accuracy"), method="placements")
