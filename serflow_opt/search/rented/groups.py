"""Placements with the same types of machines, all bounded at once: what fractional rents leave is mostly ruled out so.

Rents and numbers of machines are those of the types alone, so a group of placements has a program of its own: the best
mix of its plans within the limits, with whole machines parted (`kernels/groups.py`). What a part leaves is listed by
the weights that bound it best; these placements are few where fractional rents leave tens of thousands.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from serflow_opt.ground.arrays import Floats, Ints, Mask
from serflow_opt.ground.deadline import Deadline
from serflow_opt.ground.tolerances import INTEGRAL, ROUNDING, WHOLE_MACHINE
from serflow_opt.search.enumerate import placed_at
from serflow_opt.search.layered import Chain
from serflow_opt.search.placed import Placed
from serflow_opt.search.placements import NOWHERE
from serflow_opt.search.prefixes import least_whole_before
from serflow_opt.search.rented.columns import ANY_NUMBER, Columns
from serflow_opt.search.rented.floors import Floors

if TYPE_CHECKING:
    from serflow_opt.kernels.groups import Groups
    from serflow_opt.kernels.routes import Routes

MOST_GROUPS = 2_000
"""Groups looked at, at most."""
TABLES, FLOORS = "group tables", "group floors"
NODES, AT_ONCE = 200, 10
"""Nodes of a group, at most; between two looks at the clock."""


def grouped(chain: Chain) -> bool:
    """Whether there are groups of placements, and not too many of them."""
    return len(chain.rented) > 0 and math.prod(map(len, _types(chain))) <= MOST_GROUPS


def _types(chain: Chain) -> tuple[tuple[int, ...], ...]:
    """The types of machines of each tier that is rented whole; none is one of them, -1."""

    def found(own: Chain) -> tuple[tuple[int, ...], ...]:
        tier, option = np.array(own.data.tier), own.option
        return tuple((-1, *np.unique(option[tier == k]).tolist()) for k in own.rented)

    return chain.known("types", found)


@dataclass(frozen=True, slots=True)
class _Sums:
    """What stages, ways from the source, into hubs and out of them add, in the order of the kernels, but for rents."""

    parts: tuple[Floats, Floats, Floats, Floats]

    @classmethod
    def of(cls, columns: Columns) -> _Sums:
        """Take rents out of what is paid by use at fractional rents."""
        chain, flat = columns.chain, columns.chain.flat
        stages, runners = chain.on.shape
        senders = np.repeat(np.tile(np.arange(runners), stages), np.diff(flat.left_from, axis=1).ravel())
        every = [
            (chain.adds, np.arange(runners)),
            (flat.start_adds, None),
            (flat.left_adds, senders),
            (flat.into_adds, flat.into_runner),
        ]
        kinds = slice(1, 1 + len(columns.machines))
        sums = []
        for adds, runner in every:
            own = adds[..., columns.order]
            if runner is not None:
                for column, factor in columns.paid:
                    rent = factor * columns.rent[columns.option[runner]] * own[..., kinds].sum(axis=-1)
                    by_use = own[..., column] - rent
                    own[..., column] = np.where(np.abs(by_use) <= ROUNDING * rent, 0.0, by_use)  # rounding is no money
            sums.append(np.ascontiguousarray(own))
        first, start, left, into = sums
        return cls((first, start, left, into))


class KnownPlans:
    """Plans that searches came to, by the types of machines of the groups they were met in: columns to begin with.

    They are told as `kernels.plans.Plans` does, and hold for all rates, limits and prices.

    Attributes
    ----------
    begun
        Multipliers and the value of the best plan of a question, to begin others with; None: there is none.
    """

    def __init__(self) -> None:
        self._of: dict[tuple[int, ...], dict[bytes, Ints]] = {}
        self.begun: tuple[Floats, float] | None = None

    def add(self, types: Ints, plans: Ints) -> None:
        """Note plans of a group, N x M x 4."""
        for plan in plans:
            self._of.setdefault(tuple(types.tolist()), {}).setdefault(plan.tobytes(), plan)

    def table(self, types: Ints, stages: int) -> tuple[Ints, Ints]:
        """Return where the plans of each group begin in an array of all, and this.

        Parameters
        ----------
        types
            G x P, of the groups.
        stages
            M.
        """
        own = [self._of.get(tuple(group), {}) for group in types.tolist()]
        every = [plan for plans in own for plan in plans.values()]
        first = np.cumsum([0, *map(len, own)])
        return first, np.array(every) if every else np.empty((0, stages, 4), np.int64)


def begun(chain: Chain) -> tuple[Floats, float] | None:
    """Return `KnownPlans.begun`, where there are plans that a chain begins with."""
    return chain.known("plans", lambda _: KnownPlans()).begun


def beginning_with(chain: Chain, plans: KnownPlans, *, often: bool = False) -> Chain:
    """Return a chain whose groups begin with known plans.

    Parameters
    ----------
    chain, plans
        The chain, and the plans.
    often
        Whether it is asked so often that floors of the groups pay.
    """
    kept = {name: own for name, own in chain.all_known if name not in (TABLES, FLOORS)}
    chain = chain.changed({**kept, "plans": plans})
    if often and plans.begun is not None and grouped(chain):
        held, value = plans.begun
        columns = Columns(chain)
        columns.measure(value)
        chain.known(FLOORS, lambda own: _floors(columns, own.known("before", least_whole_before), held))
    return chain


def _floors(columns: Columns, before: Floats, held: Floats) -> Floors | None:
    """Floors of the groups of a chain; None where the money is a limit, which rents count in as well."""
    if columns.limited_money:
        return None
    chain = columns.chain
    tables = chain.known(TABLES, lambda _: _Tables.of(columns, before))
    routes = _routes(chain, tables.sums, before, ANY_NUMBER)
    rents = np.append(columns.rent, 0.0)[tables.types]  # -1 is the last
    by_use = columns.prices(rents)[0] * columns.machine * (1 - ROUNDING) / (1 + WHOLE_MACHINE)

    def staircase(n: int, weights: Floats) -> tuple[Floats, Floats]:
        routes.among(tables.may[n])
        return routes.staircase(weights)

    accuracy = float(held[-1] * columns.scale[-1] / columns.unit)
    return Floors.of(by_use, accuracy, len(columns.order), staircase)


@dataclass(frozen=True, slots=True)
class _Tables:
    """What the kernel takes of a chain, whatever is asked.

    Attributes
    ----------
    scale
        Of the columns.
    types, may
        G x P, types of machines of each group; G x E, runners it may use.
    sums
        As `_Sums`, scaled.
    free
        K: beyond what any plan comes to.
    first, columns, times, plans
        Of plans that are known: where those of each group begin; P x K, P, P x M x 4.
    """

    scale: Floats
    types: Ints
    may: NDArray[np.uint8]
    sums: tuple[Floats, Floats, Floats, Floats]
    free: Floats
    first: Ints
    columns: Floats
    times: Floats
    plans: Ints

    @classmethod
    def of(cls, columns: Columns, before: Floats) -> _Tables:
        """Make the tables of a chain whose columns are scaled so, with the plans known."""
        chain, scale = columns.chain, columns.scale
        types = np.array([*product(*_types(chain))], dtype=np.int64)
        may = np.ones((len(types), len(columns.option)), np.uint8)
        for p, k in enumerate(chain.rented):
            may &= (columns.tier != k) | (columns.option == types[:, p, None])
        stage, start, left, into = (part / scale for part in chain.known("sums", lambda _: _Sums.of(columns)).parts)
        free = 2.0 + np.abs(stage).max(axis=1, initial=0.0).sum(axis=0)
        for part in (start, left, into):
            free += np.abs(part).max(axis=0, initial=0.0) * len(chain.on)
        plans: KnownPlans = chain.known("plans", lambda _: KnownPlans())
        first, table = plans.table(types, len(chain.on))
        routes = _routes(chain, (stage, start, left, into), before, chain.whole_limit)
        sums, times = routes.columns_of(table)
        return cls(scale.copy(), types, may, (stage, start, left, into), free, first, sums, times, table)


def _routes(chain: Chain, sums: tuple[Floats, Floats, Floats, Floats], before: Floats, limit: float) -> Routes:
    from serflow_opt.kernels.routes import Routes

    return Routes(chain.flat, chain.on.view(np.uint8), sums, before, limit)


class GroupSearch:
    """What is left of the groups of a chain.

    Parameters
    ----------
    columns
        How its columns are ordered and scaled.
    before
        Of `least_whole_before`.
    best, known, gap, off
        As `Columns.nodes` takes them.
    least
        What no plan is below in any case.
    """

    def __init__(
        self, columns: Columns, before: Floats, best: float, known: bool, gap: float, off: float, least: float
    ) -> None:
        from serflow_opt.kernels.groups import Groups

        self.columns, self.chain, self.least = columns, columns.chain, least
        chain = columns.chain
        tables = chain.known(TABLES, lambda _: _Tables.of(columns, before))
        self._measured = np.array_equal(tables.scale, columns.scale)
        if not self._measured:
            tables = _Tables.of(columns, before)
        self.types, self.may, self.sums = tables.types, tables.may, tables.sums
        self.rents = np.append(columns.rent, 0.0)[self.types]  # -1 is the last
        most = np.append(columns.most, 0.0)[self.types]
        limits = columns.limits
        self.limits = np.where(np.isfinite(limits), limits, tables.free)
        self.each, self.dues = columns.prices(self.rents)
        self.routes = _routes(chain, tables.sums, before, chain.whole_limit)
        self.groups: Groups = Groups(
            self.routes, self.may,
            (tables.first, tables.columns, tables.times, tables.plans),
            self.limits, (self.each, self.dues, most, columns.machine),
            columns.limited_money, best / columns.unit, known,
            (gap, off / columns.unit, WHOLE_MACHINE, ROUNDING, INTEGRAL),
        )  # fmt: skip
        self._left: list[tuple[int, Floats, Floats, Floats, Floats]] = []

    @cached_property
    def unit(self) -> float:
        """What 1 of the first column is in units of the chain's objective."""
        return self.columns.unit

    def rule_out(self, held: Floats, live: Mask, deadline: Deadline, into: KnownPlans | None = None) -> None:
        """Part the numbers of machines of each group.

        Parameters
        ----------
        held
            Multipliers of the chain's columns to begin with, C.
        live
            Which runners some plan worth looking at may use, E.
        deadline
            When to stop.
        into
            Where to note the plans met; None: nowhere.
        """
        columns = self.columns
        weights = np.tile((held[columns.order] * columns.scale) / columns.unit, (len(self.types), 1))
        weights[:, 0] = 1.0
        kinds = slice(1, 1 + len(columns.machines))
        each = self.each + (weights[:, columns.limited_money, None] * self.dues if columns.limited_money else 0.0)
        weights[:, kinds] = each * columns.machine * (1 - ROUNDING) / (1 + WHOLE_MACHINE)
        there = np.zeros(len(columns.rent) + 1, bool)
        there[columns.option[live]], there[-1] = True, True  # -1, no machine, is the last
        open_ = np.flatnonzero(there[self.types].all(axis=1))
        values = self.groups.offer_known(open_)
        floors = self.floors()
        for n in open_[np.argsort(values, kind="stable")].tolist():
            deadline.check()
            if floors[n] >= self.groups.target() or not self.groups.begin(n, self.least, weights[n]):
                continue
            last = self.groups.looked_at() + NODES
            while self.groups.waiting() and self.groups.looked_at() < last:
                deadline.check()
                self.groups.run(AT_ONCE)
            self.groups.leave()
            self._left += [(n, *part) for part in zip(*self.groups.parts(), strict=True)]
            if into is not None:
                into.add(self.types[n], self.groups.made())

    def floors(self) -> Floats:
        """Return what no plan of each group is below, as far as that is known without a sweep."""
        known: Floors | None = self.chain.known(FLOORS, lambda _: None)
        if known is None or self.columns.limited_money or not self._measured:
            return np.full(len(self.types), -math.inf)
        return known.bounds(self.chain.whole_limit, self.limits, self.each, self.columns.machine)

    def best(self) -> tuple[float, Placed, Ints] | None:
        """Return the best plan that was found, its value in units of the chain's objective; None: none was."""
        value, n, _ = self.groups.found()
        if n < 0:
            return None
        plan = self.groups.plan()[None]
        those = placed_at(self.chain, plan[:, :, :3].copy(), self.routes.columns_of(plan)[1])
        lines = plan[0, :, 3]
        return value * self.unit, those, np.where(lines >= 0, self.chain.flat.lines.level[lines], 0)

    def placements(self, target: float, most: int, deadline: Deadline) -> Placed | None:
        """List what the parts leave; None: it is more than `most`.

        Parameters
        ----------
        target
            What plans have to be below, in units of the chain's objective.
        most
            How many.
        deadline
            When to stop.
        """
        paths, times = [np.empty((0, len(self.chain.on), 3), np.int64)], [np.empty(0)]
        for n, leasts, mosts, weights, bound in self._left:
            if bound * self.unit >= target:
                continue
            found = self._listed(n, self._worth(n, leasts, mosts, weights, target), weights, most, deadline)
            if found is None:
                return None
            paths.append(found[0])
            times.append(found[1])
            most -= len(found[1])
        every = np.concatenate(paths)
        one = {path.tobytes(): n for n, path in enumerate(every)}  # parts may have some in common
        rows = np.fromiter(one.values(), np.int64, len(one))
        return placed_at(self.chain, every[rows], np.concatenate(times)[rows])

    def _worth(self, n: int, leasts: Floats, mosts: Floats, weights: Floats, target: float) -> float:
        """What the weighted columns of a plan in a part come to at most, if it is below the target."""
        columns = self.columns
        kinds = len(columns.machines)
        each = self.each[n] - weights[1 : 1 + kinds] / columns.machine * (1 + WHOLE_MACHINE)
        if columns.limited_money:
            each = each + weights[columns.limited_money] * self.dues[n]
        terms = [target / self.unit, *(weights[1 + kinds :] * self.limits[1 + kinds :]).tolist()]
        terms += (-each * np.where(each >= 0, leasts, mosts)).tolist()
        return math.fsum(terms) + ROUNDING * math.fsum(map(abs, terms))

    def _listed(
        self, n: int, worth: float, weights: Floats, most: int, deadline: Deadline
    ) -> tuple[Ints, Floats] | None:
        """List placements of a group whose weighted columns come to so much at most."""
        from serflow_opt.kernels.listing import Listing

        chain = self.chain
        self.routes.among(self.may[n])
        if self.routes.least(weights)[0] > worth:
            return np.empty((0, len(chain.on), 3), np.int64), np.empty(0)
        stage, start, left, into = (part @ weights for part in self.sums)
        found = Listing(
            chain.flat,
            chain.option,
            stage[None],
            start[:, None],
            left[:, None],
            into[:, None],
            weights[-1:] + 0.0,  # -0 would divide to minus infinity
            self.routes.labels(),
            chain.whole_limit * (1 + ROUNDING) if math.isfinite(chain.whole_limit) else -1.0,
            ROUNDING,
        ).run(np.array([worth]), most, deadline.check)
        if found is None:
            return None
        paths, times = found
        own = self._own(n, paths[:, :, 0])
        return paths[own], times[own]

    def _own(self, n: int, runner: Ints) -> Mask:
        """Which placements have all types of a group: others are of another one."""
        option = np.where(runner != NOWHERE, self.columns.option[runner], -2)
        own = np.ones(len(runner), bool)
        for p in self.types[n].tolist():
            if p >= 0:
                own &= (option == p).any(axis=1)
        return own
