"""Answers about batches: what is confirmed, what is said, and what is left out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracles.batch_enumeration import drawn
from support.helpers import load, run, two_tiers

import serflow_opt as so
from serflow_opt.problem.network import Menu
from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.provision.structures import Structure


def test_menus_of_one_change_nothing(tmp_path: Path) -> None:
    """A menu with batches of one alone is the service without batches."""
    document = two_tiers()
    document["workload"] = {"rate_per_s": 20.0, "accuracy_min": 0.88, "latency_slo_ms": 900.0}
    known = so.provision(load(document, tmp_path / "a"), confirm=False)
    document["tier"][0]["batch"] = [1]
    found = so.provision(load(document, tmp_path / "b"), confirm=False)
    assert found.usd_per_s == known.usd_per_s
    assert found.scope == known.scope


def machines_only(seed: int, tmp_path: Path, **keys: Any) -> so.Instance:
    document = drawn(seed).document
    document["tier"], document["link"] = document["tier"][:1], []
    document["tier"][0] |= keys
    return load(document, tmp_path)


def test_the_command_tells_of_batches(tmp_path: Path) -> None:
    """The command says that the proof is of batches that fill, and shows size and wait of each block."""
    document = drawn(1).document | {"name": "told"}
    document["workload"] |= {"latency_slo_ms": 2000.0, "latency_measure": "worst", "rate_per_s": 400.0}
    load(document, tmp_path)
    found = run("provision", tmp_path / "instance.toml", "--arrivals", "smooth", "--json").document
    assert found["status"] == "optimal"
    assert "batches that fill" in found["scope"]
    own = found["blocks"][0]
    assert own["batch"] > 1
    assert own["batch_mean"] == own["batch"]
    table = run("provision", tmp_path / "instance.toml", "--arrivals", "smooth").stdout
    assert f"{own['batch']} within {own['batch_wait_ms']:.4g} ms" in table


def test_a_plan_is_served_in_batches(tmp_path: Path) -> None:
    """Blocks, options and thresholds are the plan's; sizes, waits and counts are the cheapest for them."""
    own = machines_only(3, tmp_path)
    plan = so.solve(replace(own, minimize="cost", accounting="reserved"))
    assert "of plans with batches" in plan.certificate.scope
    kept = so.provision(own, plan=plan, arrivals="smooth", gap=1e-9)
    free = so.provision(own, arrivals="smooth", gap=1e-9)
    assert kept.status == "optimal"
    assert kept.scope.startswith("the plan's blocks")
    assert [c.threshold for c in kept.thresholds] == [c.threshold for c in plan.thresholds]
    assert free.usd_per_s <= kept.usd_per_s * (1 + 1e-9)
    names = {place.option for place in plan.placement}
    at = {n for n, option in enumerate(own.options) if option.name in names}

    def same(structure: Structure) -> bool:
        return len(structure) == len(names) == 1 and {choice.machine for choice in structure} == at

    levels = dict(enumerate(kept.levels))
    menus = tuple(
        Menu(m.thresholds[levels[s] : levels[s] + 1], (m.exit_rates[levels[s]],), (m.accuracies[levels[s]],))
        for s, m in enumerate(own.menus)
    )
    found = so.provision(replace(own, menus=menus), arrivals="smooth", keep=same, gap=1e-9)
    assert kept.usd_per_s == pytest.approx(found.usd_per_s, rel=1e-9)


def test_fronts_say_that_requests_are_served_one_by_one(tmp_path: Path) -> None:
    """Fronts leave batches out, and must say so rather than keep silent."""
    front = so.pareto(machines_only(3, tmp_path), ["cost", "latency"])
    assert "one by one" in front.scope
    assert "one by one" in front.certificate.scope


def one_stage(tmp_path: Path, slo_ms: float) -> so.Instance:
    """Up to four at a time in 10 ms, at 100 requests a second."""
    return load(
        {
            "schema": 1,
            "name": "together",
            "network": {"stages": "stages.csv", "input_bytes": 1000},
            "exits": {"table": "exits.csv"},
            "workload": {"rate_per_s": 100.0, "latency_slo_ms": slo_ms, "latency_measure": "mean"},
            "tier": [
                {
                    "name": "vm",
                    "kind": "vm",
                    "batch": [4],
                    "batch_wait_ms": [30.0],
                    "stage_times": "vm.csv",
                    "option": [{"name": "v", "usd_per_hour": 1.0}],
                }
            ],
            "tables": {
                "stages.csv": [{"stage": 1, "flops": 1e9, "activation_bytes": 1000, "parameter_bytes": 1000}],
                "exits.csv": [{"stage": 1, "threshold": 0, "exit_rate": 1.0, "accuracy": 0.9}],
                "vm.csv": [{"stage": 1, "option": "v", "batch": n, "mean_ms": 10.0} for n in (1, 2, 4)],
            },
        },
        tmp_path,
    )


def test_the_simulation_has_the_last_word(tmp_path: Path) -> None:
    """By the formula all wait 30 ms for others, and at one machine 4.4 ms for it; they wait half of that and less."""
    kept = so.provision(one_stage(tmp_path / "a", 60.0))
    assert (kept.status, kept.counts) == ("optimal", (1,))
    assert kept.simulated is not None
    assert kept.simulated.kept.verdict == "kept"
    assert "simul" not in kept.scope
    alone = so.provision(one_stage(tmp_path / "b", 42.0), confirm=False)
    assert (alone.status, alone.counts) == ("optimal", (2,))
    assert "not simulated" in alone.scope
    found = so.provision(one_stage(tmp_path / "c", 42.0))
    assert (found.status, found.counts, found.usd_per_s) == ("feasible", (1,), alone.usd_per_s / 2)
    assert found.simulated is not None
    assert "1 machine, not 2 machines" in found.simulated.changed
    assert "1 machine, not 2 machines" in found.reason
    assert found.bound <= found.usd_per_s


def test_a_trace_is_planned_one_by_one_and_says_so(tmp_path: Path) -> None:
    """Where rates change batches are not planned, and the answer says so."""
    own = machines_only(0, tmp_path)
    found = so.provision(own, Rates(np.array([5.0, 10.0]), np.array([0.5, 0.5])), confirm=False, time_limit=20)
    assert "one by one" in found.scope


def test_two_pools_and_times_that_scatter_are_refused_beside_batches(tmp_path: Path) -> None:
    """They would be planned as one pool, and as times stated."""
    instance = one_stage(tmp_path, 100.0)
    for keys, said in (({"pools": 2}, "pools: 2, and batches"), ({"times": "lognormal"}, "lognormal.*and batches")):
        with pytest.raises(so.InputError, match=f"{said}.*take `batch` out of tier"):
            so.provision(instance, 5.0, **keys)
