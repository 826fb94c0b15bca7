"""Cost indifference points: closed forms, their papers' figures, and the deployments that flip there."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import tiny

from serflow_opt import Instance
from serflow_opt.problem.network import Stage
from serflow_opt.problem.offers import Link, Option
from serflow_opt.traffic.provision.indifference import machines_for, s_cip, t_cip
from serflow_opt.traffic.provision.result import Deployment
from serflow_opt.traffic.provision.solve import provision

# ----------------------------------------------------------------------------------------------------
# T-CIP

LIBRA_RENT = 0.1 / 3600
"""USD per second of LIBRA's VM, which serves 16 requests a second."""
LIBRA_CALL = 0.5 * 0.00001667 + 2e-7
"""USD of a second on 512 MB, and the fee."""
LIBRA_POINT = 3.2546


def libra(**changes: Any) -> Instance:
    """One stage of a second: 16 at once on the VM, or on the function."""
    instance = tiny.two_stages(
        stages=(Stage(1.0, 1.0, 0.0),),
        menus=(tiny.LAST,),
        options=(
            Option("vm", 0, (1.0,), usd_per_s=LIBRA_RENT / 16, workers=16),
            Option("512 MB", 1, (1.0,), usd_per_s=0.5 * 0.00001667, usd_per_request=2e-7),
        ),
        links={},
        ways=(),
        utilisation_cap=1.0,
    )
    return dataclasses.replace(instance, **changes)


def test_rent_is_of_the_whole_machine() -> None:
    """Rent is by machine, not by worker: each price below rests on that."""
    assert libra().options[0].rent_per_s == pytest.approx(LIBRA_RENT, rel=1e-12)


def test_libra_point() -> None:
    """0.1 USD/h over 8.535e-6 USD a request."""
    assert pytest.approx(8.535e-6, rel=1e-12) == LIBRA_CALL
    assert t_cip(LIBRA_RENT, LIBRA_CALL) == pytest.approx(LIBRA_POINT, abs=5e-5)


@pytest.mark.parametrize("full", [0, 1, 2, 7])
@pytest.mark.parametrize(("above", "more"), [(LIBRA_POINT - 1e-3, 0), (LIBRA_POINT + 1e-3, 1), (0.01, 0), (15.9, 1)])
def test_the_count_flips_at_the_t_cip(full: int, above: float, more: int) -> None:
    """On either side of LIBRA's point of indifference formula and search rent as many machines."""
    rate = 16 * full + above
    assert machines_for(rate, LIBRA_RENT, 16.0, LIBRA_CALL) == full + more
    found = provision(libra(), rate, arrivals="smooth", gap=1e-7)
    assert found.counts == (full + more,)
    spilled = 0.0 if more else above
    assert found.parts[0].spilled == pytest.approx(spilled, abs=1e-9)
    assert found.usd_per_s == pytest.approx((full + more) * LIBRA_RENT + spilled * LIBRA_CALL, rel=1e-9)
    if full + more and found.parts[0].function:
        assert found.parts[0].t_cip == pytest.approx(LIBRA_POINT, abs=5e-5)


@pytest.mark.parametrize("cap", [0.25, 0.5, 0.8])
def test_the_cap_makes_machines_smaller_not_the_point(cap: float) -> None:
    """A machine takes 16 η a second; at a T-CIP of 3.25 it pays from η = 0.2034 on."""
    for above, more in ((LIBRA_POINT - 1e-3, 0), (LIBRA_POINT + 1e-3, 1)):
        rate = 2 * 16 * cap + above
        assert machines_for(rate, LIBRA_RENT, 16 * cap, LIBRA_CALL) == 2 + more
        assert provision(libra(utilisation_cap=cap), rate, arrivals="smooth", gap=1e-7).counts == (2 + more,)
    assert machines_for(100.0, LIBRA_RENT, 16 * 0.2, LIBRA_CALL) == 0
    assert provision(libra(utilisation_cap=0.2), 100.0, arrivals="smooth").counts == (0,)


