"""What a controller expects of a block: forecasts of one's own that fail or talk nonsense."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from support.controlled import Says, seen, service, steady

from serflow_opt.errors import InputError
from serflow_opt.traffic.control.controller import Controller
from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.service import Block
from serflow_opt.traffic.simulate.simulate import simulate


@pytest.mark.parametrize(
    "answer",
    [
        Rates(np.array([math.nan]), np.ones(1)),
        Rates(np.array([-5.0]), np.ones(1)),
        Rates(np.array([1e12]), np.ones(1)),
        Rates(np.array([5.0]), np.array([0.3])),
        Rates(np.array([10.0, 60.0]), np.array([2.0, -1.0])),
        Rates(np.array([60.0, 10.0]), np.array([0.5, 0.5])),
        Rates(np.zeros(0), np.zeros(0)),
        Rates([5.0, "many"], np.ones(2) / 2),  # type: ignore[arg-type, list-item]
        98.0,
        "98",
        ValueError("no"),
    ],
)
def test_a_forecast_that_is_nonsense_is_told_and_replaced(answer: Any) -> None:
    """Whatever a forecaster of one's own returns, the controller goes on with what it has seen itself."""
    controller = Controller(service(), arrivals="smooth", forecaster=lambda block: Says(answer))
    orders = controller.decide(seen(60, np.full(60, 98)))
    assert orders.machines == ({"m4.large": 6},)
    assert any("forecast" in event.text for event in controller.events)


def test_a_forecaster_whose_state_cannot_be_written_starts_afresh() -> None:
    """A state that is no JSON is left out and told; one that cannot be read back is refused by its key."""

    class Odd(Says):
        def state(self) -> dict[str, Any]:
            return {"seen": {1, 2}, "mean": math.nan}

        def restore(self, state: Mapping[str, Any]) -> None:
            raise KeyError("mean")

    controller = Controller(service(), forecaster=lambda block: Odd(Rates.steady(5.0)))
    state = json.loads(json.dumps(controller.state(), allow_nan=False))
    assert "state is lost" in controller.events[-1].text
    controller.restore(state)
    state["blocks"][0]["forecaster"] = {"mean": 3}
    with pytest.raises(InputError, match=r"blocks\[0\].forecaster: the forecaster cannot restore it"):
        controller.restore(state)


def test_a_forecaster_that_fails_all_the_time() -> None:
    """A broken forecaster costs money, not requests."""

    def fails(block: Block) -> Says:
        return Says(RuntimeError("broken"))

    run = simulate(service(), steady(100, 900), Controller(service(), forecaster=fails))
    assert run.served == run.arrivals
    assert not run.policy_errors
    assert run.by_machine[0] > run.by_function[0]


def test_a_jump_of_the_clock_is_believed_over_a_restart() -> None:
    """The second measurement after a jump is believed, also where a restart lies between the first one and it."""
    there = 10_000_000.0
    counts = np.full(60, 98)
    stays, starts = Controller(service(), every_s=60), Controller(service(), every_s=60)
    for controller in (stays, starts):
        controller.decide(seen(60, counts))
        controller.decide(seen(there, counts))
    again = Controller(service(), every_s=60)
    again.restore(json.loads(json.dumps(starts.state())))
    assert again.decide(seen(there + 60, 3 * counts)) == stays.decide(seen(there + 60, 3 * counts))
    assert again.state() == stays.state()
