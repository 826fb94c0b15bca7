"""The placements that a sweep cannot rule out, listed one by one, and no others.

A prefix of a placement is worth the most that may follow it: its allowance A. It starts with what the whole plan may be
worth, loses what stages and hand-overs add, and passes a stage's exits backwards, A <- φ⁻¹(A - w_s). The sweep knows
the least V that can follow at each state within the time that is left. So a prefix goes on exactly where V <= A, and
every prefix that is kept can be completed: the work is that of what is listed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from serflow_opt import kernels
from serflow_opt.formulations.coefficients import NOTHING, SOURCE
from serflow_opt.ground.arrays import Floats, Ints, Mask
from serflow_opt.ground.deadline import NEVER, Deadline
from serflow_opt.ground.tolerances import ROUNDING
from serflow_opt.search.bound_recursion import BoundTable, StageLabels
from serflow_opt.search.flat import HubCrossings
from serflow_opt.search.layered import Chain
from serflow_opt.search.placed import Placed
from serflow_opt.search.placements import Paths


@dataclass(frozen=True, slots=True)
class _Prefixes:
    """Prefixes that end with the beginning of a stage: N rows of what was chosen up to it."""

    allowance: Floats
    whole: Floats
    begin: Ints
    runner: Ints
    way: Ints
    moved: Mask
    adds: Floats

    def rows(self, chosen: Ints) -> _Prefixes:
        return _Prefixes(*(getattr(self, name)[chosen] for name in self.__slots__))

    @classmethod
    def joined(cls, parts: list[_Prefixes]) -> _Prefixes:
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in cls.__slots__))


def near_optimal_placements(
    chain: Chain, weights: Floats, swept: BoundTable, most: float, listed: int, deadline: Deadline = NEVER
) -> Placed | None:
    """List the placements whose best plan, by the multipliers, is worth at most `most`.

    Parameters
    ----------
    weights
        C multipliers.
    swept
        Of one lane with these multipliers, over all labels that `most` leaves.
    listed
        How many to list at most; None comes back beyond.
    deadline
        When to stop.

    Raises
    ------
    OutOfTime
        When the deadline passes.
    """
    if kernels.compiled:
        return _compiled(chain, weights, swept, most, listed, deadline)
    prefixes: _Prefixes | None = None
    finished: list[_Prefixes] = []
    # the sweep added times up from the end, here it is from the start: rounding must not lose what it kept
    room = chain.whole_limit * (1 + ROUNDING)
    for s in range(len(chain.on)):
        deadline.check()
        look = _Lookup(chain, swept.steps[s])
        parts = _handed_over(chain, weights, s, prefixes, most, look)
        if prefixes is not None:
            parts += _gone_on(chain, s, prefixes, look)
        if not parts:
            prefixes = None
            break
        prefixes = _Prefixes.joined(parts)
        # each prefix can be completed, so there are at least as many placements
        if len(prefixes.whole) + sum(len(part.whole) for part in finished) > listed:
            return None
        # what is left after the stage and its exits
        here = prefixes.runner[:, s]
        adds = chain.adds[s, here]
        allowance, whole = prefixes.allowance - adds @ weights, prefixes.whole + chain.whole[s, here]
        left = _after_exits(chain, s, here, allowance, float(weights[-1]))
        prefixes.adds[:, s] += adds
        if chain.ends is not None:
            # where the plan ends nothing follows: the accuracy of those who leave has to be within the allowance
            worth = -float(weights[-1]) * chain.ends[s, here]
            enough = worth <= allowance + ROUNDING * (np.abs(allowance) + np.abs(adds @ weights))
            rows = np.flatnonzero(enough & (whole <= room))
            finished.append(replace(prefixes.rows(rows), whole=whole[rows]))
        prefixes = _Prefixes(
            left, whole, prefixes.begin,
            prefixes.runner, prefixes.way, prefixes.moved, prefixes.adds,
        )  # fmt: skip
    found = [part for part in [*finished, prefixes] if part is not None]
    if not found:
        return _none(chain)
    all_of = _Prefixes.joined(found)
    return Placed(Paths(all_of.runner, all_of.way, all_of.moved), all_of.adds, all_of.whole)


def _compiled(
    chain: Chain, weights: Floats, swept: BoundTable, most: float, listed: int, deadline: Deadline
) -> Placed | None:
    """List them by kernels."""
    from serflow_opt.kernels.listing import Listing

    flat, priced, left = chain.flat, chain.priced(weights[None]), swept.all
    found = Listing(
        flat,
        chain.option,
        priced.stage,
        priced.start,
        priced.left,
        priced.into,
        priced.beta,
        (left.value, left.whole, np.ascontiguousarray(left.back), swept.begin),
        chain.whole_limit * (1 + ROUNDING) if np.isfinite(chain.whole_limit) else -1.0,
        ROUNDING,
    ).run(np.array([most]), listed, deadline.check)
    if found is None:
        return None
    deadline.check()
    return placed_at(chain, *found)


def placed_at(chain: Chain, paths: Ints, times: Floats) -> Placed:
    """Return placements as the kernels number them; compiled only.

    Parameters
    ----------
    chain
        The arrays of the instance.
    paths, times
        N x M x 3, runner and ways into and out of a hub, and whole times, N.
    """
    from serflow_opt.kernels.placing import added

    flat, entered = chain.flat, paths[:, :, 2]
    moved, hub = entered >= 0, np.searchsorted(flat.into_from, entered, side="right") - 1
    via = np.where(moved, flat.hub_via[hub], NOTHING)
    return Placed(Paths(paths[:, :, 0].copy(), via, moved), added(flat, paths, chain.adds), times)


def _none(chain: Chain) -> Placed:
    last = len(chain.on)
    return Placed(Paths.none(last), np.empty((0, last, len(chain.columns))), np.empty(0))


class _Lookup:
    """The least V at a state within a whole time, from the staircases of a stage."""

    def __init__(self, chain: Chain, step: StageLabels) -> None:
        self.value, self.runner = step.value, step.runner
        self.there = np.zeros(chain.on.shape[1], dtype=bool)
        self.there[step.runner] = True
        self.room = chain.whole_limit * (1 + ROUNDING) if np.isfinite(chain.whole_limit) else 0.0
        whole = step.whole if self.room else np.zeros(len(step.whole))
        # wider than all times, so that the keys of runners do not overlap and one search serves them all
        self.width = 2 * (self.room + float(whole.max(initial=0.0))) or 1.0
        self.runs = []
        # labels of different `back` are completed by different prefixes, so each has a staircase of its own
        for back in sorted(set(step.back.tolist())):
            rows = np.flatnonzero(step.back == back)
            # by runner, and by falling time within
            self.runs.append((back, rows, step.runner[rows] * self.width - whole[rows]))

    def within(self, runner: Ints, whole: Floats, begin: Ints, allowance: Floats) -> Mask:
        """Whether something can follow."""
        found = np.zeros(len(runner), dtype=bool)
        if not self.room:
            whole = np.zeros(len(whole))
        for back, rows, key in self.runs:
            # a staircase falls: of the labels within the time that is left the slowest has the least V
            at = np.searchsorted(key, runner * self.width - (self.room - whole))
            there = at < len(rows)
            row = rows[np.where(there, at, 0)] if len(rows) else at
            found |= there & (self.runner[row] == runner) & (self.value[row] <= allowance) & (back <= begin)
        return found


def _handed_over(
    chain: Chain, weights: Floats, s: int, before: _Prefixes | None, most: float, look: _Lookup
) -> list[_Prefixes]:
    """Prefixes that reach stage s through a hub."""
    parts = []
    for left in chain.leaving[s]:
        for entered in chain.entering[s]:
            if left.hub != entered.hub or not look.there[entered.runner].any():
                continue
            part = _crossed(chain, weights, s, before, most, look, left, entered)
            if part is not None:
                parts.append(part)
    return parts


def _crossed(
    chain: Chain,
    weights: Floats,
    s: int,
    before: _Prefixes | None,
    most: float,
    look: _Lookup,
    left: HubCrossings,
    entered: HubCrossings,
) -> _Prefixes | None:
    last, columns = len(chain.on), len(chain.columns)
    if before is None:
        rows, sender = np.zeros(1, dtype=np.int64), np.full(1, SOURCE)
        allowance, whole, at = np.full(1, most), np.zeros(1), np.zeros(1, dtype=np.int64)
    else:
        position = np.full(chain.on.shape[1], -1)
        position[left.runner] = np.arange(len(left.runner))
        at = position[before.runner[:, s - 1]]
        rows = np.flatnonzero(at >= 0)
        at, sender = at[rows], before.runner[rows, s - 1]
        allowance, whole = before.allowance[rows], before.whole[rows]
    if not len(rows):
        return None
    allowance = allowance - left.adds[at] @ weights
    whole = whole + left.whole[at]
    # every sender with every receiver that anything follows on
    receivers = np.flatnonzero(look.there[entered.runner])
    into = np.tile(receivers, len(rows))
    rows, at, sender = (np.repeat(array, len(receivers)) for array in (rows, at, sender))
    receiver = entered.runner[into]
    allowance = np.repeat(allowance, len(receivers)) - (entered.adds @ weights)[into]
    whole = np.repeat(whole, len(receivers)) + entered.whole[into]
    option = chain.option
    begin = np.full(len(receiver), s + 1)  # a hand-over begins a run
    alive = look.within(receiver, whole, begin, allowance)
    # on one option a run goes on (`_gone_on`): nothing is handed over from an option to itself
    alive &= (sender == SOURCE) | (option[sender] != option[receiver])
    kept = np.flatnonzero(alive)
    if not len(kept):
        return None
    # tables only now: they are the larger part, and most pairs are gone
    adds = np.zeros((len(kept), last, columns))
    runner = np.full((len(kept), last), -1)
    way = np.full((len(kept), last), NOTHING)
    moved = np.zeros((len(kept), last), dtype=bool)
    if before is not None:
        adds[:], runner[:], way[:] = before.adds[rows[kept]], before.runner[rows[kept]], before.way[rows[kept]]
        moved[:] = before.moved[rows[kept]]
    adds[:, s] = left.adds[at[kept]] + entered.adds[into[kept]]
    runner[:, s], way[:, s], moved[:, s] = receiver[kept], left.hub[2], True
    return _Prefixes(allowance[kept], whole[kept], begin[kept], runner, way, moved, adds)


def _gone_on(chain: Chain, s: int, before: _Prefixes, look: _Lookup) -> list[_Prefixes]:
    """Prefixes that go on with stage s on the same option."""
    rows = np.arange(len(before.whole))
    runner = before.runner[:, s - 1]
    stays = chain.stays[s]
    if stays is not None:
        pairs = [(np.flatnonzero(runner == e), f) for e, f in zip(*(p.tolist() for p in stays), strict=True)]
        rows = np.concatenate([found for found, _ in pairs]) if pairs else rows[:0]
        runner = np.concatenate([np.full(len(found), f) for found, f in pairs]) if pairs else runner[:0]
    alive = look.within(runner, before.whole[rows], before.begin[rows], before.allowance[rows])
    rows, runner = rows[alive], runner[alive]
    if not len(rows):
        return []
    part = before.rows(rows)
    part.runner[:, s] = runner
    return [part]


def _after_exits(chain: Chain, s: int, runner: Ints, room: Floats, beta: float) -> Floats:
    if chain.used is None:
        return chain.menus[s][0].most_after(room, beta)
    after, used = np.empty(len(room)), chain.used[s, runner]
    for menu, envelope in enumerate(chain.menus[s]):
        rows = used == menu
        after[rows] = envelope.most_after(room[rows], beta)
    return after
