"""What comes next, from what came: forecasters behind one interface.

A forecaster is told requests second by second and says how the rate will be distributed while a decision holds. All can
write down what they know and go on from it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from serflow_opt.traffic.demand import saved
from serflow_opt.traffic.demand.rates import Rates

if TYPE_CHECKING:
    from numpy.typing import NDArray

DAY_S = 86_400
COUNTED = 4
"""Rates are counted where the largest is no more than so many times their number, and sorted otherwise."""


class Forecaster(Protocol):
    """Somebody who looks ahead."""

    def observe(self, counts: NDArray[np.float64]) -> None:
        """Take in the requests of the next seconds; NaN: not known."""

    def rates(self) -> Rates | None:
        """Return how the rate will be distributed, requests per second; None: nothing known yet."""

    def state(self) -> dict[str, Any]:
        """Return all it knows, to be written as JSON."""

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from such a state; InputError names the key that cannot have been saved."""


@dataclass
class Ewma:
    """Exponentially weighted mean and mean absolute deviation (LIBRA, SERFLOW).

    σ <- (1 - a) σ + a |x - μ|, then μ <- (1 - a) μ + a x; the rate is taken for normal with standard deviation
    σ √(π/2), cut off at 0.
    """

    weight: float = 0.2
    mean: float | None = None
    deviation: float = 0.0

    def observe(self, counts: NDArray[np.float64]) -> None:
        """Take in seconds."""
        mean, deviation, a = self.mean, self.deviation, self.weight
        for x in counts[~np.isnan(counts)].tolist():
            if mean is None:
                mean = x
            else:
                deviation = (1 - a) * deviation + a * abs(x - mean)
                mean = (1 - a) * mean + a * x
        self.mean, self.deviation = mean, deviation

    def rates(self) -> Rates | None:
        """Return nine quantiles of equal weight."""
        if self.mean is None:
            return None
        spread = self.deviation * math.sqrt(math.pi / 2)
        at = [NormalDist().inv_cdf((2 * i + 1) / 18) for i in range(9)]
        return distribution(np.array([max(0.0, self.mean + spread * z) for z in at]), np.full(9, 1 / 9))

    def state(self) -> dict[str, Any]:
        """Return mean and deviation."""
        return {"mean": self.mean, "deviation": self.deviation}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from them."""
        mean = None if saved.entry(state, "mean") is None else saved.number(state, "mean", low=0.0)
        self.mean, self.deviation = mean, saved.number(state, "deviation", low=0.0)


FADES = ((1200.0, 0.4), (100.0, 0.3), (30.0, 0.3))
"""Seconds in which memory fades by e, and shares: long for the spread of the rate, short for where it is now."""


@dataclass
class RecentWindow:
    """The last seconds are the distribution; the older, the less they count.

    Attributes
    ----------
    fades
        Memories of different lengths, each by the seconds in which weights fall by e and its share of the distribution.
        What is kept is four times the longest.
    smooth_s
        Rates are means over so many seconds.
    """

    fades: tuple[tuple[float, float], ...] = FADES
    smooth_s: int = 1
    seen: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    @property
    def kept(self) -> int:
        """Seconds that are remembered."""
        return math.ceil(4 * max(fade for fade, _ in self.fades))

    def observe(self, counts: NDArray[np.float64]) -> None:
        """Take in seconds, forget the oldest."""
        self.seen = np.concatenate([self.seen, counts])[-self.kept :]

    def rates(self) -> Rates | None:
        """Return the means over the window, weighted."""
        means, age = _means(self.seen, self.smooth_s)
        known = ~np.isnan(means)
        if not known.any():
            return None
        ages = age[known] - age[known].min()
        weights = np.zeros(len(ages))
        for fade, share in self.fades:
            fading = np.exp(-ages / fade)
            weights += share * fading / fading.sum()
        return distribution(means[known], weights, self.smooth_s)

    def state(self) -> dict[str, Any]:
        """Return the window."""
        return {"seen": [None if math.isnan(x) else x for x in self.seen.tolist()]}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from it."""
        seen = saved.numbers(state, "seen", low=0.0)
        self.seen = np.array(seen[-self.kept :], dtype=float)


