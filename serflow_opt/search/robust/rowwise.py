"""Budgets on times, prices and the rate by nominal searches: each sum at a worst case of its own, the latency exactly.

Where no exits deviate, reach is the same in every case, and each limit and each machine's load is a row that the
adversary deviates by itself. So whatever case a row is taken at, nothing robust is lost: the search over the arrays of
a chain (`layered.py`), with each column at some case, is a bound.

The worst-case latency is no bound but exact. With d_s what the time of stage s may grow by, the Γ largest sum to

    max over Γ stages of Σ d_s = min over θ >= 0 of Γ θ + Σ_s max(d_s - θ, 0),

attained at θ = 0 or one of the d_{s,e} (Bertsimas and Sim, *Mathematical Programming* 98, 2003, theorem 3): so many
searches with times t + max(d - θ, 0) and the limit less Γ θ have all plans between them that keep it.

The best plan of these is valued by the adversary, and each row is taken at the case that is worst for it, until the
plan is no worse over all cases than the bound. Which case is worst for a row depends most of all on which stages each
tier runs; where a gap is left, plans are parted by that, and each part has cases of its own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations_with_replacement
from math import comb

import numpy as np

from serflow_opt import kernels
from serflow_opt.formulations.coefficients import SOURCE, Data, Place
from serflow_opt.ground.arrays import Floats, Ints
from serflow_opt.ground.tolerances import EQUAL, ROUNDING
from serflow_opt.plan.adversary import RobustValue
from serflow_opt.plan.decision import Decision
from serflow_opt.plan.document import Machines
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.kinds import Objective
from serflow_opt.problem.stress import deviated
from serflow_opt.problem.uncertainty import UncertainCase, Uncertainty
from serflow_opt.search.combinatorial import ChainSearch
from serflow_opt.search.flat import Crossings
from serflow_opt.search.layered import Chain, covered
from serflow_opt.search.outcome import SearchSettings
from serflow_opt.search.rented.question import taken
from serflow_opt.search.rented.search import RentedSearch

MOST_PARTS = 100
"""Parts by tier at most."""

Rows = Mapping[str, UncertainCase]
"""By column of a chain, the case that it is taken at."""


def covers(plain: Instance, asked: Uncertainty, name: Objective) -> bool:
    """Whether rows deviate each by itself, and searches without HiGHS take the instance.

    Parameters
    ----------
    plain, asked
        The instance as believed, and what may turn out otherwise.
    name
        What is minimised.
    """
    fits = covered(plain, {name: 1.0}) or (kernels.compiled and taken(plain, {name: 1.0}))
    if asked.budget is None or asked.exits or not fits:
        return False
    slowest = deviated(plain, asked.case(asked.parts, _tiers(plain)))
    return not any(plain.may_run_long(option) for option in slowest.options)


def _tiers(plain: Instance) -> tuple[str, ...]:
    return tuple(tier.name for tier in plain.tiers)


@dataclass(slots=True)
class RowwiseSearch:
    """Searches with each row at some case.

    Attributes
    ----------
    plain, asked, name, settings
        What is asked.
    allowed
        Pairs of stage and runner that plans may use; None: all.
    searches
        How many there were.
    """

    plain: Instance
    asked: Uncertainty
    name: Objective
    settings: SearchSettings
    allowed: frozenset[Place] | None = None
    searches: int = 0
    _chains: dict[str, Chain] = field(default_factory=dict)

    @property
    def nothing(self) -> UncertainCase:
        """The case as believed."""
        return self.asked.case((), _tiers(self.plain))

    def parts(self) -> list[RowwiseSearch]:
        """Return the same for each way in which tiers share the stages; none where they are too many."""
        data = self._chain(self.nothing).data
        last, tiers = data.last, len(self.plain.tiers)
        if comb(last + tiers - 1, tiers - 1) > MOST_PARTS:
            return []
        found = []
        for shares in combinations_with_replacement(range(tiers), last):
            allowed = frozenset((s, e) for s, e in data.places if data.tier[e] == shares[s - 1])
            if Data(self.plain, allowed).connected:
                found.append(RowwiseSearch(self.plain, self.asked, self.name, self.settings, allowed))
        return found

    def rows_at(self, case: UncertainCase) -> dict[str, UncertainCase]:
        """Take every column at one case."""
        return dict.fromkeys(self._chain(self.nothing).columns, case)

    def rows_for(self, valued: RobustValue) -> dict[str, UncertainCase]:
        """Return for each column the case that is worst for a plan.

        Parameters
        ----------
        valued
            The plan over all cases.
        """
        rows = self.rows_at(self.nothing)
        measure = self.plain.latency_measure
        for column in rows:
            tier = column.removeprefix("machines of ")
            if tier != column:
                rows[column] = max(valued.cases, key=lambda own: _load(own.metrics.machines, tier)).case
            elif column in ("cost", "latency"):
                rows[column] = valued.worst(column, measure).case  # type: ignore[arg-type]
        if self.asked.goal == "believed":
            rows[self.name] = self.nothing
        return rows

    def best(self, rows: Rows) -> Iterator[tuple[Decision | None, float]]:
        """Search at every θ; yield each best plan, and what no plan within that θ is below. -inf: not known.

        Parameters
        ----------
        rows
            The case that each column is taken at.
        """
        chain = self._combined(rows)
        plain, slowest = self._chain(self.nothing), self._chain(self._all)
        grown = slowest.whole - plain.whole
        budget = self.asked.budget or 0
        for theta in self._thetas(plain, grown):
            limit = plain.whole_limit - budget * theta
            if limit < 0:
                continue
            yield self._solve(chain.changed({}, whole=plain.whole + np.maximum(grown - theta, 0.0), whole_limit=limit))

    @property
    def _all(self) -> UncertainCase:
        return self.asked.case(self.asked.parts, _tiers(self.plain))

    def _thetas(self, plain: Chain, grown: Floats) -> Floats:
        """Return the values of θ, none of which is another but for rounding."""
        if not math.isfinite(plain.whole_limit) or not self.asked.times:
            return np.zeros(1)
        found = np.unique(np.append(grown[plain.on], 0.0))
        apart = np.append(np.diff(found) > ROUNDING * found[1:], True)
        kept: Floats = found[apart]
        return kept[-1:] if not self.asked.budget else kept

    def _solve(self, chain: Chain) -> tuple[Decision | None, float]:
        gap, settings = max(self.settings.gap / 2, EQUAL), self.settings
        kind = ChainSearch if covered(self.plain, {self.name: 1.0}) else RentedSearch
        run = kind(chain, gap, settings.deadline, None, settings.grace_s)
        self.searches += 1
        if not run.run():
            return None, -math.inf
        return run.decision(), math.inf if run.infeasible else run.bound * chain.unit

    def _chain(self, case: UncertainCase) -> Chain:
        if case.name not in self._chains:
            data = Data(deviated(self.plain, case), self.allowed)
            first = data if not self._chains else next(iter(self._chains.values())).data
            data.second, data.dollar, data.joule = first.second, first.dollar, first.joule
            self._chains[case.name] = Chain.of(data, {self.name: 1.0})
        return self._chains[case.name]

    def _combined(self, rows: Rows) -> Chain:
        """Put columns of different cases together; what machines cost follows the case of their loads."""
        base = self._chain(rows[self.name])
        columns = [(n, self._chain(rows[name])) for n, name in enumerate(base.columns)]
        options = base.data.instance.options
        rents = np.array([options[runner.option].rent_per_s for runner in base.data.runners])
        rents = rents / base.rate / base.data.dollar
        loads = [n for n, name in enumerate(base.columns) if name.startswith("machines of ")]
        paid = [(n, base.paid if n == 0 else 1.0) for n, name in enumerate(base.columns) if name == "cost"]

        def together(part: Callable[[Chain], Floats], runner: Ints | None) -> Floats:
            adds = part(base).copy()
            for n, chain in columns:
                adds[..., n] = part(chain)[..., n]
            rent = rents if runner is None else np.where(runner == SOURCE, 0.0, rents[runner])
            for n, factor in paid:
                own = part(columns[n][1])
                adds[..., n] += factor * sum(rent * (adds[..., m] - own[..., m]) for m in loads)
            return adds

        def crossings(name: str) -> Crossings:
            own: Crossings = getattr(base, name)
            return replace(own, adds=together(lambda chain: getattr(chain, name).adds, own.runner))

        return base.changed(
            {}, adds=together(lambda c: c.adds, None), leaving=crossings("leaving"), entering=crossings("entering")
        )


def _load(machines: Sequence[Machines], tier: str) -> float:
    """How busy the machines of a tier are."""
    return max((own.utilisation for own in machines if own.tier == tier), default=0.0)
