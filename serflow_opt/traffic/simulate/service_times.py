"""How long requests take: the law of their service times, and each request's own in a block."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import numpy as np

from serflow_opt import kernels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from serflow_opt.traffic.service import Block, Function, Machine

LAWS = ("fixed", "lognormal", "pareto")


@dataclass(frozen=True, slots=True, eq=False)
class Law:
    """How service times scatter around what a block's options state.

    Attributes
    ----------
    name
        One of `LAWS`, or empirical.
    cv
        Coefficient of variation, of lognormal and pareto.
    factors
        Of empirical: what to draw from, with mean 1.
    """

    name: str = "fixed"
    cv: float = 0.5
    factors: NDArray[np.float64] | None = None

    @classmethod
    def of(cls, times: str | NDArray[np.float64], cv: float) -> Law:
        """Read what `simulate` was asked for."""
        if isinstance(times, str):
            if times not in LAWS:
                raise ValueError(f"times: '{times}'; give one of {', '.join(LAWS)}, or measured factors")
            if not (math.isfinite(cv) and cv >= 0):
                raise ValueError(f"cv: {cv}; give a finite number, 0 or more")
            return cls(times, cv) if cv > 0 or times == "lognormal" else cls()
        factors = np.asarray(times, float).ravel()
        if not (len(factors) and np.isfinite(factors).all() and (factors >= 0).all() and factors.sum() > 0):
            raise ValueError("times: measured factors must be finite, 0 or more, and not all 0")
        return cls("empirical", cv, factors / factors.mean())

    @property
    def scatters(self) -> bool:
        """Whether it has factors, for options that state no standard deviation."""
        return self.spread > 0

    @property
    def spread(self) -> float:
        """Coefficient of variation of the factors."""
        if self.factors is not None:
            return float(self.factors.std())
        return 0.0 if self.name == "fixed" else self.cv

    def __str__(self) -> str:
        """What it is called."""
        if self.factors is not None:
            return f"measured factors, coefficient of variation {self.spread:.3g}"
        return f"{self.name}, coefficient of variation {self.cv:.3g}" if self.scatters else "as stated"

    def quantiles(self, below: NDArray[np.float64], cv: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return quantiles of factors with mean 1 and other coefficients of variation; lognormal ones if it is fixed.

        Parameters
        ----------
        below
            Share of the factors below each quantile, length Q.
        cv
            Coefficients of variation, length C.

        Returns
        -------
        array
            Q x C; measured factors are drawn together or apart about their mean.
        """
        share, spread = below[:, None], cv[None, :]
        if self.factors is not None and self.spread > 0:
            own = np.quantile(self.factors, below, method="inverted_cdf")[:, None]
            return np.maximum(1 + (own - 1) * spread / self.spread, 0.0)
        if self.name == "pareto":
            shape = 1 + np.sqrt(1 + 1 / np.square(np.where(spread > 0, spread, 1.0)))
            drawn: NDArray[np.float64] = np.where(spread > 0, (shape - 1) / shape * (1 - share) ** (-1 / shape), 1.0)
            return drawn
        variance = np.log1p(np.square(spread))
        normal = np.array([NormalDist().inv_cdf(x) if x > 0 else -math.inf for x in below.tolist()])[:, None]
        scaled = np.multiply(normal, np.sqrt(variance), out=np.zeros((len(below), len(cv))), where=spread > 0)
        found: NDArray[np.float64] = np.exp(scaled - variance / 2)
        return found


