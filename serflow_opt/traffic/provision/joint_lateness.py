"""What waits in several blocks make late, for all ways to choose one of many waits in each at once.

Who is in time with slack t is told on a grid (`lateness.py`) by Σ_x w_t(x) P(V_1 + .. + V_b = xh), V the rounded waits:
w_t is 1 below ih <= t, with t = (i + p) h it is (1 + p) / 2 at i, and p / 2 at i + 1. That is linear in the masses of
each block. With the waits of all but the last two blocks chosen, and T(l) = Σ_m P(V_1 + .. = mh) w(l + m), it is

    Σ_l P(V_y = lh) G_z(l),   G_z(l) = Σ_n P(V_z = nh) T(l + n):

a transform for each wait of the last block, and one product of matrices for all pairs. Slacks below h are read off
P(ΣW = 0), a product, instead of the mass at 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from serflow_opt.traffic.provision.waits import LAST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from serflow_opt.ground.arrays import Floats, Ints
    from serflow_opt.traffic.provision.lateness import Lateness
    from serflow_opt.traffic.provision.waits import Queues, Wait

LENGTH = 1 << (2 * LAST).bit_length()
"""Of transforms: no sum of two comes round again."""
AT_ONCE = 50 * 2**20
"""Bytes of transforms that are made at once."""


@dataclass(frozen=True, slots=True, eq=False)
class ChosenWaits:
    """Waits that are chosen for the first blocks.

    Attributes
    ----------
    taken
        What they take of the limit, in its unit.
    mass
        Of their rounded sum, grids x rates x points; None: of none.
    never
        P(nobody waits), by rate.
    """

    taken: float
    mass: Floats | None = None
    never: Floats | None = None


class JointTaken(Protocol):
    """What waits take of the limit; `n` counts blocks that wait, options count their waits."""

    def none(self) -> ChosenWaits:
        """Return what is taken where no wait is chosen yet."""
        ...

    def chosen(self, before: ChosenWaits, n: int, option: int) -> ChosenWaits:
        """Return what is taken with a wait of block n, which is none of the last two.

        Parameters
        ----------
        before, n, option
            What is chosen of the blocks before, and which wait of which block.
        """
        ...

    def pairs(self, before: ChosenWaits, second: int, last: int) -> Floats:
        """Return what is taken with each of the first so many waits of the last two blocks.

        Parameters
        ----------
        before, second, last
            What is chosen of all others, and how many waits of the last but one and of the last block.
        """
        ...


class JointMean:
    """The mean: waits add up.

    Parameters
    ----------
    path_s
        Mean seconds of a request that need not wait.
    queues
        Under the demand.
    reach
        Share of the requests that enters each block.
    waits
        By block, those to choose from.
    """

    def __init__(self, path_s: float, queues: Queues, reach: Sequence[float], waits: Sequence[Sequence[Wait]]) -> None:
        self._path_s = path_s
        self._each = [
            np.array([share * float(queues.mean(wait.seconds)) for wait in own])
            for share, own in zip(reach, waits, strict=True)
        ]

    def none(self) -> ChosenWaits:
        """See `JointTaken`."""
        return ChosenWaits(self._path_s)

    def chosen(self, before: ChosenWaits, n: int, option: int) -> ChosenWaits:
        """See `JointTaken`.

        Parameters
        ----------
        before, n, option
            As there.
        """
        return ChosenWaits(before.taken + float(self._each[n][option]))

    def pairs(self, before: ChosenWaits, second: int, last: int) -> Floats:
        """See `JointTaken`.

        Parameters
        ----------
        before, second, last
            As there.
        """
        taken: Floats = before.taken + self._each[-2][:second, None] + self._each[-1][:last]
        return taken


class JointLateness:
    """The share of late requests.

    Parameters
    ----------
    lateness
        Of the service.
    blocks
        Positions of the blocks that wait, two at least; nobody waits elsewhere.
    waits
        By block, those to choose from.
    """

    def __init__(self, lateness: Lateness, blocks: Sequence[int], waits: Sequence[Sequence[Wait]]) -> None:
        self._lateness, self._weights = lateness, lateness.queues.weights
        slack, share = lateness.slack, lateness.share
        ends = [*blocks[1:], math.inf]
        behind = [
            np.flatnonzero((slack >= 0) & (lateness.block >= b) & (lateness.block < end))
            for b, end in zip(blocks, ends, strict=True)
        ]
        self._at_once = float(share[slack < 0].sum())
        self._in_time = [float(share[own].sum()) for own in behind]
        first = behind[0]
        self._first = np.zeros(len(waits[0]))
        if len(first):
            self._first += [float(lateness.queues.late(wait, slack[first]) @ share[first]) for wait in waits[0]]
        grids = np.unique(lateness.octave(slack[np.concatenate(behind[1:])])).tolist() or [0]
        points = [self._of_points(own, grids) for own in behind]
        self._on_grid, self._at_zero = [on_grid for on_grid, _ in points], [at_zero for _, at_zero in points]
        self._grids, self._waits = grids, waits
        self._mass = [np.array([self._rounded(wait) for wait in own]) for own in waits]
        self._never = [np.array([1 - wait.beyond(np.zeros(1))[:, 0] for wait in own]) for own in waits]
        self._spectra: NDArray[np.complex128] | None = None

    def _rounded(self, wait: Wait) -> Floats:
        """Return the mass of a wait, grids x rates x points."""
        return np.array([self._lateness.rounded(wait, grid) for grid in self._grids])

    def _of_points(self, ending: Ints, grids: Sequence[int]) -> tuple[Floats, float]:
        """Return what a unit of mass at each point of each grid has in time, and what one has of nobody waiting."""
        lateness = self._lateness
        slack, share = lateness.slack[ending], lateness.share[ending]
        found, at_zero, octave = np.zeros((len(grids), LAST + 1)), 0.0, lateness.octave(slack)
        for g, grid in enumerate(grids):
            here = octave == grid
            at, part = lateness.cell(slack[here], grid)
            weight = share[here]
            points = np.arange(LAST + 1)
            below = (points < at[:, None]) + 0.0
            below[np.arange(len(at)), at] = np.where(at > 0, (1 + part) / 2, part)
            below[np.arange(len(at)), at + 1] = part / 2
            found[g] = weight @ below
            at_zero += float(weight[at == 0] @ (1 - part[at == 0]))
        return found, at_zero

    def none(self) -> ChosenWaits:
        """See `JointTaken`."""
        return ChosenWaits(self._at_once)

    def chosen(self, before: ChosenWaits, n: int, option: int) -> ChosenWaits:
        """See `JointTaken`.

        Parameters
        ----------
        before, n, option
            As there.
        """
        mass, never = self._mass[n][option], self._never[n][option]
        if before.mass is None or before.never is None:
            return ChosenWaits(before.taken + float(self._first[option]), mass, never)
        never = before.never * never
        spectrum = np.fft.rfft(before.mass, LENGTH) * np.fft.rfft(mass, LENGTH)
        whole = np.fft.irfft(spectrum, LENGTH)[:, :, : LAST + 1]
        in_time = float(np.einsum("r,grx,gx->", self._weights, whole, self._on_grid[n]))
        in_time += self._at_zero[n] * float(self._weights @ never)
        return ChosenWaits(before.taken + self._in_time[n] - in_time, whole, never)

    def pairs(self, before: ChosenWaits, second: int, last: int) -> Floats:
        """See `JointTaken`.

        Parameters
        ----------
        before, second, last
            As there.
        """
        mass = self._mass[-2][:second].reshape(second, -1)
        if before.mass is None or before.never is None:
            of_second, never = self._first[:second], self._weights
            ahead: Floats = self._on_grid[-1][:, None, :]
        else:
            never = self._weights * before.never
            shifted, ahead = self._ahead(before.mass, -2), self._ahead(before.mass, -1)
            of_second = self._in_time[-2] - mass @ (shifted * self._weights[:, None]).ravel()
            of_second = of_second - self._at_zero[-2] * (self._never[-2][:second] @ never)
        spectrum = np.fft.rfft(ahead * self._weights[:, None], LENGTH)
        taken = np.empty((second, last))
        step = max(1, AT_ONCE // (16 * LENGTH * spectrum.shape[0] * len(self._weights)))
        for begin in range(0, last, step):
            some = slice(begin, min(begin + step, last))
            left = np.fft.irfft(self._conjugates(some, step) * spectrum, LENGTH)[..., : LAST + 1]
            taken[:, some] = -(mass @ left.reshape(len(left), -1).T)
        if self._at_zero[-1] > 0:
            taken -= self._at_zero[-1] * ((self._never[-2][:second] * never) @ self._never[-1][:last].T)
        taken += before.taken + self._in_time[-1] + of_second[:, None]
        return taken

    def _ahead(self, mass: Floats, n: int) -> Floats:
        """Return what a unit of mass of block n at each point has in time behind others, grids x rates x points."""
        spectrum = np.fft.rfft(mass, LENGTH).conj() * np.fft.rfft(self._on_grid[n], LENGTH)[:, None, :]
        found: Floats = np.fft.irfft(spectrum, LENGTH)[..., : LAST + 1]
        return found

    def _conjugates(self, some: slice, step: int) -> NDArray[np.complex128]:
        """Return transforms of waits of the last block, which are kept where they are few."""
        if len(self._mass[-1]) > step:
            return np.fft.rfft(self._mass[-1][some], LENGTH).conj()
        if self._spectra is None:
            self._spectra = np.fft.rfft(self._mass[-1], LENGTH).conj()
        return self._spectra[some]
