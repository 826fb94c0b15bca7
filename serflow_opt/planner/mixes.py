"""Mixes of thresholds one of which is the best at any rate, where machines are rented whole and plans have one type.

As `rented.py`, type by type; what a placement pays for all else beside how busy it keeps machines is a curve
(`search/rented/curves.py`), of which every point is a plan.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from serflow_opt.formulations.coefficients import Data
from serflow_opt.ground.arrays import Floats
from serflow_opt.ground.deadline import Deadline
from serflow_opt.plan.decision import Decision
from serflow_opt.planner.rated import HOUR
from serflow_opt.planner.rented import by_offer, offers
from serflow_opt.problem.instance import Instance
from serflow_opt.search.lagrangian import LinearCost, StageExits, reaches
from serflow_opt.search.placements import MOST, Paths, list_paths
from serflow_opt.search.prune import decision_at, possible
from serflow_opt.search.rented.curves import Corner, CurveSearch, Loads
from serflow_opt.search.rented.neighbours import NeighbourSearch
from serflow_opt.search.underestimates import busy_and_other


@dataclass(frozen=True, slots=True)
class ThresholdMixes:
    """Plans on a placement, all that lie between neighbours of a few.

    Attributes
    ----------
    rent
        Of a machine, USD an hour.
    x, y
        Of the corners, by rising x and falling y: machines that a request a second loads, and USD an hour that it pays
        for all else.
    plain
        A plan on the placement, with the thresholds of a choice.
    flows
        By corner and stage: how many of all requests meet each entry of the menu.
    """

    rent: float
    x: Floats
    y: Floats
    plain: Decision
    flows: tuple[tuple[Floats, ...], ...]

    def cost(self, x: float) -> float:
        """Return y of the plan that loads x, at least the least and at most the largest."""
        return float(np.interp(x, self.x, self.y))

    def plan(self, x: float) -> Decision:
        """Return the plan that loads x of a machine."""
        after = int(np.clip(np.searchsorted(self.x, x), 1, max(len(self.x) - 1, 1)))
        if len(self.x) == 1:
            before, after, share = 0, 0, 0.0
        else:
            before = after - 1
            share = float(np.clip((x - self.x[before]) / (self.x[after] - self.x[before]), 0.0, 1.0))
        weights = list(self.plain.weights)
        for s, (one, other) in enumerate(zip(self.flows[before], self.flows[after], strict=True)):
            met = (1 - share) * one + share * other
            if met.sum() > 0:  # else nobody gets here: any threshold will do
                weights[s] = tuple((met / met.sum()).tolist())
        return replace(self.plain, weights=tuple(weights))


def mixes_at_any_rate(
    instance: Instance, slack: float, deadline: Deadline, jobs: int, on_type: Callable[[int, int], None]
) -> list[ThresholdMixes] | None:
    """Return mixes one of which is the best at any rate, but for a share; None where placements are too many.

    Parameters
    ----------
    instance
        One that `rented.covers` takes, and that mixes thresholds.
    slack
        The share.
    deadline
        When to stop.
    jobs
        Processes.
    on_type
        Called with the types of machines that are done, of how many.

    Raises
    ------
    OutOfTime
        When the deadline passes.
    """
    found = by_offer(partial(_mixes_on, instance, slack, deadline), offers(instance), jobs, on_type)
    return None if found is None else [own for some in found for own in some]


def _mixes_on(instance: Instance, slack: float, deadline: Deadline, offer: list[int]) -> list[ThresholdMixes] | None:
    """The mixes with some of the options; decisions are those of the whole instance."""
    some = replace(instance, options=tuple(instance.options[p] for p in offer))
    data = Data(some)
    everything = list_paths(data, MOST, deadline)
    if everything is None:
        return None
    paths = possible(data, everything)
    if not len(paths):
        return []
    machine = next((o for o in some.options if some.tiers[o.tier].kind != "function"), None)
    full = HOUR if machine is None else instance.utilisation_cap * machine.workers
    rent = 0.0 if machine is None else machine.rent_per_s * HOUR
    busy, other = busy_and_other(data, paths)
    exits = StageExits.of(data, paths)
    loads = Loads(
        exits,
        exits,
        instance.accuracy_min,
        LinearCost(busy.fixed / full, busy.weight / full),
        LinearCost(other.fixed * HOUR, other.weight * HOUR),
        np.arange(len(paths)),
    )
    between = instance.threshold_mode == "interpolated"
    search = (NeighbourSearch if between else CurveSearch)(loads, rent, slack, deadline)
    mixes = []
    for placement, run in search.run():
        deadline.check()
        own = _mixes(data, paths, loads, placement, run, rent)
        mixes.append(replace(own, plain=replace(own.plain, options=tuple(offer[p] for p in own.plain.options))))
    return mixes


def _mixes(data: Data, paths: Paths, loads: Loads, n: int, run: list[Corner], rent: float) -> ThresholdMixes:
    """The plans between neighbouring corners of a placement."""
    plain = decision_at(data, paths, n, run[0].high)
    ending = len(plain.options) < data.last
    count = len(plain.weights) - ending  # where a plan ends early, all leave, as it says
    flows = []
    for corner in run:
        met = tuple(np.zeros(len(plain.weights[s])) for s in range(count))
        for share, levels in corner.parts:
            reach = reaches(loads.exits.rows(np.array([n])), levels[None])[0]
            for s in range(count):
                met[s][levels[s]] += share * reach[s]
        flows.append(met)
    x, y = np.array([own.x for own in run]), np.array([own.y for own in run])
    return ThresholdMixes(rent, x, y, plain, tuple(flows))
