"""The best plan of a Lagrangian over all placements at once, under a limit on the whole time: a backward recursion.

With multipliers on the columns that have a limit, a plan is worth one number V, and with V of what follows, the best
threshold of a stage is a search in its envelope (`envelope.py`). What is left at a state (stage, runner) is the least V
for each whole time: a staircase, few steps long, because of two suffixes with the same state the one that is slower and
not better can go. So the bound

    min { V : whole time within its limit } + Σ multiplier x (- limit)

holds for every placement, and is exact for the multipliers: nothing is relaxed but the limits of the columns. Several
sets of multipliers, *lanes*, are swept together: at small sizes most of the time is the overhead of array operations.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from serflow_opt import kernels
from serflow_opt.formulations.coefficients import NOTHING, SOURCE
from serflow_opt.ground.arrays import Floats, Ints, Mask
from serflow_opt.ground.deadline import NEVER, Deadline
from serflow_opt.ground.dominance import staircase
from serflow_opt.search.flat import HubCrossings
from serflow_opt.search.layered import Chain, by_lane
from serflow_opt.search.placements import NOWHERE, Paths

STAY = NOTHING - 1
"""Stands where a way to hand over could: the run goes on."""
END = STAY - 1
"""Stands there, too: the plan ends, everybody leaves."""


@dataclass(frozen=True, slots=True)
class StageLabels:
    """Labels of a stage, or of one stage after the other, by lane, runner, `back` and rising V.

    Attributes
    ----------
    value, whole
        V and whole time of what is left of the network, from this stage on.
    tags
        5 x N, whole numbers: lane; runner; `back`, the first stage that its run may begin with; `after`, the position
        at the next stage, -1 where there is none; `via`, the way something is handed over in between, `STAY` or `END`.
    """

    value: Floats
    whole: Floats
    tags: Ints

    @classmethod
    def of(cls, value: Floats, whole: Floats, *tags: Ints | int) -> StageLabels:
        """Put labels together from tags, each an array or one number for all."""
        table = np.empty((len(tags), len(value)), dtype=np.int64)
        for row, tag in zip(table, tags, strict=True):
            row[:] = tag
        return cls(value, whole, table)

    def _tag(self, row: int) -> Ints:
        tag: Ints = self.tags[row]
        return tag

    @property
    def lane(self) -> Ints:
        """Which set of multipliers."""
        return self._tag(0)

    @property
    def runner(self) -> Ints:
        """What the stage runs as."""
        return self._tag(1)

    @property
    def back(self) -> Ints:
        """The first stage its run may begin with."""
        return self._tag(2)

    @property
    def after(self) -> Ints:
        """Position at the next stage."""
        return self._tag(3)

    @property
    def via(self) -> Ints:
        """How it is handed over to the next stage."""
        return self._tag(4)

    def rows(self, chosen: Ints | Mask | slice) -> StageLabels:
        """Return some of them."""
        return StageLabels(self.value[chosen], self.whole[chosen], self.tags[:, chosen])

    @classmethod
    def joined(cls, parts: list[StageLabels]) -> StageLabels:
        """Put several together."""
        if len(parts) == 1:
            return parts[0]
        return cls(
            np.concatenate([part.value for part in parts]),
            np.concatenate([part.whole for part in parts]),
            np.concatenate([part.tags for part in parts], axis=1),
        )


@dataclass(frozen=True, slots=True)
class BoundTable:
    """What a sweep found.

    Attributes
    ----------
    best
        Least V of each lane; infinite where nothing is left.
    ends
        Whole plans, way in included, that are within the limit of the whole time; `after` is a label of stage 1.
    first
        Which of `ends` attain the least V, -1 where nothing is left.
    all
        Labels of all stages.
    begin
        M x (lanes E + 1): where those of a stage, lane and runner begin; at the end of the row, where they end.
    """

    best: Floats
    first: Ints
    ends: StageLabels
    all: StageLabels
    begin: Ints

    @property
    def steps(self) -> list[StageLabels]:
        """Labels by stage."""
        bounds = zip(self.begin[:, 0].tolist(), self.begin[:, -1].tolist(), strict=True)
        return [self.all.rows(slice(first, last)) for first, last in bounds]

    def paths(self, ends: Ints | None = None) -> Paths:
        """Return the placements of some ends; None: of those that attain the least V of their lane."""
        chosen = self.first[self.first >= 0] if ends is None else ends
        if kernels.compiled:
            from serflow_opt.kernels.placing import followed

            plans = self.ends.after[chosen], self.ends.via[chosen]
            runners, passed, moved = followed(self.all.tags, self.begin, plans, NOWHERE, (STAY, NOTHING))
            return Paths(runners, passed, moved.view(bool))
        rows, runner, via = self.ends.after[chosen], [], [self.ends.via[chosen]]
        for step in self.steps:
            there = rows >= 0
            if there.all():
                tags = step.tags[:, rows]
            else:  # plans of some ends are over before
                tags = np.full((len(step.tags), len(rows)), -1)
                tags[1], tags[4] = NOWHERE, STAY
                tags[:, there] = step.tags[:, rows[there]]
            runner.append(tags[1])
            via.append(tags[4])
            rows = tags[3]
        ways = np.column_stack(via[:-1])
        return Paths(np.column_stack(runner), np.maximum(ways, NOTHING), ways > STAY)


def sweep(
    chain: Chain,
    weights: Floats,
    before: Floats,
    allowed: Floats | None = None,
    on: Mask | None = None,
    *,
    timed: bool = False,
    deadline: Deadline = NEVER,
) -> BoundTable:
    """Run the recursion.

    Parameters
    ----------
    weights
        Lanes x C multipliers; the last column is the accuracy's.
    before
        Of `least_whole_before`.
    allowed
        Of `most_value`, M x E, or of `most_values`, lanes x M x E; None: all labels count.
    on
        States to keep to, M x E, or lanes x M x E for each lane its own; None: all.
    timed
        Keep the least V for each whole time, also where that has no limit.
    deadline
        When to stop.

    Raises
    ------
    OutOfTime
        When the deadline passes.
    """
    kept = by_lane(chain.on if on is None else on, len(weights))
    most = None if allowed is None else by_lane(allowed, len(weights))
    return _Sweep(chain, weights, before, most, kept, timed).run(deadline)


class _Sweep:
    def __init__(
        self, chain: Chain, weights: Floats, before: Floats, allowed: Floats | None, on: Mask, timed: bool
    ) -> None:
        self.chain, self.weights, self.before, self.allowed, self.on = chain, weights, before, allowed, on
        self.priced = chain.priced(weights)
        self.stage, self.beta = self.priced.stage, self.priced.beta
        self.timed = timed or math.isfinite(chain.whole_limit)

    def run(self, deadline: Deadline) -> BoundTable:
        if kernels.compiled:
            return self._compiled(deadline)
        chain = self.chain
        steps, arriving = self._by_arrays(deadline)
        tails = [self._moved(arriving.get(crossing.hub), crossing, 0) for crossing in chain.leaving[0]]
        there = [tail for tail in tails if tail is not None]
        ends = StageLabels.joined(there) if there else steps[0].rows(np.arange(0))
        # labels were kept for the fastest way in; the one an end has taken may be slower
        ends = ends.rows(ends.whole <= chain.whole_limit)
        lanes = len(self.weights)
        best, first = np.full(lanes, np.inf), np.full(lanes, -1)
        for lane in np.unique(ends.lane).tolist():
            rows = np.flatnonzero(ends.lane == lane)
            first[lane] = rows[ends.value[rows].argmin()]
            best[lane] = ends.value[first[lane]]
        return BoundTable(best, first, ends, StageLabels.joined(steps), self._begin(steps))

    def _begin(self, steps: list[StageLabels]) -> Ints:
        """Where labels of each stage, lane and runner begin, of stages one behind the other."""
        runners, before = self.on.shape[2], [0, *accumulate(len(step.value) for step in steps)]
        at = np.arange(len(self.weights) * runners + 1)
        return np.array([
            np.searchsorted(step.lane * runners + step.runner, at) + first
            for step, first in zip(steps, before, strict=False)
        ])  # fmt: skip

    def _compiled(self, deadline: Deadline) -> BoundTable:
        """Labels of all stages, and whole plans."""
        from serflow_opt.kernels.chain import Sweep

        chain, priced = self.chain, self.priced
        run = Sweep(
            chain.flat, self.on.view(np.uint8), self.stage, priced.left, priced.into, self.before,
            self.beta, self.allowed, chain.whole_limit, self.timed, STAY, END,
        )  # fmt: skip
        labels, begin = run.run(deadline.check)
        ends, best, first = run.whole_plans(priced.start, SOURCE)
        return BoundTable(best, first, StageLabels(*ends), StageLabels(*labels), begin)

    def _by_arrays(self, deadline: Deadline) -> tuple[list[StageLabels], dict[object, StageLabels]]:
        """The same, by numpy."""
        chain = self.chain
        steps: list[StageLabels] = []
        arriving: dict[object, StageLabels] = {}
        step: StageLabels | None = None
        # backwards: the best threshold of a stage depends on nothing but what follows
        for s in range(len(chain.on) - 1, -1, -1):
            deadline.check()
            step = self._kept(s, self._tails(s, step, arriving))
            steps.append(step)
            # through hubs: each sender meets the few labels of a hub, not those of every receiver
            arriving = {crossing.hub: self._arriving(step, crossing) for crossing in chain.entering[s]}
        steps.reverse()
        return steps, arriving

    def _tails(self, s: int, after: StageLabels | None, arriving: dict[object, StageLabels]) -> StageLabels:
        """What can follow stage s on each runner."""
        chain = self.chain
        if after is None:
            return self._nothing(self.on[:, s], s, STAY)
        parts = [self._stay(s, after)]
        if chain.ends is not None and np.isfinite(chain.ends[s]).any():
            parts.append(self._nothing(self.on[:, s] & np.isfinite(chain.ends[s]), s, END))
        for crossing in chain.leaving[s + 1]:
            tail = self._moved(arriving.get(crossing.hub), crossing, s)
            if tail is not None:
                parts.append(tail)
        return StageLabels.joined(parts)

    def _nothing(self, here: Mask, s: int, via: int) -> StageLabels:
        """Nothing follows stage s on some runners, by lane."""
        lane, runner = np.nonzero(here)
        none = np.zeros(len(lane))
        return StageLabels.of(none, none, lane, runner, self.chain.back[s, runner], -1, via)

    def _stay(self, s: int, after: StageLabels) -> StageLabels:
        stays = self.chain.stays[s + 1]
        rows, runner = np.arange(len(after.value)), after.runner
        if stays is not None:
            pairs = [(np.flatnonzero(runner == f), e) for e, f in zip(*(p.tolist() for p in stays), strict=True)]
            rows = np.concatenate([found for found, _ in pairs]) if pairs else rows[:0]
            runner = np.concatenate([np.full(len(found), e) for found, e in pairs]) if pairs else runner[:0]
        # stage s becomes the first of the run that stage s + 1 belongs to, as far as memory and time let it
        fits = (after.back[rows] <= s + 1) & self.on[after.lane[rows], s, runner]
        if stays is not None or not fits.all():
            rows, runner = rows[fits], runner[fits]
            after = after.rows(rows)
        return StageLabels.of(after.value, after.whole, after.lane, runner, after.back, rows, STAY)

    def _moved(self, tail: StageLabels | None, crossing: HubCrossings, s: int) -> StageLabels | None:
        """Labels at a hub as each of its senders has them; at the source there is one."""
        if tail is None or not len(tail.value):
            return None
        senders = crossing.runner
        source = senders[0] < 0
        adds, whole = crossing.adds @ self.weights.T, self._times(crossing)  # senders x lanes
        shape = len(senders), len(tail.value)
        tags = np.empty((5, *shape), dtype=np.int64)
        tags[0], tags[3], tags[4] = tail.lane, tail.after, tail.via
        # the sender's run ends here: how far it may reach back is a matter of its own stages, not of the receiver's
        tags[1] = senders[:, None]
        tags[2] = 1 if source else self.chain.back[s, senders, None]
        value = (tail.value + adds[:, tail.lane]).ravel()
        moved = StageLabels(value, (tail.whole + whole[:, None]).ravel(), tags.reshape(5, -1))
        return moved if source else moved.rows(self.on[moved.lane, s, moved.runner])

    def _times(self, crossing: HubCrossings) -> Floats:
        """Whole times of ways; zero where they do not count, so that no label is kept for them."""
        return crossing.whole if self.timed else np.zeros(len(crossing.whole))

    def _kept(self, s: int, tail: StageLabels) -> StageLabels:
        """Put stage s in front and keep what can still be within the limits and is not dominated."""
        chain = self.chain
        whole = tail.whole
        if self.timed:
            whole = whole + chain.whole[s, tail.runner]
            fits = whole + self.before[s, tail.runner] <= chain.whole_limit
            if not fits.all():
                tail, whole = tail.rows(fits), whole[fits]
        value = self.stage[tail.lane, s, tail.runner] + self._exits(s, tail)
        # labels of one lane, runner and `back` are completed by the same prefixes, so these can stand for each other
        group = (tail.lane * chain.on.shape[1] + tail.runner) * (len(chain.on) + 1) + tail.back
        if self.allowed is not None:
            # first what no prefix completes: sorting takes the time
            alive = np.flatnonzero(value <= self.allowed[tail.lane, s, tail.runner])
            kept = alive[staircase(group[alive], value[alive], whole[alive])]
        else:
            kept = staircase(group, value, whole)
        return StageLabels(value[kept], whole[kept], tail.tags[:, kept])

    def _exits(self, s: int, tail: StageLabels) -> Floats:
        """φ of what follows."""
        chain, beta = self.chain, self.beta[tail.lane]

        def phi(rows: Ints | slice, menu: int) -> Floats:
            envelope = chain.menus[s][menu]
            rate, mass = envelope.leaving(envelope.best(tail.value[rows], beta[rows]))
            exits: Floats = (1 - rate) * tail.value[rows] - beta[rows] * mass
            return exits

        if chain.used is None:
            return self._closed(s, tail, phi(slice(None), 0))
        exits, used = np.empty(len(tail.value)), chain.used[s, tail.runner]
        for menu in range(len(chain.menus[s])):
            rows = np.flatnonzero(used == menu)
            exits[rows] = phi(rows, menu)
        return self._closed(s, tail, exits)

    def _closed(self, s: int, tail: StageLabels, exits: Floats) -> Floats:
        """The same with those that end with stage s: everybody leaves."""
        if self.chain.ends is not None:
            # nothing follows, so that there is no threshold to weigh: what is left is the accuracy of those who leave
            ended = np.flatnonzero(tail.via == END)
            exits[ended] = -self.beta[tail.lane[ended]] * self.chain.ends[s, tail.runner[ended]]
        return exits

    def _arriving(self, step: StageLabels, crossing: HubCrossings) -> StageLabels:
        """Labels of a stage as the hub before it has them."""
        position = np.full(self.chain.on.shape[1], -1)
        position[crossing.runner] = np.arange(len(crossing.runner))
        at = position[step.runner]
        rows = np.flatnonzero(at >= 0)
        at, lane = at[rows], step.lane[rows]
        value = step.value[rows] + (crossing.adds @ self.weights.T)[at, lane]
        whole = step.whole[rows] + self._times(crossing)[at]
        # senders do not care who receives, nor how far the receiver's run reaches: one staircase a lane is enough
        kept = staircase(lane if len(self.weights) > 1 else None, value, whole)
        rows = rows[kept]
        return StageLabels.of(
            value[kept], whole[kept], lane[kept], step.runner[rows], step.back[rows], rows, crossing.hub[2]
        )
