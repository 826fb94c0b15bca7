"""Small placements whose thresholds are mixed, and the least they cost, by linear programs."""

from __future__ import annotations

from itertools import product

import numpy as np
from scipy.optimize import linprog

from serflow_opt.search.envelope import Envelope
from serflow_opt.search.lagrangian import LinearCost, StageExits
from serflow_opt.search.rented.curves import Loads

FLOOR = 0.8


def drawn(seed: int) -> Loads:
    """A few placements of three stages, with menus that are no envelopes."""
    rng = np.random.default_rng(seed)
    menus = []
    for _ in range(2):
        rate = np.sort(rng.uniform(0.05, 0.95, int(rng.integers(3, 6))))[::-1]
        menus.append([Envelope.of(rate, rate * rng.uniform(0.6, 0.95, len(rate)))])
    menus.append([Envelope.of(np.ones(1), np.array([0.95]))])
    count, exits = 4, StageExits(menus)
    x, y = (LinearCost(np.zeros(count), rng.uniform(0, 1, (count, 3))) for _ in range(2))
    return Loads(exits, exits, FLOOR, x, y, np.arange(count))


def least(loads: Loads, n: int, most: float, *, neighbours: bool) -> float:
    """The least y of a placement within a load; infinite where there is none."""
    menus = [own[0] for own in loads.exits.menus]
    ranges = [
        [range(k, min(k + 2, len(menu.rate))) for k in range(max(len(menu.rate) - 1, 1))]
        if neighbours
        else [range(len(menu.rate))]
        for menu in menus
    ]
    return min(_program(loads, n, most, box) for box in product(*ranges))


def _program(loads: Loads, n: int, most: float, box: tuple[range, ...]) -> float:
    """The least y with some thresholds of each stage."""
    menus = [own[0] for own in loads.exits.menus]
    index = [(s, k) for s, some in enumerate(box) for k in some]
    flow = np.zeros((len(menus), len(index)))
    for j, (s, k) in enumerate(index):
        flow[s, j] = 1.0
        if s + 1 < len(menus):
            flow[s + 1, j] = menus[s].rate[k] - 1
    rows = [[loads.x.weight[n, s] for s, _ in index], [-menus[s].mass[k] for s, k in index]]
    start = np.eye(len(menus))[0]
    cost = [loads.y.weight[n, s] for s, _ in index]
    found = linprog(cost, A_ub=rows, b_ub=[most, -FLOOR], A_eq=flow, b_eq=start, method="highs-ds")
    return float(found.fun) if found.status == 0 else np.inf
