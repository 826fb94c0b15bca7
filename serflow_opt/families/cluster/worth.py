"""What a core and a tenth of a GPU are worth on the servers of a plan: requests a second more, were they fluid.

The largest throughput of the opened servers, their cores and cards in one and cut into any parts: a linear programme,
whose multipliers tell what one more of each would serve. With two scarce resources two configurations are enough for
one network: that is where instances that are not all alike come from.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from serflow_opt.backend.linear import solve_linear
from serflow_opt.backend.matrix import Matrix
from serflow_opt.families.cluster.menu import menu_of
from serflow_opt.families.cluster.problem import Cluster, Plan


class _Fluid:
    """Columns are instances by row of the menu and type of servers, cards by layout, and the load; rows are added."""

    def __init__(self, problem: Cluster, opened: list[int]) -> None:
        self.problem, self.menu, self.opened = problem, menu_of(problem), opened
        types = [j for j, count in enumerate(opened) if count]
        self.instances = {
            (i, j): n
            for n, (i, j) in enumerate(
                (i, j) for j in types for i, k in enumerate(self.menu.configs) if problem.configs[k].server in (None, j)
            )
        }
        count = len(self.instances)
        self.layouts = {
            (j, layout): count + n
            for n, (j, layout) in enumerate((j, own) for j in types for own in problem.servers[j].layouts)
        }
        self.load = count + len(self.layouts)
        self.rows: list[dict[int, float]] = []
        self.sides: list[float] = []

    def add(self, row: Mapping[int, float], most: float) -> int:
        """Add a row, Σ value x column <= most; return its number."""
        self.rows.append(dict(row))
        self.sides.append(most)
        return len(self.rows) - 1

    def serve(self) -> None:
        """Networks get what their instances serve."""
        for m, network in enumerate(self.problem.networks):
            up = {n: -float(self.menu.up[i]) for (i, _), n in self.instances.items() if self.menu.network[i] == m}
            self.add({**up, self.load: network.rate}, 0.0)

    def hold(self, j: int) -> dict[str, int]:
        """Cores and cards of a type of servers; return the rows of what there is, by what the answer calls it."""
        own, configs, rows = self.problem.servers[j], self.problem.configs, {}
        at = {n: configs[self.menu.configs[i]] for (i, type_), n in self.instances.items() if type_ == j}
        cores = self.add({n: k.cores for n, k in at.items()}, own.cores * self.opened[j])
        if own.cores:
            rows["core_per_s"] = cores
        if not own.layouts:
            tenths = self.add({n: k.percent / 10 for n, k in at.items()}, 10.0 * own.cards * self.opened[j])
            self.add({n: 1.0 for n, k in at.items() if k.slice}, 0.0)
            return rows | ({"tenth_of_gpu_per_s": tenths} if own.cards else {})
        self.add({n: 1.0 for n, k in at.items() if k.percent}, 0.0)
        mine = {layout: n for (type_, layout), n in self.layouts.items() if type_ == j}
        for name in {*(k.slice for k in at.values() if k.slice), *(piece for layout in mine for piece in layout)}:
            held = {n: 1.0 for n, k in at.items() if k.slice == name}
            self.add(held | {n: -float(layout.count(name)) for layout, n in mine.items()}, 0.0)
        return rows | {"card_per_s": self.add(dict.fromkeys(mine.values(), 1.0), float(own.cards * self.opened[j]))}

    def matrix(self) -> Matrix:
        """Return the programme."""
        rows, width = np.zeros((len(self.rows), self.load + 1)), self.load + 1
        for n, row in enumerate(self.rows):
            rows[n, list(row)] = list(row.values())
        cost = np.zeros(width)
        cost[-1] = -self.problem.rate
        return Matrix.at_most(cost, rows, np.array(self.sides), np.zeros(width), np.full(width, np.inf))


def worths(problem: Cluster, plan: Plan) -> list[dict[str, Any]]:
    """Return, by type of servers that are opened, what one more core and tenth of a GPU, or card, would serve.

    Parameters
    ----------
    problem, plan
        A plan of the problem.
    """
    opened = [sum(own.count for own in plan if own.server == j) for j in range(len(problem.servers))]
    fluid = _Fluid(problem, opened)
    fluid.serve()
    rows = {j: fluid.hold(j) for j, count in enumerate(opened) if count}
    y = solve_linear(fluid.matrix()).multipliers if rows else None
    if y is None:
        return []
    return [
        {"server": problem.servers[j].name, **{key: abs(float(y[n])) for key, n in own.items()}}
        for j, own in rows.items()
    ]