class Durations:
    """Service times in a block, of all requests: one factor a request, the same on all options.

    Options that state a standard deviation have their own under a lognormal law; there the request's place among all
    requests is the same on all options.

    Parameters
    ----------
    exits
        Position of the stage where each request leaves; may be written to before the request enters the block.
    hop_s
        What handing a request over to the next block takes, seconds; it holds the workers of machines that send.
    """

    def __init__(
        self, block: Block, exits: NDArray[np.int16], law: Law, rng: np.random.Generator, hop_s: float = 0.0
    ) -> None:
        self._block, self._exits = block, exits
        self._options: list[Machine | Function] = [*block.machines]
        self._options += [] if block.function is None else [block.function]
        self._sending = [hop_s if getattr(option, "sends", False) else 0.0 for option in self._options]
        self._rows = [-1] * len(self._options)  # of the factors, by option; -1: times are as stated
        n = len(exits)
        factors: list[NDArray[np.float64]] = []
        general: NDArray[np.float64] | None = None
        if law.name == "lognormal":
            normal = rng.standard_normal(n)
            for k, option in enumerate(self._options):
                if option.sd_s:
                    self._rows[k] = len(factors)
                    factors.append(self._scattered(option, normal))
            if law.cv > 0:
                general = _lognormal(normal, law.cv)
        elif law.name == "pareto":
            # cv² = 1 / (α (α - 2)), mean = scale α / (α - 1) = 1
            shape = 1 + math.sqrt(1 + 1 / law.cv**2)
            general = (shape - 1) / shape * (1 - rng.random(n)) ** (-1 / shape)
        elif law.factors is not None:
            general = rng.choice(law.factors, n)
        if general is not None:
            self._rows = [len(factors) if row < 0 else row for row in self._rows]
            factors.append(general)
        self._factors = factors[0][None, :] if len(factors) == 1 else np.array(factors).reshape(len(factors), n)
        self._compiled: Any = None

    def outcomes(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """How these requests end in the block; the last outcome is to go on."""
        return np.minimum(self._exits[numbers].astype(np.int64) - self._block.first, self._block.outcomes - 1)

    def going_on(self, numbers: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return which of these requests go on behind the block."""
        if kernels.compiled:
            on = np.empty(len(numbers), bool)
            self._lasting.going_on(numbers, on.view(np.uint8))
            return on
        goes: NDArray[np.bool_] = self.outcomes(numbers) == self._block.outcomes - 1
        return goes

    def place(self, option: Machine | Function) -> int:
        """Return the position of an option of the block: its machines, and then its function."""
        return self._options.index(option)

    def seconds(
        self, option: Machine | Function, numbers: NDArray[np.int64], outcomes: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """Return how long an option takes for these requests.

        Parameters
        ----------
        option
            Of the block.
        numbers
            Positions of the N requests among all.
        outcomes
            How each ends in the block, as `outcomes` says.

        Returns
        -------
        array
            Seconds, length N.
        """
        stated: NDArray[np.float64] = np.asarray(option.seconds, float)[outcomes]
        row = self._rows[self.place(option)]
        return stated if row < 0 else stated * self._factors[row, numbers]

    def factors(self, option: Machine | Function, numbers: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return what the stated times of an option are multiplied by for requests."""
        row = self._rows[self.place(option)]
        return np.ones(len(numbers)) if row < 0 else self._factors[row, numbers]

    def holds(self, option: Machine | Function, numbers: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return how long these requests hold a worker of an option, seconds; on the function, how long they take."""
        place = self.place(option)
        if kernels.compiled:
            found = np.empty(len(numbers))
            self._lasting.holds(place, numbers, found)
            return found
        outcomes = self.outcomes(numbers)
        seconds = self.seconds(option, numbers, outcomes)
        held: NDArray[np.float64] = seconds + self._sending[place] * (outcomes == self._block.outcomes - 1)
        return held

    def ends(
        self, numbers: NDArray[np.int64], starts: NDArray[np.float64], places: NDArray[np.int64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return when requests are done that options have begun with, and when their workers are free again.

        Parameters
        ----------
        numbers, starts
            The N requests, and their starts, seconds.
        places
            Of each, the position of the option.

        Returns
        -------
        tuple
            Two arrays of seconds, length N.
        """
        done, free = np.empty(len(numbers)), np.empty(len(numbers))
        if kernels.compiled:
            self._lasting.ends(numbers, starts, places, done, free)
            return done, free
        for place in np.unique(places).tolist():
            own, option = places == place, self._options[place]
            seconds = self.seconds(option, numbers[own], self.outcomes(numbers[own]))
            done[own], free[own] = starts[own] + seconds, starts[own] + self.holds(option, numbers[own])
        return done, free

    @property
    def _lasting(self) -> Any:
        """Compiled times, which are made when they are first asked for."""
        if self._compiled is None:
            from serflow_opt.kernels.accounts import Lasting

            stated = np.array([option.seconds for option in self._options], float).reshape(len(self._options), -1)
            last, rows = self._block.outcomes - 1, np.array(self._rows, np.int64)
            sending = np.array(self._sending)
            self._compiled = Lasting(self._exits, self._block.first, last, stated, sending, self._factors, rows)
        return self._compiled

    def _scattered(self, option: Machine | Function, normal: NDArray[np.float64]) -> NDArray[np.float64]:
        cv = [sd / mean if mean > 0 else 0.0 for sd, mean in zip(option.sd_s, option.seconds, strict=True)]
        # requests that leave before the block never come here
        outcomes = np.maximum(self.outcomes(np.arange(len(normal))), 0)
        return _lognormal(normal, np.asarray(cv)[outcomes])


def _lognormal(normal: NDArray[np.float64], cv: float | NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn standard normal numbers into lognormal ones with mean 1."""
    variance = np.log1p(np.square(cv))
    factors: NDArray[np.float64] = np.exp(np.sqrt(variance) * normal - variance / 2)
    return factors
