"""Machines rented whole: mixes of thresholds against exhaustive search, and by hand."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from oracles.enumeration_draws import draw
from oracles.enumeration_questions import rented
from support import tiny
from support.mixed import agrees

import serflow_opt as so
from serflow_opt import kernels

pytestmark = pytest.mark.skipif(not kernels.compiled, reason="kernels are not compiled here")


@pytest.mark.parametrize("seed", [*range(12), 100_050])  # the last: a box whose least is of a plan without machines
def test_the_best_plan_on_whole_machines_is_found(tmp_path: Path, seed: int) -> None:
    """Several tiers, workers, most machines, utilisation caps, floors, other limits and goals."""
    agrees(seed, draw(seed, tmp_path, without=("tail",), change=rented))


def on_machines(machines_max: int | None) -> so.Instance:
    """Two requests a second on v alone, with three quarters of them going on."""
    instance = tiny.two_stages(accounting="reserved", rate_per_s=2.0, accuracy_min=0.9)
    v = dataclasses.replace(instance.options[0], machines_max=machines_max)
    return dataclasses.replace(instance, options=(v,))


def test_machines_are_counted_by_hand() -> None:
    """Each takes 1 + 0.75 x 2 s, two a second 5 s: at half of the time 10 machines, and 0.125 USD for the input."""
    plan = so.solve(on_machines(None), method="mixes")
    assert plan.status == "optimal"
    assert plan.metrics is not None
    assert [machine.count for machine in plan.metrics.machines] == [10]
    assert plan.objective.value == pytest.approx(0.125 + 10 * 0.5 / 2)


@pytest.mark.parametrize(("machines_max", "status"), [(9, "infeasible"), (10, "optimal")])
def test_too_few_machines_leave_no_plan(machines_max: int, status: str) -> None:
    """Ten are needed."""
    assert so.solve(on_machines(machines_max), method="mixes").status == status


def test_tiers_by_the_dozen_take_no_more_than_their_number() -> None:
    """Of 40 tiers of machines, each dearer than the one before, all ten are of the first."""
    one = dataclasses.replace(on_machines(None), links={})
    tiers = [dataclasses.replace(one.tiers[0], name=f"v{k}") for k in range(40)]
    machine = one.options[0]
    dearer = [dataclasses.replace(machine, tier=k, usd_per_s=machine.usd_per_s * (1 + k / 40)) for k in range(40)]
    plan = so.solve(dataclasses.replace(one, tiers=tuple(tiers), options=tuple(dearer)), method="mixes")
    assert plan.status == "optimal"
    assert plan.objective.value == pytest.approx(10 * 0.5 / 2)


def test_without_kernels_the_model_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer is the same."""
    instance = tiny.two_stages(accounting="reserved", rate_per_s=2.0, accuracy_min=0.9)
    with_kernels = so.solve(instance)
    assert "mixes" in with_kernels.certificate.method
    monkeypatch.setattr(kernels, "compiled", False)
    without = so.solve(instance)
    assert "HiGHS" in without.certificate.method
    assert without.objective.value == pytest.approx(with_kernels.objective.value)
