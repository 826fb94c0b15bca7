"""Column generation: the linear relaxation of the cover over all fillings, and a bound that holds for all of them.

A filling that is not there yet helps where its instances are worth more, by the multipliers of the rows, than its
server costs: that is a knapsack on each type of servers (`packing.py`). The bound is Lagrange's: for any multipliers,
what the rows are worth, and for each type as many of the best filling as there can be. So it holds whether or not the
last filling was found, and is in no solver's word.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from serflow_opt.backend.linear import solve_linear
from serflow_opt.backend.matrix import Matrix
from serflow_opt.families.cluster.columns import FillingColumn, Shop
from serflow_opt.ground.arrays import Floats
from serflow_opt.ground.deadline import Deadline
from serflow_opt.ground.tolerances import EQUAL, ROOM, TOLERANCE

ROUNDS = 1_000
"""Of column generation at most."""
MIXED = ("servers", "cost", "resources")
"""Quantities that add up over servers; the limit on throughput is a bound of the load."""


@dataclass(frozen=True, slots=True)
class MasterRelaxation:
    """What the linear relaxation says.

    Attributes
    ----------
    bound
        No solution is below this; infinite: there is none.
    columns, x
        The fillings that were there, and how many of each; none: out of time.
    """

    bound: float
    columns: list[FillingColumn] = field(default_factory=list)
    x: Floats | None = None


@dataclass(frozen=True, slots=True)
class GoalWithinLimits:
    """A goal and limits as numbers.

    Attributes
    ----------
    weights
        Of servers, cost and resources in the goal.
    per_load
        Of the load: throughput, negated.
    most
        Of each quantity that is limited, opened by what solvers may miss.
    least_load
        What has to be served.
    """

    weights: Mapping[str, float]
    per_load: float
    most: Mapping[str, float]
    least_load: float

    @classmethod
    def of(cls, shop: Shop, goal: Mapping[str, float], limits: Mapping[str, float]) -> GoalWithinLimits:
        """Return them from a goal and limits, less is better; one quantity alone is minimised as it is.

        Parameters
        ----------
        shop
            The problem and the fillings known.
        goal
            Coefficients of quantities.
        limits
            By quantity, in its own unit.
        """
        goal = goal if len(goal) > 1 else dict.fromkeys(goal, 1.0)
        rate = shop.problem.rate
        least = 1.0 if shop.problem.asked else 0.0
        if "throughput" in limits:
            least = max(least, -limits["throughput"] / rate * (1 - ROOM))
        return cls(
            {name: goal.get(name, 0.0) for name in MIXED},
            -goal.get("throughput", 0.0) * rate,
            {name: most + ROOM * abs(most) for name, most in limits.items() if name in MIXED},
            least,
        )


class InstanceMaster:
    """The relaxation with bounds on numbers of instances.

    Parameters
    ----------
    shop
        Fillings found and to be found.
    asked
        Goal and limits.
    held
        Least and most instances of rows of the menu.
    opened
        Most servers of each type that can be of use.
    """

    def __init__(
        self,
        shop: Shop,
        asked: GoalWithinLimits,
        held: Mapping[int, tuple[float, float]],
        opened: list[float] | None = None,
    ) -> None:
        self.shop, self.asked, self.held = shop, asked, held
        problem = shop.problem
        self.rates = np.array([own.rate for own in problem.networks])
        self.prices = np.array([own.usd_per_hour for own in problem.servers])
        self.most = np.array(opened or [float(own.most) for own in problem.servers])
        self.size = {name: abs(most) or 1.0 for name, most in asked.most.items()}
        alone = [[packing.best(np.where(shop.menu.network == m, shop.menu.up, 0.0))[0] for m in range(len(self.rates))]
                 for packing in shop.packings]  # fmt: skip
        self.lack = np.array([asked.least_load] * len(self.rates) + [least for least, _ in held.values()])
        self.most_load = max(float((self.most @ np.array(alone) / self.rates).min()), asked.least_load)

    def solve(self, deadline: Deadline) -> MasterRelaxation:
        """Return the relaxation: first whether there is a solution at all, then the best."""
        short = self._generate(deadline, short=True)
        if short.x is None or short.bound > EQUAL:
            return short if short.x is None else MasterRelaxation(math.inf)
        return self._generate(deadline, short=False)

    def _generate(self, deadline: Deadline, short: bool) -> MasterRelaxation:
        """Add fillings until none helps; `short`: minimise what is not served instead of the goal."""
        bound = -math.inf
        columns: list[FillingColumn] = []
        x: Floats | None = None
        for _ in range(ROUNDS):
            columns = list(self.shop.found.values())
            found = solve_linear(self._matrix(columns, short), deadline)
            if found.values is None or found.multipliers is None:
                return MasterRelaxation(bound)
            x, value = found.values[: len(columns)], float(self._cost(columns, short) @ found.values)
            if short and value <= EQUAL:
                return MasterRelaxation(0.0, columns, x)
            lower, fresh = self._priced(found.multipliers, short)
            bound = max(bound, lower)
            if not fresh or value <= bound + EQUAL * abs(value) or deadline.expired:
                break
        return MasterRelaxation(bound, columns, x)

    def _cost(self, columns: list[FillingColumn], short: bool) -> Floats:
        """Coefficients of the goal: fillings, load, and what each network and each branch is short of."""
        if short:
            return np.concatenate([np.zeros(len(columns) + 1), np.ones(len(self.lack))])
        by, server = self.asked.weights, np.array([own.server for own in columns], dtype=np.intp)
        taken = np.array([own.resources for own in columns])
        cost = by["servers"] + by["cost"] * self.prices[server] + by["resources"] * taken
        return np.concatenate([cost, [self.asked.per_load], np.zeros(len(self.lack))])

    def _matrix(self, columns: list[FillingColumn], short: bool) -> Matrix:
        networks, types, count = len(self.rates), len(self.prices), len(columns)
        up, low = (np.array([getattr(own, name) for own in columns]).T / self.rates[:, None] for name in ("up", "low"))
        server = np.array([own.server for own in columns], dtype=np.intp)
        of = {"servers": np.ones(count), "cost": self.prices[server], "resources": [own.resources for own in columns]}
        of_load = np.concatenate([np.ones(networks), np.full(networks, 0.0 if self.shop.problem.asked else -1.0)])
        rows = [*(-up), *low, *((server == j).astype(float) for j in range(types))]
        rows += [np.asarray(of[name]) / self.size[name] for name in self.asked.most]
        rows += [np.array([own.count[k] for own in columns]) for k in self.held]
        lows, highs = self._sides()
        lacks = np.zeros((len(rows), len(self.lack)))
        lacks[:networks, :networks] = -np.eye(networks)
        lacks[len(rows) - len(self.held) :, networks:] = np.eye(len(self.held))
        load = np.concatenate([of_load, np.zeros(len(rows) - 2 * networks)])
        return Matrix.dense(
            self._cost(columns, short),
            np.hstack([np.array(rows), load[:, None], lacks]),
            lows,
            highs,
            np.concatenate([np.zeros(count), [self.asked.least_load], np.zeros(len(self.lack))]),
            np.concatenate([self.most[server], [self.most_load], self.lack * short]),
        )

    def _sides(self) -> tuple[Floats, Floats]:
        """Sides of the rows: served, fed, there, limits, branches."""
        networks = len(self.rates)
        fed = 1.0 if self.shop.problem.asked else 0.0
        limits = [most / self.size[name] for name, most in self.asked.most.items()]
        highs = [
            *([0.0] * networks),
            *([fed] * networks),
            *self.most,
            *limits,
            *(most for _, most in self.held.values()),
        ]
        lows = [-math.inf] * (2 * networks + len(self.most) + len(limits)) + [own for own, _ in self.held.values()]
        return np.array(lows), np.array(highs)

    def _priced(self, y: Floats, short: bool) -> tuple[float, bool]:
        """Return the Lagrangian bound of multipliers, and whether a filling that helps was new."""
        lows, highs = self._sides()
        y = np.where((y > 0) & np.isinf(lows) | (y < 0) & np.isinf(highs), 0.0, y)
        networks, types = len(self.rates), len(self.prices)
        fixed, by = self.shop.problem.asked, self.asked.weights
        served, fed = y[:networks], y[networks : 2 * networks]
        of_load = (0.0 if short else self.asked.per_load) - served.sum() + (0.0 if fixed else fed.sum())
        if of_load < 0:  # within tolerances: made up by the network that is worth most
            y = y.copy()
            y[int(np.argmin(served))] += of_load
            served, of_load = y[:networks], 0.0
        rest = iter(y[2 * networks :])
        there = np.array([next(rest) for _ in range(types)])
        limit = dict.fromkeys(MIXED, 0.0) | {name: next(rest) / self.size[name] for name in self.asked.most}
        menu = self.shop.menu
        values = (fed[menu.network] * menu.low - served[menu.network] * menu.up) / self.rates[menu.network]
        for k, own in zip(self.held, rest, strict=True):
            values[k] += own
        with np.errstate(invalid="ignore"):
            sides = np.where(y > 0, y * lows, np.where(y < 0, y * highs, 0.0))
        bound = float(sides.sum()) + of_load * self.asked.least_load
        if short:
            bound += float(np.minimum(1.0 + served, 0.0) @ self.lack[:networks])
            bound += float(np.minimum(1.0 - y[len(y) - len(self.held) :], 0.0) @ self.lack[networks:])
        weigh = 0.0 if short else 1.0
        fresh = False
        for j, packing in enumerate(self.shop.packings):
            taken = (limit["resources"] - weigh * by["resources"]) * self.shop.resources[j]
            worth, cpu, cards = packing.best(values + taken)
            costs = weigh * (by["servers"] + by["cost"] * self.prices[j])
            left = costs - there[j] - limit["servers"] - limit["cost"] * self.prices[j] - worth
            if left < 0:
                bound += left * self.most[j]
                fresh |= left < -TOLERANCE * max(costs, 1.0) and self.shop.take(j, cpu, cards)
        return bound, fresh
