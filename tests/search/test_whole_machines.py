"""What machines rented whole take per request, in money or in carbon, and how many a unit of time takes."""

from __future__ import annotations

import pytest
from support.golden_carbon import emitting

from serflow_opt.formulations.coefficients import Data
from serflow_opt.search.whole_machines import WholeMachines

RENTED = {"accounting": "reserved", "rate_per_s": 2.0}


def test_money_unless_carbon_alone_is_minimised() -> None:
    """v costs 0.5 USD/s, a quarter a request at 2/s; it emits 0.5 g/s, a quarter of a gram, in units of 4 g."""
    data = Data(emitting(**RENTED))
    money, carbon = WholeMachines(data, {"cost": 1.0, "carbon": 1.0}), WholeMachines(data, {"carbon": 1.0})
    assert (money.emit, carbon.emit) == (False, True)
    assert money.rents[0] * data.dollar == pytest.approx(0.25)
    assert carbon.rents[0] * data.gram == pytest.approx(0.25)


def test_a_busy_second_takes_its_share_of_machines() -> None:
    """2/s at half the time busy: 4 machines a second, which are on for 4 x 0.25 g; functions have none."""
    data = Data(emitting(**RENTED))
    whole = WholeMachines(data, {"carbon": 1.0})
    assert list(whole.by_tier) == [0]
    assert whole.by_tier[0].tolist() == [4.0 * data.second, 0.0]
    assert (whole.on * data.gram).tolist() == pytest.approx([1.0, 0.0])
    assert not WholeMachines(data, {"cost": 1.0}).on.any()


def test_by_use_there_are_none() -> None:
    """Where machines are paid by use no tier is rented whole."""
    assert not WholeMachines(Data(emitting()), {"carbon": 1.0}).by_tier
