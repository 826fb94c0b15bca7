"""Plans of a service looked up in its whole front, beside searches for each."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from support import tiny

from serflow_opt.fleets.known_fronts import has_front, looked_up, whole_front
from serflow_opt.fleets.pricing import FleetService, PricingOutcome, PricingTask, SharedPrices, answer
from serflow_opt.search.outcome import SearchSettings

SERVICE = FleetService(tiny.two_stages(rate_per_s=1.0, accuracy_min=0.88), "latency", 0.5, ())


@pytest.mark.parametrize("dollar", [0.0, 1e-5, 1e-4, 3e-4, 1e-2])
@pytest.mark.parametrize("limits", [{}, {"cheaper_than": 5500.0}, {"as_good_as": 1.3}, {"better_than": 0.1}])
def test_what_a_price_asks_for_is_in_the_front(dollar: float, limits: dict[str, float]) -> None:
    """The same value and the same word on whether there is a plan, at prices of a dollar and within limits."""
    front = whole_front(SERVICE, SearchSettings())
    assert front is not None
    assert len(front) > 1
    task = PricingTask(0, SERVICE, SharedPrices(dollar), **limits)
    found, searched = looked_up(task, front), answer(task, SearchSettings())

    def worth(own: PricingOutcome) -> Any:
        return None if own.column is None else pytest.approx(own.column.priced(task.prices), rel=1e-6)

    assert worth(found) == (None if searched.column is None else searched.column.priced(task.prices))
    assert found.bound == pytest.approx(searched.bound, rel=1e-5)


def test_only_latencies_that_the_placement_decides_have_fronts() -> None:
    """Sums along the path have labels, and machines that are shared have prices of their own."""
    mean = dataclasses.replace(SERVICE.instance, latency_measure="mean")
    assert has_front(SERVICE)
    assert not has_front(dataclasses.replace(SERVICE, instance=mean))
    assert not has_front(dataclasses.replace(SERVICE, objective="energy"))
    assert not has_front(dataclasses.replace(SERVICE, types=("v",)))
