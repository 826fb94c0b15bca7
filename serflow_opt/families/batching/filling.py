"""How full batches get: what the search goes by, for many configurations at once.

A batch begins with the first request that comes when none waits. It leaves once it holds `most`, or once the timer of
one of its requests ends. With timers T_1 <= .. <= T_m, Poisson rates r_1 .. r_m, r their sum, and the batch begun at 0:

* n further requests have come before it leaves iff the n-th comes at some y and no timer has ended by then: that of the
  first lasts to y, and each of the n - 1 in between, which fell on (0, y) evenly and are of application j with
  probability r_j / r, came after y - T_j. With M(y) = Σ_j r_j min(T_j, y) and H(y) = Σ_{j: T_j >= y} r_j / r

      P(N > n) = ∫ r e^{-ry} M(y)^{n-1} / (n-1)! H(y) dy.

* Between timers M(y) = a + ρ y and r H(y) = ρ. With q_j(y) = e^{-ry} M(y)^j / j! by parts, exactly,

      J_n = ∫ e^{-ry} M^{n-1} / (n-1)! dy = (q_{n-1}(y0) - q_{n-1}(y1)) / r + ρ / r J_{n-1},   J_0 = 0.

* The batch has left by y with probability 1 - H(y) G(y), G(y) = Π_j e^{-r_j (y - T_j)^+}, so that the mean time until
  it leaves, were there no `most`, is a sum of exponentials; and by Wald's identity E[N] = 1 + r times that.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def shares_above(rates: Array, timers: Array, most: int) -> Array:
    """Return P(N > n) for n = 0 .. most - 1, by configuration, were there no limit on a batch.

    Parameters
    ----------
    rates
        Of each application, 1/s, in the order of timers.
    timers
        By configuration and application, seconds, rising along each row.
    most
        How many are asked for.
    """
    starts = np.concatenate([np.zeros((len(timers), 1)), timers[:, :-1]], axis=1)
    rate, reach = rates.sum(), np.cumsum(rates[::-1])[::-1]  # ρ between the timers k - 1 and k
    gone = np.concatenate([np.zeros((len(timers), 1)), np.cumsum(rates * timers, axis=1)[:, :-1]], axis=1)
    left, right = np.exp(-rate * starts), np.exp(-rate * timers)
    at_left, at_right = gone + reach * starts, gone + reach * timers
    part = np.zeros_like(timers)
    above = np.ones((len(timers), most))
    for n in range(1, most):
        part = (left - right) / rate + reach / rate * part
        above[:, n] = part @ reach
        left, right = left * at_left / n, right * at_right / n
    return np.clip(above, 0.0, 1.0)


def mean_window(rates: Array, timers: Array) -> Array:
    """Return the mean time from the first request of a batch until a timer ends, seconds, by configuration.

    Parameters
    ----------
    rates, timers
        As `shares_above` takes them.
    """
    rate = rates.sum()
    ended = np.concatenate([[0.0], np.cumsum(rates)[:-1]])
    lengths = np.diff(timers, axis=1, prepend=0.0)
    fall = ended * lengths
    still = np.exp(-np.concatenate([np.zeros((len(timers), 1)), np.cumsum(fall, axis=1)[:, :-1]], axis=1))
    with np.errstate(invalid="ignore", divide="ignore"):
        spent = np.where(ended > 0, -np.expm1(-fall) / ended, lengths)
    window: Array = (still * spent) @ ((rate - ended) / rate)
    return window