@pytest.mark.parametrize("full", [0, 1, 3])
def test_the_point_is_of_requests_that_enter_the_block(full: int) -> None:
    """`tiny.two_stages` at a cap of 1: a machine takes 0.5/s, a request is 1.5 USD, the T-CIP 1/3 a second."""
    links = {("client", name): tiny.INPUT for name in ("vm", "fn")} | {("vm", "fn"): tiny.HAND_OVER}
    instance = tiny.two_stages(utilisation_cap=1.0, links=links)
    for above, more in ((0.333, 0), (0.334, 1)):
        rate = 0.5 * full + above
        assert machines_for(rate, 0.5, 0.5, 1.5) == full + more
        assert provision(instance, rate, blocks=1, arrivals="smooth", gap=1e-7).counts == (full + more,)


def test_extremes() -> None:
    """Where functions cost nothing no machine pays, without requests neither, and full ones leave nothing."""
    assert t_cip(1.0, 0.0) == math.inf
    assert machines_for(5.0, 1.0, 2.0, 0.0) == 0
    assert machines_for(0.0, 1.0, 2.0, 10.0) == 0
    assert machines_for(6.0, 1.0, 2.0, 10.0) == 3  # full ones, nothing left


@given(st.floats(0.01, 200.0), st.floats(0.01, 10.0), st.floats(0.1, 20.0), st.floats(0.01, 10.0))
def test_machines_for_are_the_cheapest(rate: float, rent: float, machine_rate: float, usd: float) -> None:
    """The formula's count is the cheapest of all counts, tried one by one."""

    def cost(count: int) -> float:
        return count * rent + max(0.0, rate - count * machine_rate) * usd

    best = min(cost(count) for count in range(math.ceil(rate / machine_rate) + 2))
    assert cost(machines_for(rate, rent, machine_rate, usd)) == pytest.approx(best, rel=1e-9)


# ----------------------------------------------------------------------------------------------------
# S-CIP

LARGE, XLARGE = 0.085 / 3600, 0.17 / 3600
"""USD per second of c6i.large and c6i.xlarge."""
FUNCTION = 8845 / 1024 * 0.0000166667
"""USD per second of a function of 8,845 MB."""


def saving(busy: float) -> float:
    """Share saved against c6i.xlarge by c6i.large and so many busy functions (survey 3.3.2)."""
    return 1 - (LARGE + busy * FUNCTION) / XLARGE


def test_survey_figures() -> None:
    """Savings and the point of indifference printed in the survey come out of its formula."""
    assert saving(0.0) == pytest.approx(0.5, abs=1e-12)
    assert saving(0.1476) == pytest.approx(0.05, abs=1e-4)
    assert saving(0.1640) == pytest.approx(0.0, abs=1e-4)
    indifferent = (XLARGE - LARGE) / FUNCTION
    assert indifferent == pytest.approx(0.1640, abs=5e-5)


@pytest.mark.parametrize("rate", [0.2, 1.0, 1.5])
@pytest.mark.parametrize("deep", [0.5, 1.0])
def test_survey_point(rate: float, deep: float) -> None:
    """Where one big machine is enough, ρ* = (c_big - c_small) / (r_max c^F): λ ρ* t busy functions are 0.1640."""
    point = s_cip(LARGE, FUNCTION * deep, rate, XLARGE, shallow=0.1, deep=deep / 3, room=1.0)
    expected = (XLARGE - LARGE) / (rate * deep * FUNCTION)
    assert point == pytest.approx(min(1.0, expected), rel=1e-9)
    assert min(1.0, expected) * rate * deep == pytest.approx(min(rate * deep, 0.1640), abs=5e-5)


def survey(deep_share: float) -> Instance:
    """A small VM with room for stage 1 only, a big one for both, a function for which stage 1 takes too long.

    Stage 1 takes 0.2 s on VMs, stage 2 0.5 s on the big one and 1 s on the function.
    """
    return tiny.two_stages(
        stages=(Stage(1.0, 4.0, 2.0), Stage(2.0, 1.0, 20.0)),
        menus=(tiny.menu((1 - deep_share,), (0.8,)), tiny.LAST),
        options=(
            Option("small", 0, (0.2, 0.5), usd_per_s=LARGE, memory_bytes=10.0),
            Option("big", 0, (0.2, 0.5), usd_per_s=XLARGE),
            Option("fn", 1, (50.0, 1.0), usd_per_s=FUNCTION),
        ),
        links={("vm", "fn"): Link(math.inf, 0.0, 0.0)},
        utilisation_cap=0.8,
    )


