"""How long requests take: the law of their service times, and each request's own in a block."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

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
    """

    def __init__(self, block: Block, exits: NDArray[np.int16], law: Law, rng: np.random.Generator) -> None:
        self._block, self._exits = block, exits
        self._factor: NDArray[np.float64] | None = None
        self._own: dict[Machine | Function, NDArray[np.float64]] = {}
        n = len(exits)
        if law.name == "lognormal":
            normal = rng.standard_normal(n)
            options: list[Machine | Function] = [*block.machines]
            options += [] if block.function is None else [block.function]
            self._own = {option: self._scattered(option, normal) for option in options if option.sd_s}
            if law.cv > 0:
                self._factor = _lognormal(normal, law.cv)
        elif law.name == "pareto":
            # cv² = 1 / (α (α - 2)), mean = scale α / (α - 1) = 1
            shape = 1 + math.sqrt(1 + 1 / law.cv**2)
            self._factor = (shape - 1) / shape * (1 - rng.random(n)) ** (-1 / shape)
        elif law.factors is not None:
            self._factor = rng.choice(law.factors, n)

    def outcomes(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """How these requests end in the block; the last outcome is to go on."""
        return np.minimum(self._exits[numbers].astype(np.int64) - self._block.first, self._block.outcomes - 1)

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
        factor = self._own.get(option, self._factor)
        return stated if factor is None else stated * factor[numbers]

    def factors(self, option: Machine | Function, numbers: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return what the stated times of an option are multiplied by for requests."""
        factor = self._own.get(option, self._factor)
        return np.ones(len(numbers)) if factor is None else factor[numbers]

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
