"""What came after moments like this one: an analogue forecast from the minutes of the last days.

A moment is told by its last minute, by how that compares with the minute before and with the last twenty, all in
logarithms. Moments of the past weigh exp(-d²/2), d their distance in widths; what they were followed by, as a multiple
of their last minute, is expected again. So are, apart from that, the multiples at this time of day on the days before:
what begins on the hour does so on most days. With few like moments the forecast stays near the one it is given.
"""

from __future__ import annotations

import copy
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from serflow_opt.traffic.demand import saved
from serflow_opt.traffic.demand.forecast import DAY_S, distribution
from serflow_opt.traffic.demand.rates import Rates

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from serflow_opt.ground.arrays import Floats

MINUTE_S = 60
DAY = DAY_S // MINUTE_S
MEMORY = 3 * DAY
"""Minutes that are remembered."""
RECENT_S = 300
"""Seconds that are remembered, for how rates scatter within a minute."""
BEFORE = 20
"""Minutes that the last one is compared with."""
WIDTHS = np.array([0.35, 0.2, 0.35])
"""Of the minute over the one before, over the last twenty, and of itself; logarithms."""
FEW = 3.0
"""As many like moments weigh as much as the forecast that is given."""
EACH_DAY = 0.5
"""What the same time on one day before weighs, beside all else."""
LITTLE = 1e-4
"""Moments of less weight are left out."""
SPREAD = (2 * np.arange(7) + 1) / 14
"""Quantiles by which the scatter within a minute is told."""
QUIET = 1.0
"""Requests a minute; fewer are taken for one."""


