"""Deployments, schedules, simulations and comparisons as tables, by figures had by head."""

from __future__ import annotations

import math

import pytest
from support.helpers import has_line
from support.shown import text_of

import serflow_opt as so
from serflow_opt.report.traffic import _ms, _rate
from serflow_opt.traffic.schedule.result import Schedule
from serflow_opt.traffic.service import Service
from serflow_opt.traffic.simulate.result import Simulation

TRACE = so.Trace.of([143] * 1800, 1.0)
"""Half an hour of 143 requests/s: nine machines of `libra` serve 144."""


@pytest.fixture(scope="module")
def service() -> Service:
    """`libra` as it is provisioned."""
    own = so.provision(so.load("libra"), 143.0).service
    assert own is not None
    return own


def test_a_deployment_has_its_machines_and_money() -> None:
    """Eight machines leave 15/s, more than the 3.25/s at which one pays: nine at 0.1 USD/h, 143/144 busy."""
    text = text_of(so.provision(so.load("libra"), 143.0, arrivals="smooth"))
    assert has_line(text, "libra", "143 requests/s, evenly", "proven optimal")
    assert has_line(text, "1-1", "100.0%, 143/s", "9 x m4.large", "16/s", f"{143 / 144:.0%}", "0.9")
    assert has_line(text, "$0.9 an hour, $657.00 a month", f"${0.9 / 3600 / 143 * 1e6:.2f} per million requests")
    assert has_line(text, "worst 1000, mean 1000")
    assert "at random" not in text  # nobody waits where all come evenly
    assert has_line(text_of(so.provision(so.load("libra"), 143.0)), "find no room", "at random")


def test_no_deployment_has_its_reason() -> None:
    """A second of work is not done in half of one."""
    text = text_of(so.provision(so.load("libra").with_limits(latency_slo_ms=500.0), 143.0))
    assert has_line(text, "libra", "proven infeasible")
    assert "USD/h" not in text


def test_a_schedule_has_its_rentals(service: Service) -> None:
    """Nine machines for half an hour are 4.5 hours of 0.1 USD, and the starts before it."""
    found = so.schedule(service, TRACE, step_s=300.0)
    text = text_of(found)
    hours = sum(rental.to_s - rental.from_s for rental in found.blocks[0].rentals) / 3600
    assert hours >= 4.5
    assert has_line(text, "libra", "0.5 h in steps of 300 s", "proven optimal")
    assert has_line(text, "1-1", f"m4.large {hours:.4g} h", f"{len(found.blocks[0].rentals)}")


def test_a_simulation_has_what_came_and_what_it_cost(service: Service) -> None:
    """On the function alone each request is half a GB-second and a fee; nobody is dropped, nobody is cold."""
    run = so.simulate(service, so.Trace.of([10] * 60, 1.0), so.Controller(service))
    text = text_of(run)
    assert has_line(text, "600 came, 600 were answered")
    assert has_line(text, "in time", "100.0000% within 1000 ms")
    assert has_line(text, "per million answers", "machines", "functions")
    assert isinstance(run, Simulation)


def test_policies_stand_row_by_row() -> None:
    """A row a policy, with its distance from the bound, which is told below."""
    found = so.compare(so.load("libra"), so.Trace.of([100] * 600, 1.0), policies=["functions", "libra"])
    text = text_of(found)
    for name in ("functions", "libra"):
        assert has_line(text, name, "0.000%")
    bound = next(iter(found.bounds.values()))
    assert isinstance(bound, Schedule)
    assert has_line(text, "with perfect foresight, 1 block: no less than")


def test_numbers_that_are_none_or_large() -> None:
    """No latency is a dash, a second and more has no decimals, machines that take no time take any rate."""
    assert [_ms(math.nan), _ms(1234.5), _ms(12.3456)] == ["-", "1,234", "12.35"]
    assert [_rate(math.inf), _rate(16.0)] == ["any", "16/s"]