@dataclass
class Daily:
    """The window, moved by how the rate went on from this time of day on the days before.

    Attributes
    ----------
    window
        What is known of the last minutes.
    ahead_s
        How far ahead the profile is read.
    profile
        Mean rate by minute of the day, requests per second; NaN: not seen. Later days weigh more.
    """

    window: RecentWindow = field(default_factory=RecentWindow)
    ahead_s: float = 900.0
    profile: NDArray[np.float64] = field(default_factory=lambda: np.full(DAY_S // 60, np.nan))
    now_s: int = 0
    minute: list[float] = field(default_factory=list)

    def observe(self, counts: NDArray[np.float64]) -> None:
        """Take in seconds; put away each minute when it is whole."""
        self.window.observe(counts)
        for x in counts.tolist():
            self.minute.append(x)
            self.now_s += 1
            if self.now_s % 60 == 0:
                known = [y for y in self.minute if not math.isnan(y)]
                if known:
                    m, mean = (self.now_s // 60 - 1) % len(self.profile), math.fsum(known) / len(known)
                    before = self.profile[m]
                    self.profile[m] = mean if math.isnan(before) else (before + mean) / 2
                self.minute = []

    def rates(self) -> Rates | None:
        """Return the window's rates times (profile ahead / profile now), where both are known."""
        rates = self.window.rates()
        if rates is None or self.now_s < DAY_S:
            return rates
        minute, ahead = self.now_s // 60, max(1, round(self.ahead_s / 60))
        then = self.profile[(minute + np.arange(ahead)) % len(self.profile)]
        now = self.profile[(minute - 1 - np.arange(ahead)) % len(self.profile)]
        if np.isnan(then).any() or np.isnan(now).any() or now.mean() <= 0:
            return rates
        return Rates(rates.rates * (then.mean() / now.mean()), rates.shares)

    def state(self) -> dict[str, Any]:
        """Return window, profile and clock."""
        profile = [None if math.isnan(x) else x for x in self.profile.tolist()]
        minute = [None if math.isnan(x) else x for x in self.minute]
        return {"window": self.window.state(), "profile": profile, "now_s": self.now_s, "minute": minute}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from them."""
        profile = saved.numbers(state, "profile", low=0.0)
        if len(profile) != len(self.profile):
            raise saved.damaged("profile", f"{len(profile)} rates", f"one for each of {len(self.profile)} minutes")
        now_s, minute = saved.whole(state, "now_s", low=0.0), saved.numbers(state, "minute", low=0.0)
        if len(minute) != now_s % 60:
            raise saved.damaged("minute", f"{len(minute)} s", f"{now_s % 60} s at second {now_s}")
        self.window.restore(saved.mapping(saved.entry(state, "window"), "window"))
        self.profile, self.now_s, self.minute = np.array(profile, dtype=float), now_s, minute


def _means(seen: NDArray[np.float64], seconds: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Means over stretches of so many seconds, the last one ending now, and their ages."""
    whole = len(seen) // seconds * seconds
    means = seen[len(seen) - whole :].reshape(-1, seconds).mean(axis=1).astype(np.float64)
    return means, ((np.arange(len(means))[::-1] + 0.5) * seconds).astype(np.float64)


def distribution(rates: NDArray[np.float64], weights: NDArray[np.float64], seconds: int = 1) -> Rates:
    """Put equal rates together; those that are whole requests over so many seconds are counted without sorting.

    Parameters
    ----------
    rates, weights
        Requests a second, and their shares, which sum up to 1.
    seconds
        Over which rates are means.
    """
    counts = np.rint(rates * seconds)
    if counts.min() >= 0 and counts.max() < COUNTED * len(rates) and np.array_equal(counts / seconds, rates):
        which = counts.astype(np.int64)
        there = np.flatnonzero(np.bincount(which))
        shares = np.bincount(which, weights=weights).astype(np.float64)
        return Rates((there / seconds).astype(np.float64), shares[there])
    values, which = np.unique(rates, return_inverse=True)
    return Rates(values, np.bincount(which, weights=weights).astype(np.float64))
