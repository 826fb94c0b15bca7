"""Percentiles of the latency: who may be late is guessed, stage by stage.

At the latency limit a share 1 - q of the requests may still be inside. Those who meet no cold start are late from some
stage on, the first whose end comes after the limit; those who meet one, a share P of them all, from the same stage or
an earlier one. For every pair of such stages there is a row

    P R_cold + (1 - P) R_warm <= 1 - q

and two limits on whole times: up to the one stage with the cold start, up to the other without. A plan keeps the
percentile exactly if it keeps these for some pair, so each is searched for a plan better than the best one known; one
sweep rules most of them out. Where cold starts are met by all, or by nobody, both stages are one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from serflow_opt.formulations.coefficients import Data
from serflow_opt.ground.arrays import Floats
from serflow_opt.ground.deadline import NEVER, Deadline, OutOfTime
from serflow_opt.ground.tolerances import SLACK
from serflow_opt.plan.decision import Decision
from serflow_opt.search.layered import Chain, count_paths
from serflow_opt.search.rented.columns import Menus
from serflow_opt.search.rented.parting import NodeCounts
from serflow_opt.search.rented.search import RentedSearch


@dataclass(frozen=True, slots=True)
class Late:
    """From which stages on requests are late, by position (M: nobody is), and the share that meets a cold start.

    Attributes
    ----------
    cold, warm
        Those who meet a cold start, and those who do not.
    share
        Of the former.
    """

    cold: int
    warm: int
    share: float

    def inside(self, reach: dict[int, float]) -> float:
        """Return the share that is late, by the reach of each stage, 1..M."""
        at_cold, at_warm = (reach.get(s + 1, 0.0) for s in (self.cold, self.warm))
        return self.share * at_cold + (1 - self.share) * at_warm


def guesses(data: Data) -> list[Late]:
    """Return the pairs of stages that are possible, and that no other one makes needless; nobody late first."""
    quantile = data.instance.quantile or 0.0
    allowed, last = 1 - quantile + SLACK, data.last
    share = data.chances[0].share if data.chances else 0.0
    pairs = [Late(c, w, share) for w in range(last, -1, -1) for c in (range(w, -1, -1) if share else [w])]
    possible = [pair for pair in pairs if pair.inside(data.reach_low) <= allowed]
    sure = [pair for pair in possible if pair.inside(data.reach_high) <= allowed]

    def needless(pair: Late) -> bool:
        """Whether another one, whose row holds anyhow, asks for less in time."""
        return any(own != pair and own.cold <= pair.cold and own.warm <= pair.warm for own in sure)

    return [pair for pair in possible if not needless(pair)]


def chains_of(chain: Chain, late: Late) -> tuple[Chain, Chain | None]:
    """Return a chain that says what a guess asks for; and one more with limits on whole times, where it takes two."""
    pair: tuple[Chain, Chain | None] = chain.known(f"{late}", lambda own: _chains_of(own, late))
    first = pair[0]
    if first.data is chain.data and first.limits is chain.limits and first.whole_limit == chain.whole_limit:
        return pair
    limited, also = (
        own and replace(own, data=chain.data, limits=chain.limits, whole_limit=chain.whole_limit) for own in pair
    )
    assert limited is not None
    return limited, also


def _chains_of(chain: Chain, late: Late) -> tuple[Chain, Chain | None]:
    adds = chain.adds.copy()
    column = chain.columns.index("late")
    for s, share in ((late.cold, late.share), (late.warm, 1 - late.share)):
        if s < len(adds):
            adds[s, :, column] += share
    # one whole time goes into the sweeps: that of all, or of those without a cold start, who have the longer way
    if late.cold == late.warm:
        return _until(chain, late.warm, cold=True, adds=adds), None
    long = _until(chain, late.warm, cold=False, adds=adds)
    return long, (_until(chain, late.cold, cold=True) if late.cold else None)


def _until(chain: Chain, stop: int, *, cold: bool, **arrays: Floats) -> Chain:
    """Return a chain whose whole times end before a stage."""
    flat, leaving, whole, last = chain.flat, chain.leaving, chain.whole.copy(), len(chain.whole)
    whole[stop:] = 0.0
    start, left, into = (part.copy() for part in (flat.start_whole, flat.left_whole, flat.into_whole))
    if not cold:
        into -= chain.known("spared", _spared)[flat.into_runner]
    if stop < last:
        left[flat.left_from[stop, 0] :] = 0.0
        into[flat.into_from[flat.hub_at[stop]] :] = 0.0
    if stop == 0:
        start[:] = 0.0
    return chain.changed(
        known={
            "flat": replace(flat, whole=whole, start_whole=start, left_whole=left, into_whole=into),
            "paths": chain.known("paths", count_paths),
            "menus": chain.known("menus", Menus.of),
        },
        whole=whole,
        leaving=replace(leaving, whole=np.where(leaving.stage < stop, leaving.whole, 0.0)),
        entering=replace(chain.entering, whole=into),
        **arrays,
    )


def _spared(chain: Chain) -> Floats:
    """Return the cold starts that not all meet, by runner."""
    data = chain.data
    chance = [data.whole_cold_time(e) if data.chance(1, e) is not None else 0.0 for e in range(len(data.runners))]
    return np.array(chance)


class LateSearch:
    """The search where a percentile of the latency has a limit, guess by guess; as `RentedSearch`.

    Attributes
    ----------
    value, bound
        Of the best plan, and what no plan is below, in units of the chain's objective.
    infeasible
        Proven to have no plan.
    """

    def __init__(
        self,
        chain: Chain,
        gap: float,
        deadline: Deadline = NEVER,
        on_better: Callable[[float, float], None] | None = None,
        grace_s: float = 0.0,
        *,
        most_nodes: float = math.inf,
    ) -> None:
        self.chain, self.gap, self.deadline, self.grace_s = chain, gap, deadline, grace_s
        self.on_better, self._most_nodes = on_better, most_nodes
        self.value, self.bound, self.infeasible = math.inf, -math.inf, False
        self.counts, self.unit = NodeCounts(), 0.0
        self.held: Floats | None = None
        self._best: RentedSearch | None = None

    def run(self, held: Floats | None = None) -> bool:
        """Search; say whether it came to an end, with a plan, without, or out of time.

        Parameters
        ----------
        held
            Multipliers of the columns to begin with, C, where the objective has a limit.
        """
        waiting = [self._of(late) for late in guesses(self.chain.data)]
        bounds, infeasible = [], True
        try:
            while waiting and held is None:  # until there is a plan to be better than
                search = waiting.pop(0)
                if not self._ends(search):
                    return False
                bounds.append(search.bound)
                infeasible &= search.infeasible
                held = self.held
            begun = [(self._begin(search, held), n) for n, search in enumerate(waiting) if held is not None]
            for least, n in sorted(begun):
                search = waiting[n]
                search.value = self.value
                if least < search.target():
                    if not self._ends(search):
                        return False
                    least, infeasible = search.bound, infeasible and search.infeasible
                bounds.append(least)
        except OutOfTime:
            return True
        self.bound = min(bounds, default=math.inf)
        self.infeasible = self._best is None and infeasible
        return True

    def _of(self, late: Late) -> RentedSearch:
        """Return the search of a guess."""
        chain, also = chains_of(self.chain, late)
        return RentedSearch(
            chain, self.gap, self.deadline, self.on_better, self.grace_s, also=also, most_nodes=self._most_nodes
        )

    def _begin(self, search: RentedSearch, held: Floats) -> float:
        """Sweep a guess once."""
        search.value = self.value
        search.columns.measure(self.unit)
        return search.begin(held)

    def _ends(self, search: RentedSearch) -> bool:
        """Search a guess; say whether that came to an end."""
        ended = search.run()
        self._add(search.counts)
        if search.best is not None:
            self.value, self._best, self.held = search.value, search, search.held
        self.unit = search.columns.unit
        self.deadline.check()
        return ended

    def _add(self, counts: NodeCounts) -> None:
        self.counts.placements = counts.placements
        for name in ("listed", "parted", "nodes", "sweeps"):
            setattr(self.counts, name, getattr(self.counts, name) + getattr(counts, name))

    def decision(self) -> Decision | None:
        """Return the best plan."""
        return None if self._best is None else self._best.decision()
