"""Deployments of networks whose classifiers may be on or off."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from oracles.writing import write
from support.helpers import two_tiers
from support.valued_parts import confirmation, part

import serflow_opt as so
from serflow_opt.problem.ramps import ramp_sets, with_on
from serflow_opt.traffic.confirm.result import Verdict
from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.provision.confirmed import Simulated
from serflow_opt.traffic.provision.ramped import of_each_set
from serflow_opt.traffic.provision.result import Deployment


def service(folder: Path, **exits: Any) -> so.Instance:
    """Three stages with two ramps, at 50 requests a second."""
    own = two_tiers()
    rows = own["tables"]["stages.csv"]
    rows.append({**rows[1], "stage": 3})
    for row in rows:
        row["ramp_flops"] = row["flops"] * 0.2 * (row["stage"] < 3)
    names = ("stage", "threshold", "exit_rate", "accuracy")
    leaving = [(1, 0.5, 0.5, 0.9), (2, 0.5, 0.3, 0.9), (3, 0.0, 1.0, 0.95)]
    own["tables"]["exits.csv"] = [dict(zip(names, row, strict=True)) for row in leaving]
    own["exits"] |= exits
    own["workload"] = {"rate_per_s": 50.0, "accuracy_min": 0.9}
    return so.load(write(own, folder))


@pytest.mark.parametrize("exits", [{}, {"ramps_max": 1}])
def test_cheapest_of_all_sets(exits: dict[str, Any], tmp_path: Path) -> None:
    """What is rented is the cheapest of all sets of classifiers that may be on, proven for all of them."""
    instance = service(tmp_path, **exits)
    alone = [so.provision(with_on(instance, on), arrivals="smooth") for on in ramp_sets(instance)]
    found = so.provision(instance, arrivals="smooth")
    assert found.status == "optimal"
    assert found.usd_per_s == pytest.approx(min(own.usd_per_s for own in alone), rel=1e-9)
    assert found.bound <= min(own.usd_per_s for own in alone)
    assert len(found.thresholds) <= instance.with_limits().ramps


def test_one_that_simulations_refute_is_not_taken_for_being_cheap(tmp_path: Path) -> None:
    """Of sets with a refuted, cheaper deployment and others, the cheapest that is not refuted is the answer."""
    verdicts: Iterator[Verdict] = iter(("broken", "kept", "undecided", "kept"))

    def verb(instance: so.Instance, **given: Any) -> Deployment:
        verdict = next(verdicts)
        simulated = Simulated(confirmation(verdict))
        usd = {"broken": 1.0, "kept": 2.0, "undecided": 3.0}[verdict]
        one = part(usd_machines=usd, usd_functions=0.0)
        return Deployment(instance.name, "feasible", Rates.steady(2.0), parts=(one,), simulated=simulated)

    found = of_each_set(verb)(service(tmp_path))
    assert not found.refuted
    assert found.usd_per_s == 2.0


def test_plan_says_which_are_on(tmp_path: Path) -> None:
    """Machines for a plan are counted for the classifiers that it has on."""
    instance = service(tmp_path)
    plan = so.solve(instance)
    found = so.provision(instance, plan=plan, arrivals="smooth")
    assert plan.plan is not None
    assert [own.stage for own in found.thresholds] == [own.stage for own in plan.plan.thresholds]


def test_inputs_that_run_on_are_refused(tmp_path: Path) -> None:
    """Inputs that run on are told, as provisioning counts work by who has not left."""
    with pytest.raises(so.InputError, match="run_on = false"):
        so.provision(service(tmp_path, run_on=True))


def test_too_many_sets_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More sets than are looked into are told, with what would make them fewer."""
    monkeypatch.setattr("serflow_opt.traffic.provision.ramped.MOST_SETS", 3)
    with pytest.raises(so.InputError, match="ramps_max"):
        so.provision(service(tmp_path))
