"""Numbers of machines that are ruled out never do, at any thresholds."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from oracles.batch_enumeration import drawn
from support.helpers import load

from serflow_opt.formulations.coefficients import Data
from serflow_opt.traffic.batches.by_count import LeastCounts, _beyond, _maximal
from serflow_opt.traffic.batches.lines import ReachLines
from serflow_opt.traffic.batches.structures import BatchStructures
from serflow_opt.traffic.batches.value import Valuing
from serflow_opt.traffic.carrying import Carrying
from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.provision.promise import Promise
from serflow_opt.traffic.provision.service_of import service_of


@pytest.mark.parametrize(("slow", "fast"), [(3.0, 8.0), (5.0, 5.0), (8.0, 3.0)])
def test_sums_of_two_waits(slow: float, fast: float) -> None:
    """P(W + V > t), each 0 or exponential, by quadrature of the convolution."""
    a, b, t = 0.3, 0.6, 0.4
    x = np.linspace(0.0, t, 20_001)
    inside = np.trapezoid(a * slow * np.exp(-slow * x) * b * np.exp(-fast * (t - x)), x)
    exact = (1 - a) * b * math.exp(-fast * t) + a * math.exp(-slow * t) + inside
    found = _beyond([(np.array(a), np.array(slow)), (np.array(b), np.array(fast))], np.array(t))
    assert float(found.max()) == pytest.approx(exact, rel=1e-7)


def test_more_machines_than_these_do_not_fit() -> None:
    """Numbers to which none can be added."""
    assert set(_maximal({(1, 1), (1, 2), (2, 1), (3, 1)})) == {(1, 2), (3, 1)}


@pytest.mark.parametrize("seed", [4, 8, 10, 18])
def test_what_does_is_left(seed: int, tmp_path: Path) -> None:
    """The cheapest machines of any thresholds cost no less than what is left, whose levels have these thresholds."""
    document = drawn(seed).document
    document["tier"], document["link"] = document["tier"][:1], []
    instance = load(document, tmp_path)
    rate = instance.rate_per_s
    assert rate is not None
    structures, data = BatchStructures(instance, 2), Data(instance)
    carrying = Carrying("random", instance.utilisation_cap)
    promise = Promise(structures, Rates.steady(rate), carrying)
    valuing = Valuing(structures, promise, rate, carrying, None)
    lines = ReachLines(structures, data, rate, "random")
    limits: Any = SimpleNamespace(structures=structures, promise=promise, carrying=carrying, rate=rate)
    met = 0
    for way in structures.ways():
        for structure in itertools.islice(itertools.product(*way.blocks), 6):
            costs = {}
            for levels in itertools.product(*(range(len(menu.exit_rates)) for menu in instance.menus)):
                valued = valuing.value(structure, service_of(structures, structure, levels))
                if valued is not None:
                    costs[levels] = valued.usd_per_s
            most = 1.01 * min(costs.values(), default=1e-3)
            longest = tuple(replace(c, batch_wait_s=1.5 * c.batch_wait_s) for c in structure)
            for one in (structure, longest):  # longer waits leave less work
                least = LeastCounts(limits, lines, data, one, structure)
                left = least.left(most)
                if left is None:
                    assert not costs
                    continue
                assert left.usd <= min(costs.values(), default=math.inf) * (1 + 1e-9)
                keys = least.narrowed(left)
                for levels, usd in costs.items():
                    kept = {(s, data.menu[s][k].position) for s, k in keys}
                    assert usd >= most or set(enumerate(levels, start=1)) <= kept
                    met += usd < most
    assert met
