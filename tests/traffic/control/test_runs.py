"""The simulations behind a comparison: each once, also where two policies come to the same."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.tracked import CALL, service

import serflow_opt as so
from serflow_opt.ground.deadline import NEVER
from serflow_opt.traffic.control import runs
from serflow_opt.traffic.control.runs import Run, simulated
from serflow_opt.traffic.service import Service
from serflow_opt.traffic.simulate.result import Simulation


def run_of(own: Service, name: str) -> Run:
    """The controller for three minutes, under a name."""
    return own, so.Trace.of([600] * 3, 60.0), so.Controller(own, name=name), 0, "fixed", 0.5, NEVER, None


@pytest.mark.parametrize(("same", "most"), [(True, 1), (False, 2)])
def test_what_is_the_same_runs_once(same: bool, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the very same service the controller's figures are those of `whole`, under its own name; elsewhere its own."""
    whole, told = service(CALL), []
    other = whole if same else replace(whole, name="other")
    each = {"whole": run_of(whole, "whole"), "controller": run_of(other, "controller")}
    found = simulated(each, 1, told.append)
    assert len(told) == most
    for name, run in found.items():
        assert isinstance(run, Simulation)
        assert run.policy == name
    apart = runs.simulate(*run_of(other, "controller")[:3])
    assert isinstance(found["controller"], Simulation)
    assert found["controller"].usd_total == apart.usd_total
