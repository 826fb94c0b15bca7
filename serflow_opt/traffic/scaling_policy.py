"""How whoever scales a service is told what happened, and says what is to be done.

The simulator asks a policy at fixed intervals; an autoscaler around real machines would do the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known at a moment of decision; tuples by block.

    Attributes
    ----------
    now_s
        Seconds since the start.
    counts
        Requests that entered the block in each whole second since the last decision; NaN: not known.
    ready, starting
        Machines by type: serving, and ordered but not yet serving. Machines told to stop are in neither.
    failed
        Machines by type whose start failed since the last decision.
    throttled
        Requests that the function refused since the last decision.
    """

    now_s: float
    counts: tuple[NDArray[np.int64] | NDArray[np.float64], ...]
    ready: tuple[dict[str, int], ...]
    starting: tuple[dict[str, int], ...]
    failed: tuple[dict[str, int], ...]
    throttled: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Orders:
    """What is to be had from now on; tuples by block.

    Attributes
    ----------
    machines
        Machines wanted by type, those that are starting included. Fewer than there are: the youngest stop, those that
        are starting first, the others when their last request is done.
    queue_max
        A request finds no free worker: it waits when fewer than this many are waiting, else it goes to the function.
        Where there is no function, or it refuses, it waits whatever this says. Where a block has pools that share its
        requests this is of each, or a tuple by pool.
    quota
        None: requests go to machines while these have room. Else steps (from when in seconds, requests): in each second
        the first so many requests go to machines, free or not, and all others to the function.
    degraded
        Whether requests that come from now on are served with the second menu of thresholds, where the service has one.
    keep_warm
        Environments of each block's function that calls of their own keep warm (`Function.warm_every_s`): these go out
        at once where more are wanted than before, and then at fixed intervals. Of each pool where a block has several.
    """

    machines: tuple[dict[str, int], ...]
    queue_max: tuple[int | tuple[int, ...], ...] = ()
    quota: tuple[tuple[tuple[float, int], ...] | None, ...] = ()
    degraded: bool = False
    keep_warm: tuple[int, ...] = ()


class ScalingPolicy(Protocol):
    """Somebody who scales a service."""

    @property
    def name(self) -> str:
        """What tables call it."""

    @property
    def every_s(self) -> float:
        """Seconds between decisions."""

    def decide(self, seen: Seen) -> Orders:
        """Say what is to be had from now on; first asked at second 0, when nothing has been seen."""
