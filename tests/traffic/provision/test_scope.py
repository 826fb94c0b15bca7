"""What an answer says it is proven of, and what a simulation did not confirm."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from support import tiny
from support.valued_parts import confirmation, part

from serflow_opt.report.traffic import deployment_table
from serflow_opt.traffic.carrying import Carrying
from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.provision.confirmed import Less, Simulated
from serflow_opt.traffic.provision.question import ProvisionQuestion
from serflow_opt.traffic.provision.result import Deployment, Part
from serflow_opt.traffic.provision.scope import scope_of


def scope(
    *parts: Part,
    measure: str = "p95",
    rates: int = 1,
    simulated: Simulated | None = None,
    without: str | None = None,
    **changes: Any,
) -> str:
    instance = tiny.two_stages(latency_slo_s=5.0, latency_measure=measure)
    instance = instance if without is None else instance.keep(exclude=[without])
    demand = Rates(np.linspace(1.0, 2.0, rates), np.full(rates, 1 / rates))
    question = ProvisionQuestion(instance, demand, 2, None, Carrying("random", 0.8), **changes)
    return scope_of(question, parts, simulated)


KEPT = Simulated(confirmation("kept"))


def test_what_decides_beside_a_function_is_named() -> None:
    """A proof over listed queue lengths and a formula for calls says so."""
    said = scope(part(), simulated=KEPT)
    assert "queue_max one of 0-8, 10, 12, 15, 18, 22, 27, 33, 40, 50, 60, 75, 90, 110, 135, 165, 200, 250" in said
    assert "calls of the function as in M/M/c/K queues" in said
    assert "groups" not in said


ALONE = part(function=None, queue_max=None, spilled=0.0)


def test_nothing_is_named_that_does_not_apply() -> None:
    """The scope names no assumption that neither the deployment nor what it was compared with needs."""
    said = scope(ALONE, simulated=KEPT, without="fn")
    assert said == "Poisson arrivals at every block; waits as in M/G/c queues by two moments"
    assert "M/M/c/K" not in scope(part(queue_max=0), simulated=KEPT)
    assert "queue_max" not in scope(ALONE, measure="worst", simulated=KEPT, without="fn")


def test_what_ruled_others_out_is_named() -> None:
    """Machines alone may be the answer because of what was taken to be of a function beside them."""
    said = scope(ALONE, simulated=KEPT)
    assert "latency as if all who need not wait met the slower pool of a block" in said
    assert "queue_max one of 0-8" in said


@pytest.mark.parametrize(("rates", "said"), [(100, False), (101, True)])
def test_many_rates_are_told_in_groups(rates: int, said: bool) -> None:
    """Up to a hundred rates are exact; with one more the answer says that they were grouped."""
    assert ("rates in 100 groups" in scope(part(), rates=rates, simulated=KEPT)) == said


def test_what_a_simulation_left_open_is_said() -> None:
    """What a simulation did not decide, or was not asked, is no confirmation."""
    assert "not confirmed" in scope(part(), simulated=Simulated(confirmation("undecided")))
    less = Simulated(confirmation("kept"), (Less(0, confirmation("undecided")),))
    assert "did not decide whether a machine less would do" in scope(part(), simulated=less)
    assert scope(part(), confirm=False).endswith("not simulated")


def shown(deployment: Deployment) -> str:
    console = Console(width=200, record=True, file=open("/dev/null", "w"))  # noqa: SIM115
    console.print(deployment_table(deployment))
    return console.export_text()


def test_what_a_simulation_changed_is_not_called_a_limit() -> None:
    """A count the simulation changed is told as such, not as a search stopped by its limit."""
    reason = "by the formula for waits 1 USD/h is proven cheapest; the simulation changed stages 1-2: 3 machines, not 2"
    found = Deployment("tiny", "feasible", Rates.steady(4.0), (part(),), reason=reason)
    assert "proven by the formula, changed by the simulation" in shown(found)
    assert reason in shown(found)
    assert "not proven: stopped at a limit" in shown(dataclasses.replace(found, reason=""))
