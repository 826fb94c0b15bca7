"""The search among tiers of volume: lines below what a run of tiers costs, and what comes of them."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from support.by_volume import FALLING, FREE, apart, by_volume

from serflow_opt.errors import InputError
from serflow_opt.formulations.coefficients import Data
from serflow_opt.formulations.volumes import TierLine
from serflow_opt.fronts.pareto import pareto
from serflow_opt.problem.egress import links_of
from serflow_opt.problem.tariffs import EgressTariff
from serflow_opt.search.best import search
from serflow_opt.search.outcome import SearchSettings
from serflow_opt.search.volume_tiers import TieredPrice, by_tiers

FALLS = TieredPrice("x", frozenset(), (TierLine(0, 1, 0.0, 3.0), TierLine(1, 2, 1.0, 2.0), TierLine(2, 4, 3.0, 1.0)))
RISES = TieredPrice("x", frozenset(), (TierLine(0, 1, 0.0, 0.0), TierLine(1, 2, -3.0, 3.0), TierLine(2, 4, 1.0, 1.0)))


def test_where_prices_fall_the_line_is_a_chord() -> None:
    """F(4) = 7 over 4 bytes; of the last two tiers, from min(1, 3) at 0 to 7 at 4; of one tier its own line."""
    whole, last_two, last = (FALLS.below(*run) for run in ((0, 2), (1, 2), (2, 2)))
    assert (whole.fixed, whole.slope) == (0.0, 1.75)
    assert (last_two.fixed, last_two.slope) == (1.0, 1.5)
    assert (last.fixed, last.slope) == (3.0, 1.0)
    assert FALLS.limits(1, 2) == []


def test_where_a_price_rises_the_sides_are_parted_by_volume() -> None:
    """What is free up to 1 byte is a part of its own; behind it the line begins at (1, 0)."""
    assert RISES.parted(0, 2, 1.5) == [(0, 0), (1, 2)]
    assert RISES.below(0, 2).slope == 0.0
    free, paid = RISES.below(0, 0), RISES.below(1, 2)
    assert (free.fixed, free.slope) == (0.0, 0.0)
    assert (paid.fixed + paid.slope, paid.slope) == pytest.approx((0.0, 5 / 3))  # to F(4) = 5
    assert [(limit.least, limit.most) for limit in RISES.limits(0, 0)] == [(0.0, 1.0)]
    assert [(limit.least, limit.most) for limit in RISES.limits(1, 2)] == [(1.0, math.inf)]


@pytest.mark.parametrize("price", [FALLS, RISES])
def test_runs_of_tiers_are_parted_until_lines_are_exact(price: TieredPrice) -> None:
    """The least of the lines of leaves whose limits let the bytes be is what is paid; the first line is below it."""
    leaves, runs = [], [(0, 2)]
    while runs:
        first, last = runs.pop()
        if first == last:
            leaves.append((first, last))
            continue
        runs += price.parted(first, last, 1.3)
    assert sorted(leaves) == [(0, 0), (1, 1), (2, 2)]
    for sent in np.linspace(0, 4, 33).tolist():
        usd = next(line.at(sent) for line in price.lines if sent <= line.high)
        assert price.paid(sent) == usd
        let = [run for run in leaves if all(own.least <= sent <= own.most for own in price.limits(*run))]
        assert min(price.below(*run).at(sent) for run in let) == pytest.approx(usd)
        assert price.below(0, 2).at(sent) <= usd + 1e-12


@pytest.mark.parametrize(
    ("tariff", "accuracy", "prices"),
    [
        (FALLING, 0.9, 1),  # three bytes are all that can be sent: the chord ends there
        (FALLING, 0.5, 3),  # two bytes are not on the chord
        (FREE, 0.5, 5),
    ],
)
def test_how_many_flat_prices_it_takes(tariff: EgressTariff, accuracy: float, prices: int) -> None:
    """One, where the first line tells the truth; else two more each time."""
    instance = apart(by_volume(tariff, accuracy_min=accuracy))
    found = by_tiers(instance, SearchSettings(), {"cost": 1.0}, search)
    assert found.decision is not None
    assert found.flat_prices <= prices
    assert found.bound <= found.value <= found.bound * (1 + 1e-6)


def test_a_limit_on_the_cost_counts_tiers() -> None:
    """2.375 USD is what half going on costs; a limit below that leaves nothing, one at it the plan."""
    instance = apart(by_volume(accuracy_min=0.5, minimize="latency"))
    least = dataclasses.replace(instance, cost_max_usd=2.375)
    found = by_tiers(least, SearchSettings(), {"latency": 1.0}, search)
    assert found.metrics is not None
    assert found.metrics.cost_usd_per_request == pytest.approx(2.375)
    assert by_tiers(
        dataclasses.replace(instance, cost_max_usd=2.37), SearchSettings(), {"latency": 1.0}, search
    ).infeasible


def test_fronts_count_tiers_and_flat_searches_refuse_them() -> None:
    """A front is made by single solves; coefficients at flat prices are refused, with what to write."""
    front = pareto(by_volume(accuracy_min=0.5), ("cost", "accuracy"))
    assert front.complete
    with pytest.raises(InputError, match="usd_per_gb instead"):
        Data(by_volume())
    with pytest.raises(InputError, match="does not cover"):
        pareto(by_volume(), ("cost", "accuracy"), method="labels")
    assert links_of(by_volume(), FALLING)
