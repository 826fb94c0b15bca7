"""Schedules over a known trace: against all schedules of small instances, arithmetic, and figures of a real trace."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

import pytest
from oracles import schedules as oracle
from support.schedule_cases import function, machine, random_case, rentals, service, trace

from serflow_opt.backend.running import Progress
from serflow_opt.errors import InputError
from serflow_opt.traffic.demand.trace_file import read_trace
from serflow_opt.traffic.schedule.result import Schedule
from serflow_opt.traffic.schedule.solve import schedule
from serflow_opt.traffic.service import Block, Function, Machine, Service

DATA = Path(os.environ.get("SERFLOW_OPT_DATA", Path(__file__).parents[4] / "shared" / "data"))
"""Where the raw traces lie; they are not part of the project."""


def test_machine_that_is_worth_its_start() -> None:
    """10 requests in each of 6 s; 1 machine serves 10/s at 2 USD/s, usable 2 s after its order; 0.5 USD a request.

    Functions alone 30. Ordered at 0: rent 12, functions for 2 s 10, together 22.
    """
    found = schedule(service(machine(usd_per_s=2.0, rate=10.0, start_s=2.0), usd=0.5), trace(*[10] * 6), step_s=1)
    assert found.usd == pytest.approx(22)
    assert found.bound == pytest.approx(22)
    assert found.status == "optimal"
    assert rentals(found) == [("m", 0, 6)]
    assert found.function_requests == pytest.approx(20)


def test_peak_is_left_to_the_function() -> None:
    """Machine 10/s at 3 USD/s; a second serves it from 3 / 0.5 = 6 requests a second on, so 16 of 16, 5 of 15 not."""
    demand = trace(10, 15, 16, 10)
    found = schedule(service(machine(usd_per_s=3.0, rate=10.0), usd=0.5), demand, step_s=1)
    # one machine for 4 s, 12; 5 requests to the function, 2.5; of 6 requests machine or function, 3 either way
    assert found.usd == pytest.approx(12 + 2.5 + 3)


def test_least_billing_bridges() -> None:
    """Two requests-seconds 3 s apart: least billing of 4 s pays the time between, one machine serves both for 4."""
    found = schedule(service(machine(usd_per_s=1.0, rate=10.0, billing_min_s=4.0)), trace(10, 0, 0, 10), step_s=1)
    assert found.usd == pytest.approx(4)
    assert found.gap <= 1e-3
    assert rentals(found) == [("m", 0, 4)]


def test_lag_that_ends_inside_a_period() -> None:
    """60 requests a minute, lag 90 s, steps of 60 s: 90 requests to the function at 1 USD; rent 4 minutes."""
    found = schedule(
        service(machine(usd_per_s=0.1, rate=1.0, start_s=90.0)), trace(60, 60, 60, 60, period_s=60.0), step_s=60
    )
    assert found.usd == pytest.approx(90 + 240 * 0.1)


def test_without_function_machines_come_before_the_trace() -> None:
    """Lag 5 s: ordered at -5 s, rented 5 + 4 s."""
    found = schedule(service(machine(start_s=5.0), usd=None), trace(1, 1, 1, 1), step_s=2)
    assert rentals(found) == [("m", -5, 4)]
    assert found.usd == pytest.approx(9)
    assert found.status == "optimal"
    assert found.function_requests == 0


def test_too_few_machines_without_function() -> None:
    """Traffic that machines cannot carry is refused with what they can, and the key to raise."""
    with pytest.raises(
        InputError, match=r"block 1: no function, up to 3 requests/s.*together serve 2; raise machines_max"
    ):
        schedule(service(machine(machines_max=2), usd=None), trace(1, 3))


def test_neither_machines_nor_function() -> None:
    """A block with nothing to run on is refused in words."""
    with pytest.raises(InputError, match="neither machines nor a function"):
        schedule(service(usd=None), trace(1, 3))


def test_functions_alone() -> None:
    """Without machines the schedule is the bill of the function, and proven."""
    found = schedule(service(usd=0.25), trace(3, 5))
    assert (found.usd, found.bound, found.status) == (2.0, 2.0, "optimal")
    assert found.method == "functions alone"


def test_no_requests() -> None:
    """No requests cost nothing, with no gap of zero by zero."""
    found = schedule(service(machine(), usd=None), trace(0, 0))
    assert (found.usd, found.bound, found.gap, found.status) == (0.0, 0.0, 0.0, "optimal")


def test_utilisation_cap_leaves_room() -> None:
    """At a cap of 0.5 two machines serve what one could."""
    found = schedule(service(machine(rate=10.0), usd=None), trace(10, 10), step_s=1, utilisation_cap=0.5)
    assert found.usd == pytest.approx(4)


def test_blocks_add_up() -> None:
    """Half of the requests go on to block 2, so there machines serve 5/s, two of rate 2.5; blocks are independent."""
    blocks = (
        Block(0, 0, (machine("a", 1.0, 10.0, sends=False),), function()),
        Block(1, 1, (machine("b", 0.5, 2.5, sends=False),), function()),
    )
    both = Service("s", blocks, (0.5, 0.5), (0.9, 0.9))
    found = schedule(both, trace(10, 10, 10), step_s=1)
    assert [block.usd for block in found.blocks] == pytest.approx([3.0, 3.0])
    assert found.usd == pytest.approx(6.0)


def test_cheap_big_machine_for_the_base_and_small_ones_for_peaks() -> None:
    """Base 10/s on a machine of 10/s at 5 USD/s, 2 s of 2 more requests on a machine of 2/s at 1.5 USD/s, 3 USD.

    A second big one would cost 10; small ones alone 7.5 a second; the function, at 2, 8 for the 4 requests.
    """
    big, small = machine("big", 5.0, 10.0), machine("small", 1.5, 2.0)
    found = schedule(service(big, small, usd=2.0), trace(10, 12, 12, 10), step_s=1, gap=1e-6)
    assert found.usd == pytest.approx(4 * 5 + 3)
    assert found.bound == pytest.approx(found.usd, rel=1e-6)
    assert rentals(found) == [("big", 0, 4), ("small", 1, 3)]


def test_dropped_types_are_named() -> None:
    """The answer names which type was left out for which."""
    found = schedule(service(machine("dear", 2.0), machine("cheap", 1.0), usd=3.0), trace(1, 1), step_s=1)
    assert found.blocks[0].dropped == {"dear": "cheap"}
    assert found.method == "slices + dominance"


def optimum(case: dict[str, Any]) -> float:
    """The least cost of all schedules."""
    return oracle.best(case["kinds"], case["demand"], case["moments"], case["usd"], case["most"])


def check_value(case: dict[str, Any], found: Schedule) -> None:
    """What is said to be the cost is what the oracle says the machines cost."""
    names = [kind.name for kind in case["kinds"]]
    own = [(names.index(name), int(begin), int(end)) for name, begin, end in rentals(found)]
    assert found.usd == pytest.approx(oracle.cost(case["kinds"], own, case["demand"], case["usd"]), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("with_function", [True, False])
@pytest.mark.parametrize("seed", range(60))
def test_one_type_is_exact(seed: int, with_function: bool) -> None:
    """With one type the schedule costs what the best of all schedules does, proven without a gap."""
    case = random_case(seed, 1, billing=False, with_function=with_function)
    found = schedule(case["service"], case["trace"], step_s=case["step_s"])
    check_value(case, found)
    assert found.usd == pytest.approx(optimum(case), rel=1e-9, abs=1e-9)
    assert found.bound == pytest.approx(found.usd, rel=1e-9, abs=1e-9)
    assert found.status == "optimal"
    assert found.method in ("slices", "no demand")


@pytest.mark.parametrize("with_function", [True, False])
@pytest.mark.parametrize("seed", range(40))
def test_least_billing(seed: int, with_function: bool) -> None:
    """With least billed times cost and bound hold the best of all schedules between them."""
    case = random_case(seed, 1, billing=True, with_function=with_function)
    check_proven(case)


@pytest.mark.parametrize("with_function", [True, False])
@pytest.mark.parametrize("billing", [True, False])
@pytest.mark.parametrize("seed", range(25))
def test_two_types(seed: int, billing: bool, with_function: bool) -> None:
    """With two types cost and bound hold the best of all schedules between them."""
    case = random_case(seed, 2, billing=billing, with_function=with_function)
    check_proven(case)


@pytest.mark.parametrize("steps", [1, 2])
@pytest.mark.parametrize("seed", range(12))
def test_windows_bound_from_below(seed: int, steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same with windows of a step or two, which are never the whole horizon at first."""
    monkeypatch.setattr("serflow_opt.traffic.schedule.model.STEPS", steps)
    case = random_case(100 + seed, 2, billing=bool(seed % 2), with_function=seed % 3 > 0)
    bounds = check_proven(case)
    assert max(bounds) <= optimum(case) * (1 + 1e-7) + 1e-7


