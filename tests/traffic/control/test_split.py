"""Which service a controller gets, and how its blocks share the slack: by arithmetic."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

import serflow_opt as so
from serflow_opt.traffic.control.named_policies import Services, Unfit
from serflow_opt.traffic.control.slack import MARGIN, TAIL, slack_of
from serflow_opt.traffic.control.split import TraceRates, cheapest, late_cold, late_for_cold, split, usd_per_s
from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.service import Block, Function, Machine, Service

FIRST = Machine("first", 1e-5, 2, (0.1, 0.1), sends=False, start_s=30.0)
SECOND = replace(FIRST, name="second", seconds=(0.2, 0.2))
CALL = Function("call", (0.2, 0.2), usd_per_s=1e-4, usd_per_request=1e-7)
RATES = Rates(np.array([1.0, 4.0]), np.array([0.5, 0.5]))


def two(first: Function | None = CALL, second: Function | None = CALL, waits: tuple[float, ...] = ()) -> Service:
    """Half leave after 0.1 s, half after 0.2 s more; 1 s is the target."""
    blocks = Block(0, 0, (FIRST,), first), Block(1, 1, (SECOND,), second)
    return Service("two", blocks, (0.5, 0.5), (math.nan, math.nan), 1.0, waits=waits)


@pytest.mark.parametrize(
    ("waits", "shares"), [((), (0.5, 0.5)), ((1.0, 1.0), (0.5, 0.5)), ((1.0, 0.0), (1, 0)), ((1.0, 3.0), (0.25, 0.75))]
)
def test_blocks_have_their_parts_of_the_slack(waits: tuple[float, ...], shares: tuple[float, float]) -> None:
    """Who goes on has 1 s less 0.2 s of the slower pool of the other block, less the machine's own time."""
    own = two(waits=waits)
    slack = [slack_of(own, b, block.machines[0]) for b, block in enumerate(own.blocks)]
    assert slack[0].seconds == pytest.approx([0.9, 0.7 * shares[0]])
    assert slack[1].seconds == pytest.approx([0.6 * shares[1]])
    assert slack[0].allowed == pytest.approx(MARGIN * TAIL * shares[0])
    assert slack[1].allowed == pytest.approx(MARGIN * TAIL * shares[1] / 0.5)
    assert shares[1] > 0 or slack[1].room(10, 100.0) == 0


def test_functions_alone_are_paid_by_call() -> None:
    """Both blocks cost 1e-7 + 0.2 s x 1e-4 a request: 1.5 times that, at 2.5 requests/s on average."""
    own = two()
    dear = replace(own, blocks=tuple(replace(b, machines=(replace(FIRST, usd_per_s=1.0),)) for b in own.blocks))
    assert usd_per_s(dear, RATES, math.inf) == pytest.approx(1.5 * 2.5 * (1e-7 + 0.2e-4))


def test_until_machines_are_there_functions_serve() -> None:
    """A machine that takes no time carries all; of 900 s it is not there for the first look and its start, 60 + 30."""
    machine = replace(FIRST, seconds=(0.0, 0.0))
    own = Service("one", (Block(0, 0, (machine,), CALL),), (1.0,), (math.nan,), 1.0)
    called = 2.5 * (1e-7 + 0.2e-4)
    assert usd_per_s(own, RATES, 900.0) == pytest.approx(0.1 * called + 0.9 * 1e-5)
    alone = replace(own, blocks=(replace(own.blocks[0], function=None),))
    assert usd_per_s(alone, RATES, 900.0) == pytest.approx(1e-5)


def test_the_split_costs_no_more_than_equal_parts_and_any_other() -> None:
    """The split chosen is at least as cheap as equal parts and as giving all to one block."""
    busy = Rates.steady(8.0)
    best = usd_per_s(split(two(), busy), busy, math.inf)
    for waits in ((), (1.0, 0.0), (0.0, 1.0)):
        assert best <= usd_per_s(two(waits=waits), busy, math.inf) * (1 + 1e-12)


@pytest.mark.parametrize(
    ("first", "second", "may"), [(None, CALL, [(), (1.0, 0.0)]), (None, None, [(), (1.0, 1.0)]), (CALL, None, None)]
)
def test_who_has_no_function_may_wait(
    first: Function | None, second: Function | None, may: list[tuple[float, ...]] | None
) -> None:
    """Slack goes to blocks whose requests have no function to go to."""
    assert split(two(first, second), RATES).waits in (may or [(), (0.0, 1.0)])