def shape(found: Deployment) -> list[tuple[str | None, int]]:
    """(machine, count) of each block."""
    return [(part.machine, part.count) for part in found.parts]


@pytest.mark.parametrize(("deep_share", "small"), [(0.05, True), (0.163, True), (0.165, False), (0.5, False)])
def test_the_deployment_flips_at_the_s_cip(deep_share: float, small: bool) -> None:
    """At 1/s one machine is enough either way: 0.2 + 0.5 ρ <= 0.8."""
    point = s_cip(LARGE, FUNCTION, 1.0, XLARGE, 0.2, 0.5, 0.8)
    assert point == pytest.approx(0.1640, abs=5e-5)
    assert (deep_share < point) == small
    found = provision(survey(deep_share), 1.0, arrivals="smooth", wait_max=0.99, gap=1e-7)
    assert found.status == "optimal"
    if small:
        assert shape(found) == [("small", 1), (None, 0)]
        assert found.parts[1].function == "fn"
        assert found.usd_per_s == pytest.approx(LARGE + deep_share * FUNCTION, rel=1e-9)
        assert 1 - found.usd_per_s / XLARGE == pytest.approx(saving(deep_share), rel=1e-9)
        assert found.parts[1].s_cip == pytest.approx(point, abs=2e-4)
    else:
        assert shape(found) == [("big", 1)]
        assert found.usd_per_s == pytest.approx(XLARGE, rel=1e-9)


def test_machines_come_whole() -> None:
    """At 6/s two small machines run stage 1, and two big ones both: 6 (0.2 + 0.5 ρ) <= 0.8 x 2 up to ρ = 0.133.

    2 c_big = 2 c_small + 6 ρ c^F at ρ = 0.0547.
    """
    point = s_cip(2 * LARGE, FUNCTION, 6.0, XLARGE, 0.2, 0.5, 0.8)
    assert point == pytest.approx(2 * (XLARGE - LARGE) / (6 * FUNCTION), rel=1e-9)
    assert point == pytest.approx(0.0547, abs=5e-5)
    for share, small in ((point - 1e-3, True), (point + 1e-3, False)):
        found = provision(survey(share), 6.0, arrivals="smooth", wait_max=0.99, gap=1e-7)
        assert found.usd_per_s == pytest.approx(2 * LARGE + 6 * share * FUNCTION if small else 2 * XLARGE, rel=1e-9)
        assert (found.parts[-1].count == 0) == small


def test_big_machines_may_never_catch_up() -> None:
    """At 6/s each 0.267 of reach needs another big machine, at 1.2; the function asks 6 x 0.267 x 0.45 = 0.72."""
    assert s_cip(2.0, 1.0, 6.0, 1.2, 0.2, 0.5, 0.8) == pytest.approx((2.4 - 2.0) / 6, rel=1e-9)
    assert s_cip(2.0, 0.6, 6.0, 1.2, 0.2, 0.5, 0.8) == pytest.approx((2.4 - 2.0) / 3.6, rel=1e-9)
    assert s_cip(2.0, 0.45, 6.0, 1.2, 0.2, 0.5, 0.8) == 1.0
    assert s_cip(2.5, 0.45, 6.0, 1.2, 0.2, 0.5, 0.8) == 0.0


@given(st.floats(0.1, 20.0), st.floats(0.05, 2.0), st.floats(0.01, 2.0), st.floats(0.01, 2.0), st.floats(0.05, 2.0))
def test_s_cip_is_the_first_reach_where_big_machines_are_not_dearer(
    rate: float, usd: float, big_rent: float, deep: float, shallow: float
) -> None:
    """Up to the point the function saves money at every reach tried, and just beyond it does not."""
    room = 0.8
    small = 0.6 * big_rent * math.ceil(rate * shallow / room)

    def gain(reach: float) -> float:
        """What the function saves, USD per second."""
        count = math.ceil(rate * (shallow + reach * deep) / room * (1 - 1e-9))
        return count * big_rent - small - rate * reach * usd

    point = s_cip(small, usd, rate, big_rent, shallow, deep, room)
    assert 0 <= point <= 1
    assert all(gain(point * k / 50) >= -1e-9 for k in range(50))
    if point < 1:
        assert gain(min(1.0, point * (1 + 1e-7) + 1e-12)) <= 1e-6 * (1 + rate * usd) or gain(point) <= 1e-9
