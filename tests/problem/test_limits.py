"""Limits of an instance: named, taken away, and said."""

from __future__ import annotations

import dataclasses

import pytest
from support import tiny

import serflow_opt as so
from serflow_opt.problem.limits import keeping, limits_of, limits_set, put, shown_unit, value_of


def test_limits_are_told_in_the_unit_of_files() -> None:
    """A latency of 2 s is 2000 ms; a floor is loosened downwards, a ceiling upwards; both say what sets them."""
    latency, accuracy, error = limits_set(put(tiny.two_stages(latency_slo_s=2.0, accuracy_min=0.9), "mse_min", 0.5))
    assert (latency.key, latency.asked, latency.floor) == ("latency_slo_ms", 2000.0, False)
    assert (accuracy.floor, error.floor) == (True, True)
    assert latency.said == "latency (worst) at most 2000 ms"
    assert accuracy.set_to(0.85) == "--accuracy-min 0.85"
    assert (error.set_to(0.25), error.set_to(None)) == ("mse_min = 0.25", "no mse_min")


@pytest.mark.parametrize("key", ["latency_slo_ms", "accuracy_min", "cost_max_usd", "mse_min", "cross_entropy_max"])
def test_a_limit_is_put_and_taken_away(key: str) -> None:
    """In the instance's own unit, and nothing else changes."""
    instance = tiny.two_stages(energy_max_j=3.0)
    changed = put(instance, key, 0.5)
    assert value_of(changed, key) == 0.5
    assert put(changed, key, None) == instance


def test_only_limits_that_are_named_are_kept() -> None:
    """What is not a limit stays whatever is named."""
    instance = tiny.two_stages(latency_slo_s=2.0, accuracy_min=0.9, energy_max_j=3.0, rate_per_s=7.0)
    kept = keeping(instance, {"accuracy_min"})
    assert [own.key for own in limits_set(kept)] == ["accuracy_min"]
    assert limits_of(kept)["rate_per_s"] == 7.0
    assert limits_of(instance)["latency_slo_ms"] == 2000.0
    assert shown_unit("latency") == (1000.0, "ms")


def test_solve_rents_no_more_machines_than_a_tier_has() -> None:
    """All on the VM takes 2 x (1 + 2 x 0.5) / 0.5 = 8 machines; with 7 there is no plan."""
    instance = tiny.one_vm(accounting="reserved", rate_per_s=2.0)
    vm = instance.tiers[0]

    def having(most: int) -> so.Instance:
        few = dataclasses.replace(vm, scaling=dataclasses.replace(vm.scaling, machines_max=most))
        return dataclasses.replace(instance, tiers=(few,))

    assert so.solve(having(8)).status == "optimal"
    assert so.solve(having(7)).status == "infeasible"
