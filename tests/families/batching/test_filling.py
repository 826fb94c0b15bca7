"""How full batches get: three derivations."""

from __future__ import annotations

import random

import numpy as np
import pytest
from oracles import batching as oracle

from serflow_opt.families.batching.evaluate import chances, mean_window
from serflow_opt.families.batching.filling import mean_window as mean_windows
from serflow_opt.families.batching.filling import shares_above
from serflow_opt.families.batching.problem import Application, Batching, Group


@pytest.mark.parametrize("seed", range(8))
def test_witness_search_and_oracle_know_how_full_batches_get(seed: int) -> None:
    """Three derivations: integrals over windows, over arrivals, and equations of the time that is left."""
    draw = random.Random(seed)
    count, most = draw.randint(1, 5), draw.randint(2, 20)
    timers = sorted(draw.choice([0.0, draw.uniform(0, 1), draw.uniform(0, 0.1)]) for _ in range(count))
    rates = [draw.uniform(0.1, 15) for _ in range(count)]
    apps = tuple(Application(f"a{n}", 2.0, rate) for n, rate in enumerate(rates))
    problem = Batching(apps, (), "random", "any", (1.0,))
    share = chances(problem, Group(tuple(range(count)), 0, 0, 0, tuple(timers)), most)
    above = shares_above(np.array(rates), np.array([timers]), most)[0]
    assert share == pytest.approx(list(above - np.append(above[1:], 0.0)), abs=1e-12)
    assert share == pytest.approx(list(oracle.law(timers, rates, most)), abs=1e-4)


@pytest.mark.parametrize("seed", range(5))
def test_the_mean_window_is_that_of_harmonybatch(seed: int) -> None:
    """T = T1 + η2 (1 - exp(-r1 (T2 - T1))) / r1, and it tells how many come: Wald's identity."""
    draw = random.Random(seed)
    timers = sorted(draw.uniform(0, 1) for _ in range(4))
    rates = [draw.uniform(0.1, 15) for _ in range(4)]
    apps = tuple(Application(f"a{n}", 2.0, rate) for n, rate in enumerate(rates))
    problem = Batching(apps, (), "random", "any", (1.0,))
    window = mean_window(problem, Group((0, 1, 2, 3), 0, 0, 0, tuple(timers)))
    two = oracle.equivalent(timers[:2], rates[:2])
    pair = Batching(apps[:2], (), "random", "any", (1.0,))
    assert mean_window(pair, Group((0, 1), 0, 0, 0, tuple(timers[:2]))) == pytest.approx(two, rel=1e-12)
    assert window == pytest.approx(mean_windows(np.array(rates), np.array([timers]))[0], rel=1e-12)
    above = shares_above(np.array(rates), np.array([timers]), 120)[0]
    assert above.sum() == pytest.approx(1 + sum(rates) * window, rel=1e-9)