class LikeMoments:
    """Minutes of the past, and what they say of now.

    Parameters
    ----------
    ahead_s
        How far is looked ahead, s: to the minute in which machines serve that are ordered now.
    smooth_s
        Rates are means over so many seconds.
    """

    def __init__(self, ahead_s: float, smooth_s: int = 1) -> None:
        self.lag, self.smooth_s = max(1, round(ahead_s / MINUTE_S)), smooth_s
        self.minutes: Floats = np.zeros(0)
        """Requests a minute, the last ones; NaN: not known."""
        self.recent: Floats = np.zeros(0)
        self.now_s = 0
        self._told: Floats = np.zeros((0, len(WIDTHS)))

    def observe(self, counts: NDArray[np.float64]) -> None:
        """Take in requests second by second; NaN: not known."""
        parts = np.split(counts, range(MINUTE_S - self.now_s % MINUTE_S, len(counts), MINUTE_S)) if len(counts) else []
        new = []
        for part in parts:
            self.recent = np.concatenate([self.recent, part])[-RECENT_S:]
            self.now_s += len(part)
            if self.now_s % MINUTE_S == 0:
                new.append(_a_minute(self.recent[-MINUTE_S:]))
        if new:
            known = len(self.minutes)
            whole = np.concatenate([self.minutes, new])
            told = _moments(whole[max(0, known - BEFORE) :])[-len(new) :]
            self.minutes, self._told = whole[-MEMORY:], _whole(np.concatenate([self._told, told])[-MEMORY:])

    def rates(self, otherwise: Rates) -> Rates:
        """Return what is expected, requests a second.

        Parameters
        ----------
        otherwise
            What is expected by somebody who knows no like moments.
        """
        followed = self.minutes[self.lag :] / np.maximum(self.minutes[: -self.lag], QUIET)
        last = _a_minute(self.recent[-MINUTE_S:])
        if not len(followed) or math.isnan(last):
            return otherwise
        weights, left = self._weights(len(followed), last)
        there = (weights > LITTLE) & ~np.isnan(followed)
        if not there.any():
            return otherwise
        shares = weights[there] * ((1 - left) / weights[there].sum())
        most = max(float(np.nanmax(self.minutes)), last)
        means = np.minimum(max(last, QUIET) * followed[there], most) / MINUTE_S
        scatter = self._scatter()
        rates = np.rint(np.outer(means, scatter).ravel() * self.smooth_s) / self.smooth_s
        return distribution(
            np.concatenate([otherwise.rates, rates]),
            np.concatenate([otherwise.shares * left, np.repeat(shares / len(scatter), len(scatter))]),
        )

    def _weights(self, many: int, last: float) -> tuple[Floats, float]:
        """Return the weights of the first so many moments, and of the forecast that is given; they sum up to 1."""
        now = _moments(np.append(self.minutes[-BEFORE:-1], last))[-1]
        before = _a_minute(self.recent[-2 * MINUTE_S : -MINUTE_S])
        if not math.isnan(before):
            now[0] = math.log(max(last, QUIET) / max(before, QUIET))
        far = (self._told[:many] - now) / WIDTHS
        weights = np.nan_to_num(np.exp(-0.5 * np.einsum("ij,ij->i", far, far)))
        left = FEW / (FEW + float(weights.sum()))
        weights = weights / (FEW + float(weights.sum()))
        days = np.arange(len(self.minutes) - 1 - DAY, -1, -DAY)
        days = days[days < many]
        if len(days):
            apart = 1 / (1 + EACH_DAY * len(days))
            weights, left = weights * apart, left * apart
            weights[days] += (1 - apart) / len(days)
        return weights, left

    def _scatter(self) -> Floats:
        """Return quantiles of the rate within a minute, as multiples of its mean."""
        step, whole = self.smooth_s, len(self.recent) // MINUTE_S * MINUTE_S
        minutes = self.recent[len(self.recent) - whole :].reshape(-1, MINUTE_S)
        minutes = minutes[(~np.isnan(minutes)).all(axis=1) & (minutes.sum(axis=1) > 0)]
        if not len(minutes):
            return np.ones(1)
        steps = minutes[:, : MINUTE_S // step * step].reshape(len(minutes), -1, step).mean(axis=2)
        found: Floats = np.quantile(steps / minutes.mean(axis=1, keepdims=True), SPREAD)
        return found

    def state(self) -> dict[str, Any]:
        """Return all of it, to be written as JSON."""
        return {"minutes": _written(self.minutes), "recent": _written(self.recent), "now_s": self.now_s}

    def restored(self, own: object, place: str) -> LikeMoments:
        """Return a copy that goes on from a saved state.

        Parameters
        ----------
        own, place
            The state, and where it stands.

        Raises
        ------
        InputError
            Names the key that is damaged.
        """
        state, inside, fresh = saved.mapping(own, place), f"{place}.", copy.copy(self)
        fresh.minutes = np.array(saved.numbers(state, "minutes", inside, low=0.0)[-MEMORY:], dtype=float)
        fresh.recent = np.array(saved.numbers(state, "recent", inside, low=0.0)[-RECENT_S:], dtype=float)
        fresh.now_s = saved.whole(state, "now_s", inside, low=0.0)
        fresh._told = _whole(_moments(fresh.minutes))
        return fresh


def _a_minute(seconds: Floats) -> float:
    """Return requests a minute, to a thousandth; NaN where no second is known."""
    known = seconds[~np.isnan(seconds)]
    return round(MINUTE_S * float(known.mean()), 3) if len(known) else math.nan


def _moments(minutes: Floats) -> Floats:
    """Return what each minute is told by; NaN where it is not known, or one that it is compared with."""
    known = np.maximum(minutes, QUIET)
    if not len(known):
        return np.zeros((0, len(WIDTHS)))
    stretches = np.lib.stride_tricks.sliding_window_view(np.append(np.full(BEFORE - 1, np.nan), known), BEFORE)
    there = ~np.isnan(stretches)
    means = np.where(there, stretches, 0.0).sum(axis=1) / np.maximum(there.sum(axis=1), 1)
    before = np.concatenate([known[:1], known[:-1]])
    told: Floats = np.log(np.stack([known / before, known / np.maximum(means, QUIET), known], axis=1))
    return told


def _whole(told: Floats) -> Floats:
    """Forget the first moments of a full memory, since the minutes before them are gone."""
    if len(told) == MEMORY:
        told[:BEFORE] = np.nan
    return told


def _written(values: Floats) -> list[float | None]:
    return [None if math.isnan(x) else x for x in values.tolist()]