def check_proven(case: dict[str, Any]) -> list[float]:
    """The schedule is optimal within the gap, and no bound is above the optimum; return the bounds on the way."""
    bounds: list[Progress] = []
    found = schedule(case["service"], case["trace"], step_s=case["step_s"], gap=1e-6, on_progress=bounds.append)
    truth = optimum(case)
    check_value(case, found)
    assert found.bound <= truth * (1 + 1e-7) + 1e-7
    assert found.usd >= truth * (1 - 1e-9) - 1e-9
    assert found.usd <= truth * (1 + 1.1e-6) + 1e-7
    assert found.status == "optimal"
    return [progress.bound for progress in bounds] or [0.0]


@pytest.mark.parametrize("seed", range(20))
def test_gap_is_honest_at_once(seed: int) -> None:
    """Without time for the model, value and bound still hold the optimum between them."""
    case = random_case(200 + seed, 2, billing=bool(seed % 2), with_function=bool(seed % 4))
    found = schedule(case["service"], case["trace"], step_s=case["step_s"], gap=0.0, time_limit=0.0)
    truth = optimum(case)
    check_value(case, found)
    assert found.bound <= truth * (1 + 1e-9) + 1e-9
    assert found.usd >= truth * (1 - 1e-9) - 1e-9


def test_progress_rises_to_the_end() -> None:
    """Bounds rise and costs fall, both to those of the result."""
    seen: list[Progress] = []
    big, small = machine("big", 5.0, 10.0, start_s=2.0), machine("small", 1.5, 2.0)
    found = schedule(service(big, small), trace(10, 12, 13, 10, 3, 7), step_s=1, gap=1e-9, on_progress=seen.append)
    costs = [moment.incumbent for moment in seen if moment.incumbent is not None]
    assert costs == sorted(costs, reverse=True)
    assert [moment.bound for moment in seen] == sorted(moment.bound for moment in seen)
    assert seen[-1].incumbent == pytest.approx(found.usd)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"step_s": 0.0}, "step_s: 0.0; write seconds, more than 0"),
        ({"utilisation_cap": 1.5}, "utilisation_cap: 1.5"),
        ({"gap": -1.0}, "gap: -1.0"),
        ({"time_limit": -1.0}, "time_limit: -1.0"),
    ],
)
def test_parameters_without_sense(given: dict[str, float], message: str) -> None:
    """Parameters out of range are refused by name, with what to write."""
    with pytest.raises(InputError, match=message):
        schedule(service(machine()), trace(1), **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("start_s", "step_s", "usd"),
    [(100.0, 300.0, 16.6712), (100.0, 60.0, 16.5172), (0.0, 300.0, 16.3311), (0.0, 60.0, 15.7644), (0.0, 1.0, 11.6613)],
)
def test_wits(start_s: float, step_s: float, usd: float) -> None:
    """A VM at 0.1 USD/h with 16 workers at 1 s; a function of 512 MB, 1 s. Figures of a separate script."""
    path = DATA / "traces" / "wits_per_second.csv"
    if not path.exists():
        pytest.skip(f"{path.name} is not here (set SERFLOW_OPT_DATA)")
    vm = Machine("vm", 0.1 / 3600, 16, (1.0, 1.0), start_s=start_s)
    libra = Service(
        "libra",
        (Block(0, 0, (vm,), Function("f", (1.0, 1.0), usd_per_s=0.5 * 1.667e-5, usd_per_request=2e-7)),),
        (1.0,),
        (0.9,),
    )
    found = schedule(libra, read_trace(path), step_s=step_s)
    assert found.usd == pytest.approx(usd, abs=5e-5)
    assert found.bound == pytest.approx(found.usd, rel=1e-9)


def test_types_of_one_price_are_one() -> None:
    """A second size of a type changes nothing when two small ones are as good."""
    alone = schedule(service(machine("a", 1.0, 2.0)), trace(3, 7, 5), step_s=1)
    both = schedule(service(machine("b", 2.0, 4.0), machine("a", 1.0, 2.0)), trace(3, 7, 5), step_s=1)
    assert dataclasses.replace(both.blocks[0], dropped={}, method="") == dataclasses.replace(
        alone.blocks[0], dropped={}, method=""
    )