def test_a_cut_has_to_save_something() -> None:
    """The same on two blocks as on one, a little cheaper: 1 % is not enough, 3 % is."""
    one = Service("one", (Block(0, 0, (), CALL),), (1.0,), (math.nan,), 1.0)

    def cut(saves: float) -> Service:
        parts = [replace(CALL, usd_per_request=0.0, usd_per_s=5e-5 + 0.25e-6) for _ in range(2)]
        parts = [replace(part, usd_per_s=part.usd_per_s * (1 - saves)) for part in parts]
        return Service(
            "two", (Block(0, 0, (), parts[0]), Block(1, 1, (), parts[1])), (0.0, 1.0), (math.nan, math.nan), 1.0
        )

    assert usd_per_s(cut(0.0), RATES, math.inf) == pytest.approx(usd_per_s(one, RATES, math.inf))
    assert len(cheapest([one, cut(0.01)], TraceRates(RATES, RATES, 1e6)).blocks) == 1
    assert len(cheapest([one, cut(0.03)], TraceRates(RATES, RATES, 1e6)).blocks) == 2


def test_a_cut_may_not_make_more_late_than_may_be() -> None:
    """4 calls/s of 0.25 s find 1, 1/2, 1/5, 1/16 .. of n environments busy: each has a first call, which is late.

    In 100 s, all kept warm, these are Σ 1 - exp(-100 o_n) of 400; half of the price with twice as many late is taken
    where so many may be.
    """
    slow = replace(CALL, seconds=(0.25, 0.25), cold_start_s=0.9)
    one = Service("one", (Block(0, 0, (), slow),), (1.0,), (math.nan,), 1.0)
    half = replace(slow, usd_per_s=2.5e-5, usd_per_request=0.0)
    blocks = Block(0, 0, (), half), Block(1, 1, (), half)
    cut, rates, busy = Service("two", blocks, (0.0, 1.0), (math.nan,) * 2, 1.0), Rates.steady(4.0), 1.0
    late = 0.0
    for n in range(1, 30):
        now = busy / (n + busy)
        late, busy = late + 1 - math.exp(-100 * 4 * (busy - now)), now
    assert late_cold(one, rates, 100.0) == pytest.approx(late / 400, rel=1e-6)
    assert late_cold(cut, rates, 100.0) == pytest.approx(2 * late / 400, rel=1e-6)

    def taken(late: float) -> int:
        both = [replace(own, quantile=1 - late) for own in (one, cut)]
        return len(cheapest(both, TraceRates(rates, rates, 100.0)).blocks)

    assert [taken(part * late / 400) for part in (0.9, 1.1, 1.9, 2.1)] == [1, 1, 1, 2]


def test_machines_leave_functions_few_calls_to_be_cold() -> None:
    """A machine that takes no time carries all once it is there: of 900 s the function has 90, and is warm for 300."""
    machine, slow = replace(FIRST, seconds=(0.0, 0.0)), replace(CALL, cold_start_s=0.9)
    own = Service("one", (Block(0, 0, (machine,), slow),), (1.0,), (math.nan,), 1.0)
    alone = replace(own, blocks=(replace(own.blocks[0], machines=()),))
    assert late_cold(own, RATES, 900.0) * 900 == pytest.approx(late_cold(alone, RATES, 90.0) * 90)
    assert late_cold(replace(own, slo_s=None), RATES, 900.0) == 0.0


def test_a_short_trace_is_drawn_where_that_is_near_what_may_be() -> None:
    """Eight calls of 5 s in one second are cold, all of them, and late; taken for random ones fewer would be.

    It is drawn where what the formula says is within three times what may be, half here.
    """
    slow = replace(CALL, seconds=(5.0, 5.0), cold_start_s=0.9)
    own = Service("one", (Block(0, 0, (), slow),), (1.0,), (math.nan,), 5.5, 0.5)
    rates = TraceRates.of(Trace.of([8, *[0] * 100]), 60.0)
    formula = late_cold(own, rates.at_once, rates.seconds)
    assert 0.5 / 3 < formula < 1
    assert late_for_cold(own, rates) == (1.0, 1.0)
    assert late_for_cold(own, replace(rates, trace=None)) == (formula, formula)
    assert late_for_cold(replace(own, quantile=0.99), rates) == (formula, formula)


def test_controllers_have_functions_wherever_these_keep_the_targets() -> None:
    """Machines take their time to start: a block that has no function is late meanwhile."""
    trace = Trace.of([120] * 5, 60.0)
    found = Services(so.load("libra"), trace, 2)
    alone, both = two(None), two()
    none = Unfit("", "none", True)
    found._known = {("both", 1, "named"): none, ("both", 2, "named"): both, ("any", 2, "named"): alone}
    assert found.of("controller") is both
    found._known["both", 2, "named"] = none
    assert found.of("controller") is alone


def test_calls_at_once_are_told_by_the_second() -> None:
    """Four seconds with 0, 8, 0, 4 requests: planned for 3/s, called at once 0, 4 and 8 a second."""
    rates = TraceRates.of(Trace.of([0, 8, 0, 4]), 60.0)
    assert (rates.planned.rates.tolist(), rates.seconds) == ([3.0], 4.0)
    assert rates.at_once.rates.tolist() == [0.0, 4.0, 8.0]
    assert rates.at_once.shares.tolist() == [0.5, 0.25, 0.25]
