"""What machines take, by hand: work in blocks, loads at the cap and under a limit on who waits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.provision_by_head import CALLS, MACHINES, pricing, structure_of, whole

from serflow_opt import InputError
from serflow_opt.traffic.demand.rates import Rates


def test_work_is_between_the_most_and_the_fewest_who_leave() -> None:
    """1 s and 2 s of those who stay: half leave, 2 s; a quarter leaves, 2.5 s.

    An accuracy of 0.9 asks for a mix of 0.88 and 0.945 at least: 4/13 on the way from one to the other.
    """
    for floor, part in ((None, 0.0), (0.9, 4 / 13)):
        priced = pricing(whole(accuracy_min=floor))
        (block,) = structure_of(priced, ((0, 1), MACHINES))
        assert priced.least_work(block) == pytest.approx(2.0 + 0.5 * part, rel=1e-6)
        assert priced.most_work(block) == pytest.approx(2.5)
        assert priced.most_load(block) == pytest.approx(5.0)
        assert priced.least_reach(2) == pytest.approx(0.5 + 0.25 * part, rel=1e-6)


def test_handing_over_holds_a_worker() -> None:
    """Stage 1 takes 1 s of all, and 0.5 s of hand-over of those who go on; its square is 1 and 1.5² - 1 more."""
    priced = pricing(whole(), blocks=2)
    first, second = structure_of(priced, ((0, 0), MACHINES), ((1, 1), CALLS))
    assert priced.busy(first).tolist() == [1.0, 0.5]
    assert priced.squares(first).tolist() == [1.0, 1.25]
    assert priced.busy(second).tolist() == [0.0, 0.0]
    assert priced.machine_times(second) == {}


def test_what_so_many_machines_take() -> None:
    """At a cap of 0.8 three machines of two workers take 4.8; so few may wait that it is less: C(6, a) = 0.01."""
    instance = whole(utilisation_cap=0.8)
    v, f = instance.options
    priced = pricing(replace(instance, options=(replace(v, workers=2), f)), arrivals="smooth")
    (block,) = structure_of(priced, ((0, 1), MACHINES))
    assert priced.takes(block, 3, None) == pytest.approx(4.8)
    sizes = priced.sizes(block)
    assert sizes is not None
    assert sizes[-1] >= priced.most_load(block)
    assert sizes[-2] < priced.most_load(block)
    few = pricing(replace(instance, options=(replace(v, workers=2), f)), wait_max=0.01)
    load = few.takes(block, 3, None)

    def waiting(a: float) -> float:
        weights = np.cumprod([1.0, *(a / n for n in range(1, 7))])
        full = weights[-1] * 6 / (6 - a)
        return float(full / (full + weights[:-1].sum()))

    assert waiting(load) == pytest.approx(0.01, rel=1e-4)


@pytest.mark.parametrize("measure", ["mean", "p95", "worst"])
@pytest.mark.parametrize("slo_s", [2.6, 3.5, 9.0])
def test_the_fewest_are_the_first_that_take_the_least_work(measure: str, slo_s: float) -> None:
    """Told one by one as by what all numbers take: the more in a hurry people are, the more machines."""
    found = []
    for rate in (0.3, 2.0, 7.0):
        priced = pricing(whole(latency_slo_s=slo_s, latency_measure=measure), rate)
        (block,) = structure_of(priced, ((0, 1), MACHINES))
        sizes = priced.sizes(block) or ()
        enough = [n for n, load in enumerate(sizes) if load >= rate * priced.least_work(block) * (1 - 1e-9)]
        assert priced.fewest(block) == min(enough, default=np.inf)
        assert priced.least(block) == (0.5 * enough[0] if enough else np.inf)
        found.append(priced.fewest(block))
    assert found == sorted(found)


def test_more_machines_than_can_be_priced_are_refused() -> None:
    """At ten million requests a second two stages keep 25 million machines busy: the cure is to scale it down."""
    priced = pricing(whole(), Rates.steady(1e7))
    (block,) = structure_of(priced, ((0, 1), MACHINES))
    with pytest.raises(InputError, match="scale the demand down"):
        priced.sizes(block)
    few, fn = whole().tiers
    few = replace(few, scaling=replace(few.scaling, machines_max=3))
    assert pricing(whole(tiers=(few, fn)), Rates.steady(1e7)).checked(block, 10**8) == 3


def test_fewer_levels_leave_less_to_choose() -> None:
    """Only a quarter may leave: the least work is the most."""
    priced = pricing(whole())
    (block,) = structure_of(priced, ((0, 1), MACHINES))
    keys = [(s, level) for s in priced.data.stages for level in priced.data.levels[s]]
    quarter = [(s, level) for s, level in keys if s == 2 or priced.data.exit_rate(s, level) == 0.25]
    other = priced.among(priced.data.among(quarter))
    assert other.least_work(block) == pytest.approx(2.5, rel=1e-6)
    assert priced.least_work(block) == pytest.approx(2.0, rel=1e-6)
