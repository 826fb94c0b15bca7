"""The least that waiting in one block takes of a latency limit, whatever the thresholds: what bounds rest on.

With W the seconds that a request of the service holds a worker of the block on average, a demand of λ keeps λ W workers
busy. Thresholds that make work in [W_low, W_high] let requests in at most as often as R_high, so that one holds a
worker for at least W_low / R_high, and leave a second moment of at least S(W), the dual function of the least one under
the accuracy floor: both make waits longer. Requests leave at stage s with probability R_s - R_{s+1}, and the later the
less slack they have; so what is late is at least Σ_s R_s (G_s - G_{s-1}), with G_s the share of those who leave at s
that is late.
"""

from __future__ import annotations

import itertools
import math
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.ground.tolerances import EQUAL, SCATTERED, SMALLEST, TOLERANCE
from serflow_opt.traffic.provision.below import lines_below
from serflow_opt.traffic.provision.limit_slack import LimitSlack, apart_of
from serflow_opt.traffic.provision.waits import ROOMS, Queues, Wait, useful_rooms, variations

if TYPE_CHECKING:
    from serflow_opt.ground.arrays import Floats, Ints, Mask
    from serflow_opt.traffic.provision.block_ranges import BlockRanges

PARTS = 16
"""Of an octave: squared coefficients of variation are rounded down to such parts, where any work may be."""
LOOKS = 5
"""Works between two at which the least variation is looked at."""
WAITED = 32
"""Parts of a range of works in each of which the least mean wait is told."""
HALVINGS = 14
"""Of the range in which the most work of a number of machines lies."""
NEAR = 30.0
"""Times the limit, or this part of it: where the work is told between two by what is late at them."""


