"""What machines that take batches leave to the function beside them.

A batch that closes, finds no free worker, and as many batches waiting as may, goes to the function. Requests are a
Poisson process; a batch takes a request to open and others, or its wait, to close, and the next one has nothing to do
with it: batches close at independent intervals, far more even than requests. Hayward's way with arrivals of peakedness
z (A. A. Fredericks, "Congestion in blocking systems - a simple approximation technique", Bell System Technical Journal
1980) takes c servers that are offered a load a for c/z that are offered a/z at random; r places to wait are r/z then,
and M/M/c/r at real numbers tells what is lost. With e the squared coefficient of variation of the intervals, which is
exact (`filled.py`: 1/B where all batches fill, 1 / (1 + λ τ)^2 where none does), z is

    with places       z = (e + v) / 2                               v that of services, as in heavy traffic
    without           z = e + (1 - e) / (6 a)                       even batches in a window of a on average vary by 1/6
                      carried <= c a / (a + (1 + e) / 2)            a free worker waits half an interval for the next
                                                                    batch where they are even, a whole one at random

z is at most 1 without places: for batches of one that is Erlang's loss formula. It is a guess which simulations confirm
(`benchmarks/batches.py`), but for few workers, where chains tell (`few.py`): there it is up to 0.14 of all batches off.
Where requests come evenly machines take what the utilisation cap lets them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from serflow_opt.ground.tolerances import ROUNDING, SMALLEST
from serflow_opt.traffic.batches.few import known, lost_of_few

if TYPE_CHECKING:
    from serflow_opt.traffic.batches.filled import BlockBatches
    from serflow_opt.traffic.carrying import Carrying

ONE_WINDOW = 6.0
"""Even arrivals in a window vary by one part in this."""
TERMS = 60
"""Of the continued fraction."""


def lost_batches(servers: int, room: int, load: float, even: float, cv2: float) -> float:
    """Return the share of batches that find no room, where requests come at random.

    Parameters
    ----------
    servers
        c, at least 1.
    room
        r, batches that may wait.
    load
        a, workers that would be busy if there were enough.
    even
        e, squared coefficient of variation of the intervals at which batches close.
    cv2
        v, squared coefficient of variation of how long a batch holds a worker.
    """
    if known(servers, room, load):
        return lost_of_few(servers, room, load, even, cv2)
    return lost_of(servers, room, load, even, peakedness(room, load, even, cv2))


def peakedness(room: int, load: float, even: float, cv2: float) -> float:
    """Return z; it rises with both coefficients of variation, and falls with load.

    Parameters
    ----------
    room, load, even, cv2
        As of `lost_batches`.
    """
    if room:
        return (even + cv2) / 2
    return min(1.0, even + (1 - even) / (ONE_WINDOW * load)) if load > 0 else 1.0


def lost_of(servers: int, room: int, load: float, even: float, z: float) -> float:
    """Return the share at a given z: it rises with all three.

    Parameters
    ----------
    servers, room, load, even
        As of `lost_batches`.
    z
        Of arrivals and services.
    """
    if not load > 0:
        return 0.0
    blocked, busy = _erlang_b(servers / z, load / z), load / servers
    if not room:
        return max(blocked, 1 - servers / (load + (1 + even) / 2))
    places = room / z
    full = math.exp(places * math.log(busy)) if busy < 1 or places * math.log(busy) < 700 else math.inf
    if math.isinf(full):
        return 1 - 1 / busy
    waiting = places if abs(busy - 1) < ROUNDING else busy * (1 - full) / (1 - busy)
    return blocked * full / (1 + blocked * waiting)


def lost_share(carrying: Carrying, servers: int, room: int, own: BlockBatches) -> float:
    """Return the share of batches that goes to the function.

    Parameters
    ----------
    carrying
        How requests come, and the cap where they come evenly.
    servers, room
        As of `lost_batches`.
    own
        The batches of the block.
    """
    if carrying.arrivals == "random":
        return lost_batches(servers, room, own.load, own.even, own.cv2)
    return max(0.0, 1 - carrying.cap * servers / own.load) if own.load > 0 else 0.0


def _erlang_b(servers: float, load: float) -> float:
    """Erlang's loss formula at real numbers of servers: a^c e^-a / Γ(c + 1, a)."""
    from scipy.special import gammaincc, gammaln

    beyond = float(gammaincc(servers + 1, load))
    if beyond > SMALLEST:
        return min(1.0, math.exp(servers * math.log(load) - load - float(gammaln(servers + 1)) - math.log(beyond)))
    # far above what they can take: the continued fraction of Γ(c + 1, a), from its end
    below = load - servers + 2 * TERMS
    for n in range(TERMS, 0, -1):
        below = load - servers + 2 * (n - 1) - n * (n - 1 - servers) / below
    return min(1.0, below / load)
