"""A batching problem in seconds and USD: applications, and functions with time and price of every size and batch."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Application:
    """Requests that come at a rate and have to be answered within a target."""

    name: str
    slo_s: float
    rate: float


@dataclass(frozen=True, slots=True, eq=False)
class FunctionKind:
    """A kind of function.

    Attributes
    ----------
    name, unit
        What the file calls it, and what its sizes are in: vCPU or GB of GPU.
    sizes
        What can be rented.
    batches
        Most requests of a call, rising. A call with fewer runs as the next that is offered.
    mean_s, longest_s, billed_s
        Time of a call with so many requests, by size and batch; `longest_s` never falls as the batch grows.
    usd_per_s
        Price of a second, by size and batch; not a number where that cannot be rented.
    usd_per_call
        Price of a call.
    """

    name: str
    unit: str
    sizes: tuple[float, ...]
    batches: tuple[int, ...]
    mean_s: NDArray[np.float64]
    longest_s: NDArray[np.float64]
    billed_s: NDArray[np.float64]
    usd_per_s: NDArray[np.float64]
    usd_per_call: float


@dataclass(frozen=True, slots=True, eq=False)
class Batching:
    """A problem.

    Attributes
    ----------
    applications
        By target, those of the same target as the file has them: groups of neighbours are contiguous.
    functions
        What a group can run on.
    arrivals, groups
        As the file says.
    promises
        Shares of its target that an application can be promised, rising.
    currency, per_usd
        What the prices of the file are in, and how much of it one USD is.
    cautions
        What is likely to be meant otherwise.
    """

    applications: tuple[Application, ...]
    functions: tuple[FunctionKind, ...]
    arrivals: Literal["random", "smooth"]
    groups: Literal["contiguous", "any"]
    promises: tuple[float, ...]
    currency: str = "USD"
    per_usd: float = 1.0
    cautions: tuple[str, ...] = field(default=())

    @property
    def rate(self) -> float:
        """Requests a second of all applications."""
        return float(sum(own.rate for own in self.applications))


@dataclass(frozen=True, slots=True)
class Group:
    """Applications that share a queue and a function.

    Attributes
    ----------
    applications
        Their positions, rising.
    function, size, batch
        Positions of the function, of its size and of its batch.
    timers_s
        How long a request of each may wait before the batch leaves.
    """

    applications: tuple[int, ...]
    function: int
    size: int
    batch: int
    timers_s: tuple[float, ...]


Plan = tuple[Group, ...]
"""Groups, each application in one of them."""