@dataclass(frozen=True, slots=True, eq=False)
class LeastWaits:
    """A block's waits at least.

    Attributes
    ----------
    queues
        Under the demand.
    workers
        Of a machine.
    reaches
        ρ_s, least reach of each of these stages.
    reach_high
        R_high, most reach of its first stage.
    least_s
        Least mean seconds that who enters holds a worker.
    longest_s
        The second moment of these seconds over their mean is at most so much.
    square
        Slopes and starts of lines below S(W), the least second moment of these seconds, a request of the service (s²).
    square_low, square_high
        What this second moment is at least, too, and at most, where thresholds are such.
    slack
        None where the limit is on the mean.
    room
        The limit, in its unit.
    share
        Of those who enter the block, that these machines take: others may take the rest.
    """

    queues: Queues
    workers: int
    reaches: Floats
    reach_high: float
    least_s: float
    square: tuple[Floats, Floats]
    slack: LimitSlack | None
    room: float
    square_low: float = 0.0
    square_high: float = math.inf
    longest_s: float = math.inf
    share: float = 1.0
    _held: dict[tuple[float, float], tuple[float, float, float]] = field(init=False, default_factory=dict)

    def within(self, ranges: BlockRanges) -> LeastWaits:
        """Return the same of thresholds among which the second moment and the share that enters are in ranges."""
        own = (
            self if ranges.square is None else replace(self, square_low=ranges.square[0], square_high=ranges.square[1])
        )
        if ranges.reach is None:
            return own
        reaches = self.reaches.copy()
        reaches[0] = max(float(reaches[0]), ranges.reach[0])
        return replace(own, reaches=reaches, reach_high=min(self.reach_high, ranges.reach[1]))

    def held(self, low: float, high: float) -> tuple[float, float, float]:
        """Least seconds that one who enters holds a worker, least and most squared coefficient of variation."""
        if (low, high) not in self._held:
            self._held[low, high] = self._least_held(low, high)
        return self._held[low, high]

    def _least_held(self, low: float, high: float) -> tuple[float, float, float]:
        mean = max(low / self.reach_high, self.least_s) if self.reach_high > 0 else low
        if not low > 0:
            return mean, 0.0, 0.0
        least = (self._least_quotient(low, high) * float(self.reaches[0]) - 1) * (1 - EQUAL)
        least = max(0.0, rounded_down(least, 1 - low / high))
        most = min(self.square_high, self.longest_s * low) * self.reach_high / low**2 - 1  # E h² <= longest E h
        return mean, least, max(least, most * (1 + EQUAL))

    def _least_quotient(self, low: float, high: float) -> float:
        """Return no more than the least of S(W) / W² between two works.

        S is at least each of some lines a + b W, b >= 0. (a + b W) / W² falls, or rises until W = -2 a / b and then
        falls, so that it is least at an end of a range: in each part the largest over lines of their least counts.
        """
        slopes, starts = self.square
        works = np.linspace(low, high, LOOKS)
        squares = np.vstack([slopes[:, None] * works + starts[:, None], np.full(LOOKS, self.square_low)])
        quotients = squares / works**2
        return float(np.minimum(quotients[:, :-1], quotients[:, 1:]).max(axis=0).min())

    def _squares(self, works: Floats) -> Floats:
        """Return the least second moment of the seconds that one holds a worker, by work, s²."""
        slopes, starts = self.square
        least: Floats = (slopes[:, None] * works + starts[:, None]).max(axis=0, initial=self.square_low)
        return least

    def wait(self, count: int, places: int | None, low: float, high: float) -> Wait | None:
        """Return waits that are not longer than any in a range of work; None: nobody need wait.

        Parameters
        ----------
        count, places, low, high
            As `row` takes them.
        """
        each = tuple(self._waits(count, places, low, high))
        return self.queues.least(each) if len(each) > 1 else each[0] if each else None

    def _waits(self, count: int, places: int | None, low: float, high: float) -> Iterator[Wait]:
        """Yield waits of which, for whatever thresholds, one is not longer; none: nobody need wait."""
        mean, least, most = self.held(low, high)
        if not (mean > 0 and low > 0 and count):
            return
        # with room for all waits rise with the variation; times that do not vary have a formula of their own
        alone = [0.0, SCATTERED] if least < SCATTERED else [least]
        each = variations(least, most) if places else alone
        servers, reaches = count * self.workers, (low / mean * self.share, high / mean * self.share)
        for cv2 in each:
            yield self.queues.at_least(servers, places, *reaches, mean, cv2)

    def least_square(self, low: float, high: float) -> float:
        """Return the least second moment of the seconds that a request of the service holds a worker, s².

        Parameters
        ----------
        low, high
            Between these is W, seconds.
        """
        return float(self._squares(np.array([low, high])).min()) * (1 - EQUAL)  # it is convex, and rises or falls

    def row(self, count: int, places: int | None, low: float, high: float) -> Floats:
        """Return by stage from the block on G_s - G_{s-1}: times the reaches, the least share of requests that is late.

        Parameters
        ----------
        count
            Machines.
        places
            Requests that may wait; None: all.
        low, high
            Between these is W, seconds.
        """
        assert self.slack is not None
        return self._rising(self.wait(count, places, low, high), self.slack.apart())

    def _rising(self, wait: Wait | None, apart: tuple[Mask, Floats, Ints]) -> Floats:
        """Return `row` for any slacks; the last two axes are those of `LimitSlack.seconds`."""
        assert self.slack is not None
        spare, times, where = apart
        late = np.where(spare, 0.0, 1.0)
        if wait is not None and len(times):
            late[spare] = self.queues.late(wait, times)[where]
        rising: Floats = self.share * self.slack.shares @ np.maximum(np.diff(late, axis=-1, prepend=0.0), 0.0)
        return rising

    def taken_each(self, count: int, places: int | None, low: float, high: float, seconds: Floats) -> Floats:
        """Return `taken` for each of many slacks in place of its own, with the same shares: structures come first.

        Parameters
        ----------
        count, places, low, high
            As `row` takes them.
        seconds
            Slacks, structures x stages x exits.

        Returns
        -------
        In the unit of the limit, by structure.
        """
        apart = apart_of(seconds)
        if not len(apart[1]):
            return self._rising(None, apart) @ self.reaches
        each = [self._rising(wait, apart) @ self.reaches for wait in self._waits(count, places, low, high)]
        taken: Floats = np.min(each, axis=0) if each else self._rising(None, apart) @ self.reaches
        return taken

    def waited_s(self, count: int, places: int | None, low: float, high: float) -> float:
        """Return the least mean wait, s a request of the service; arguments as of `row`.

        Parameters
        ----------
        count, places, low, high
            As `row` takes them.
        """
        return min((self._waited_s(own, low, high) for own in self._waits(count, places, low, high)), default=0.0)

    def _waited_s(self, wait: Wait, low: float, high: float) -> float:
        return self.share * low / self.held(low, high)[0] * float(self.queues.mean(wait.seconds))

    def taken(self, count: int, places: int | None, low: float, high: float) -> float:
        """Return the least that waiting takes of the limit, in its unit; arguments as of `row`.

        Parameters
        ----------
        count, places, low, high
            As `row` takes them.
        """
        return min(self._each_taken(count, places, low, high))

    def late(self, count: int, places: int | None, low: float, high: float) -> bool:
        """Return whether waiting takes more than the limit, whatever the thresholds; arguments as of `row`.

        Parameters
        ----------
        count, places, low, high
            As `row` takes them.
        """
        return all(taken > self.room for taken in self._each_taken(count, places, low, high))

    def _each_taken(self, count: int, places: int | None, low: float, high: float) -> Iterator[float]:
        """Yield what waits take of the limit, of which one is no more than it is for whatever thresholds."""
        slack, nobody = self.slack, True
        for wait in self._waits(count, places, low, high) if slack is None or len(slack.apart()[1]) else ():
            nobody = False
            yield self._waited_s(wait, low, high) if slack is None else self._late(wait)
        if nobody:
            yield 0.0 if slack is None else self._late(None)

    def _late(self, wait: Wait | None) -> float:
        assert self.slack is not None
        return float(self._rising(wait, self.slack.apart()) @ self.reaches)

    def most_work(self, count: int, low: float, high: float, halvings: int = HALVINGS) -> float:
        """Return the most work that machines without a function may have to do, between two; below `low`: none.

        Parameters
        ----------
        count, low, high
            As `row` takes them.
        halvings
            Of the range between two: it is told to twice such a part.

        Returns
        -------
        W, seconds.
        """
        at_high = self.taken(count, None, high, high)
        if at_high <= self.room:
            return high
        at_low = self.taken(count, None, low, high)
        if at_low > self.room:
            return low * (1 - 2 * TOLERANCE) - SMALLEST  # less than whatever counts as low
        near = (high - low) / 2**halvings
        while high - low > 2 * near:  # once both are near the limit what is late grows about as a power
            close = at_high < NEAR * self.room and at_low * NEAR > self.room
            part = math.log(self.room / at_low) / math.log(at_high / at_low) if close else 0.5
            aim = low + min(max(part, 0.05), 0.95) * (high - low)
            for middle in (aim + near, aim - near) if close else (aim,):
                if not low < middle < high:
                    continue
                taken = self.taken(count, None, middle, high)
                if taken > self.room:
                    high, at_high = middle, taken
                else:
                    low, at_low = middle, taken
        return high

    def places(self, counts: Iterable[int], low: float, high: float) -> dict[int, int]:
        """Return `most_places` for rising numbers of machines: where all places are in time, they are for more, too.

        Where all of use are, any number may be: what is left out costs next to nothing, but a bound leaves out nothing.

        Parameters
        ----------
        counts
            Machines, rising.
        low, high
            As `row` takes them.

        Returns
        -------
        By number of machines, requests that may wait.
        """
        found, last, every = dict[int, int](), 0, False
        for count in counts:
            useful = ROOMS[useful_rooms(count * self.workers, self.queues.peak * high) - 1]
            last = useful if every else self.most_places(count, low, high, last, useful)
            every = last == useful
            found[count] = ROOMS[-1] if every else last
        return found

    def most_places(self, count: int, low: float, high: float, least: int, most: int) -> int:
        """Return the most of `ROOMS` that may be in time beside a function.

        Parameters
        ----------
        count
            Machines.
        low, high
            Between these is W, seconds.
        least
            What fewer machines may have: more have no less.
        most
            More are of no use.
        """

        def late(n: int) -> bool:
            return self.late(count, ROOMS[n], low, high)

        useful = ROOMS.index(most) + 1
        if not late(useful - 1):  # often so, or none
            return most
        last, step = min(ROOMS.index(least), useful - 1), 1  # the last known to be in time
        while last + step < useful and not late(last + step):
            last, step = last + step, 2 * step
        end = min(last + step, useful)
        found: int = bisect_left(range(last + 1, end), True, key=late)
        return ROOMS[last + found]


