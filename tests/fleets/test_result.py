"""Answers for fleets in words."""

from __future__ import annotations

from serflow_opt.fleets.result import Fleet, FleetCertificate, ShadowPrice, SharedMachines


def fleet(**changes: object) -> Fleet:
    """A fleet without services, and what more of what it shares would buy."""
    certificate = FleetCertificate(
        exact_objective=None, lagrangian_bound=None, rounds=0, plans=0, searches=0, method="prices"
    )
    given = {
        "status": "optimal",
        "minimize": "latency",
        "value": 120.0,
        "unit": "ms",
        "bound": 120.0,
        "gap": 0.0,
        "seconds": 0.1,
        "usd_per_hour": 3.0,
        "budget_usd_per_hour": 3.0,
        "dollar": ShadowPrice.of(0.004, 1000.0),
        "machines": [SharedMachines(type="v", most=2, used=1, worth=ShadowPrice(saves=0.0))],
        "services": [],
        "certificate": certificate,
    }
    return Fleet.model_validate({**given, **changes})


def test_what_more_would_buy_is_told_where_it_is_known() -> None:
    """4 ms a dollar; a machine of which there are enough buys nothing; without a budget no dollar is spoken of."""
    dollar, machine = fleet().words()
    assert dollar.startswith("a dollar an hour more takes about 4 ms off the mean latency")
    assert machine == "one more v buys nothing: there is enough"
    assert fleet(budget_usd_per_hour=None, machines=[]).words() == []


def test_a_fleet_survives_its_document() -> None:
    """What `fleet --json` prints is read back whole; without a value none is told."""
    assert Fleet.from_dict(fleet().to_dict()) == fleet()
    assert fleet()._said() == "of 0 services: optimal, mean latency 120 ms"
    assert fleet(value=None, status="infeasible")._said() == "of 0 services: infeasible"
