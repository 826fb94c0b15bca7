"""How long a request holds a server."""

from __future__ import annotations

import math
from dataclasses import dataclass

from serflow_opt.ground.tolerances import ROUNDING


@dataclass(frozen=True)
class ServiceTime:
    """A mixture of fixed times, each times a factor that scatters about 1.

    Attributes
    ----------
    seconds
        The fixed times, s.
    shares
        Share of the requests that each of them holds; they sum to 1.
    cv_extra
        Coefficient of variation of the factor, which is independent of the time and 1 on average. 0: there is none.
        Where its law matters it is taken to be log-normal.
    """

    seconds: tuple[float, ...]
    shares: tuple[float, ...]
    cv_extra: float = 0.0

    @classmethod
    def of_moments(cls, mean: float, cv2: float) -> ServiceTime:
        """Return a service time by its mean, s, and its squared coefficient of variation, all that is known."""
        return cls((mean,), (1.0,), math.sqrt(cv2))

    @property
    def unit(self) -> ServiceTime:
        """Return the same law with a mean of 1: what queues do not change with is kept by it."""
        mean = self.mean
        return ServiceTime(tuple(s / mean for s in self.seconds), self.shares, self.cv_extra) if mean > 0 else self

    @property
    def scatters(self) -> bool:
        """Whether there is a factor to speak of."""
        return self.cv_extra > ROUNDING

    @property
    def mean(self) -> float:
        """Mean, s."""
        return math.fsum(share * s for share, s in zip(self.shares, self.seconds, strict=True))

    @property
    def cv2(self) -> float:
        """Squared coefficient of variation: variance over the square of the mean; 0 where the mean is 0."""
        mean = self.mean
        if mean == 0.0:
            return 0.0
        scatter = math.fsum(share * (s / mean - 1) ** 2 for share, s in zip(self.shares, self.seconds, strict=True))
        return scatter + self.cv_extra**2 * (1.0 + scatter)
