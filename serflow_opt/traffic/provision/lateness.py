"""How much of a latency limit a service takes at fixed thresholds: share of late requests, or mean seconds.

A request that leaves at stage s needs T_s without waiting (`Promise.waiting_ways` says on which pools), and has the
slack L - T_s left of the limit L. With W_b the wait in front of block b, taken for independent of each other at every
rate,

    late  =  Σ_s β_s P(W_1 + .. + W_b(s) > L - T_s)         percentiles; the worst case, but for TAIL of the requests
    mean  =  Σ_s β_s T_s + Σ_b R_b E[W_b]

Cold starts add to T_s: by share in percentiles and in the mean, whole in the worst case.

Sums of several waits are taken on grids that depend on the limit alone: of steps h = L / 2^(k+1) / `CELLS` for slacks
in (L / 2^(k+1), L / 2^k]. The share of a wait in a cell [ih, (i+1)h] is split between its ends, so that

    P(V <= ih) = (P(W <= ih) + P(W <= (i+1)h)) / 2

of the rounded wait V, and what is beyond t is read off between ih <= t <= (i+1)h in proportion from the values
(P(ΣV > ih) + P(ΣV >= ih)) / 2; at 0 it is P(ΣW > 0). So what is told is off by the square of h, and never falls where
P(W_b > t) rises for all t: then V_b rises in the usual stochastic order (the first equation), with it the sum of
independent V (M. Shaked, J. G. Shanthikumar, "Stochastic orders", 2007, theorem 1.A.3), and with that each value. So
waits that are no longer than others make no more late, as told, either: bounds need no margin for the grid.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.ground.tolerances import TOLERANCE
from serflow_opt.traffic.provision.waits import CELLS, LAST, REMEMBERED

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from serflow_opt.traffic.provision.waits import Queues, Wait

    Floats = NDArray[np.float64]

TAIL = 1e-4
"""Share of the requests that may wait longer than a worst-case limit allows: no queue keeps it for all."""
OCTAVES = 10
"""Grids, the shortest slacks share the last. Where times vary there is one: their levels are further apart than its
cells."""


@dataclass(frozen=True, slots=True)
class Ending:
    """Requests that leave at one stage and meet the same cold starts.

    Attributes
    ----------
    block
        Position of the block where they leave.
    share
        Of all requests.
    seconds
        What they need without waiting.
    """

    block: int
    share: float
    seconds: float


class Lateness:
    """What waits take of a limit.

    Parameters
    ----------
    queues
        Under the demand.
    endings
        All requests, by where they leave and the cold starts they meet.
    bound_s
        L, seconds; None where the limit is on the mean.
    varies
        Whether times vary, so that slacks are many.
    called
        A block, and how many more of all requests would be late if those who enter it went to its function.
    """

    def __init__(
        self,
        queues: Queues,
        endings: Sequence[Ending],
        bound_s: float | None,
        *,
        varies: bool = False,
        called: tuple[int, float] | None = None,
    ) -> None:
        self.queues, self.endings = queues, [own for own in endings if own.share > 0]
        self.bound_s = math.inf if bound_s is None else bound_s * (1 + TOLERANCE)
        self.slack = np.array([self.bound_s - own.seconds for own in self.endings])
        self.share = np.array([own.share for own in self.endings])
        self.block = np.array([own.block for own in self.endings], dtype=np.int64)
        self.called = called if called is not None and called[1] > 0 else None
        self._octaves = 1 if varies else OCTAVES
        self._spectra: dict[tuple[Wait, int, int], NDArray[np.complex128]] = {}

    def late(self, waits: Sequence[Wait | None]) -> float:
        """Share of the requests that end after the limit.

        Parameters
        ----------
        waits
            By block; None: nobody waits, and nobody goes to a function that makes late.
        """
        late = float(self.late_each(waits) @ self.share)
        if self.called is not None:
            b, more = self.called
            wait = waits[b]
            late += 0.0 if wait is None else more * float(self.queues.mean(wait.lost))
        return late

    def late_each(self, waits: Sequence[Wait | None]) -> Floats:
        """Share that is late of those of each ending; arguments as of `late`."""
        late = np.where(self.slack < 0, 1.0, 0.0)
        waiting = [b for b, wait in enumerate(waits) if wait is not None]
        behind = (self.slack >= 0) & (self.block >= min(waiting, default=len(waits)))
        for n, b in enumerate(waiting):
            last = waiting[n + 1] if n + 1 < len(waiting) else len(waits)
            here = np.flatnonzero(behind & (self.block >= b) & (self.block < last))
            own = [wait for wait in (waits[c] for c in waiting[: n + 1]) if wait is not None]
            if not len(here):
                continue
            if len(own) == 1:
                late[here] = self.queues.late(own[0], self.slack[here])
                continue
            octave = self.octave(self.slack[here])
            for k in np.unique(octave).tolist():
                some = here[octave == k]
                late[some] = self.queues.mean(self._beyond_sum(own, self.slack[some], k))
        return late

    def octave(self, slack: Floats) -> NDArray[np.int64]:
        """Return k of the grids for some slacks, none above L: each depends on its slack and the limit alone."""
        with np.errstate(divide="ignore"):
            found: NDArray[np.int64] = np.clip(-np.log2(slack / self.bound_s), 0, self._octaves - 1).astype(np.int64)
        return found

    def _beyond_sum(self, waits: Sequence[Wait], times: Floats, octave: int) -> Floats:
        """P(sum of waits > t), by rate and time, on the grid of an octave."""
        length = 1 << (len(waits) * LAST).bit_length()  # no sum comes round again
        spectrum = self._spectrum(waits[0], octave, length)
        for wait in waits[1:]:
            spectrum = spectrum * self._spectrum(wait, octave, length)
        mass = np.fft.irfft(spectrum, length)[:, : LAST + 1]
        beyond = 1 - (np.cumsum(mass, axis=1) - mass / 2)
        at, part = self.cell(times, octave)
        if not at.all():
            beyond[:, :1] = 1 - np.prod([1 - wait.beyond(np.zeros(1)) for wait in waits], axis=0)
        found: Floats = np.clip(beyond[:, at] * (1 - part) + beyond[:, at + 1] * part, 0.0, 1.0)
        return found

    def _width(self, octave: int) -> float:
        """Seconds between points of the grid of an octave."""
        return self.bound_s * 0.5 ** (octave + 1) / CELLS

    def cell(self, slack: Floats, octave: int) -> tuple[NDArray[np.int64], Floats]:
        """Return between which points of the grid of an octave slacks are: the one below, and how far behind it."""
        steps = slack / self._width(octave)
        at = np.minimum(steps.astype(np.int64), LAST - 1)
        return at, steps - at

    def rounded(self, wait: Wait, octave: int) -> Floats:
        """Return the mass of a wait on the grid of an octave, rates x points."""
        mass: Floats = self.queues.rounded(wait, self._width(octave))
        return mass

    def _spectrum(self, wait: Wait, octave: int, length: int) -> NDArray[np.complex128]:
        """Transform of a wait on a grid: of each block once for all numbers of machines of the others."""
        key = wait, octave, length
        if key not in self._spectra:
            found = np.fft.rfft(self.rounded(wait, octave), length)
            if len(self._spectra) * found.nbytes > REMEMBERED:
                self._spectra.clear()
            self._spectra[key] = found
        return self._spectra[key]

    def mean_s(self, waits: Sequence[Wait | None], reach: Sequence[float]) -> float:
        """Mean seconds of a request, waits included.

        Parameters
        ----------
        waits
            By block; None: nobody waits.
        reach
            Share of all requests that enter each block.
        """
        path = math.fsum(own.share * own.seconds for own in self.endings)
        return path + waited_s(self.queues, waits, reach)


def waited_s(queues: Queues, waits: Sequence[Wait | None], reach: Sequence[float]) -> float:
    """Mean seconds that a request of the service waits.

    Parameters
    ----------
    queues
        Under the demand.
    waits, reach
        By block, as of `Lateness.mean_s`.
    """
    pairs = zip(reach, waits, strict=True)
    return math.fsum(share * float(queues.mean(wait.seconds)) for share, wait in pairs if wait is not None)