def rounded_down(cv2: float, width: float) -> float:
    """Return a squared coefficient of variation or a little less, one of few: what queues of a law have is kept.

    Parameters
    ----------
    cv2
        The coefficient.
    width
        Relative range of the work that it is the least of: the narrower, the less is taken off.
    """
    if not cv2 > 0 or not width > 0:
        return cv2
    parts = 2.0 ** math.ceil(math.log2(PARTS / width))
    return float(2.0 ** (math.floor(parts * math.log2(cv2)) / parts))


def rows(
    relaxed: LeastWaits, sizes: Iterable[tuple[int, int | None]], low: float, high: float
) -> tuple[tuple[float, ...], ...]:
    """Return what each size makes late of the limit, by stage from the block on.

    Parameters
    ----------
    relaxed
        The block.
    sizes
        Machines and places to wait, in turn.
    low, high
        As `LeastWaits.row` takes them.
    """
    return tuple(tuple((relaxed.row(*size, low, high) / relaxed.room).tolist()) for size in sizes)


def tangents(
    relaxed: LeastWaits, count: int, room: int | None, low: float, high: float, points: Sequence[float]
) -> list[tuple[float, float]]:
    """Return lines (slope, intercept) below the mean wait of machines, near some points: see `below.py`.

    Parameters
    ----------
    relaxed, count, low, high
        As `LeastWaits.row` takes them, of the block.
    room
        Requests that may wait; None: all.
    points
        W near which lines are wanted, seconds.
    """
    ends = np.linspace(low, high, WAITED + 1)
    waited = [relaxed.waited_s(count, room, *own) for own in itertools.pairwise(ends.tolist())]
    return lines_below(ends, np.array(waited), points)
