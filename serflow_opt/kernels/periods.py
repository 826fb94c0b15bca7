"""The period that each of many moments lies in: numpy's floor division, without what that takes for signs and zeros."""

from __future__ import annotations

import cython
import numpy as np
from cython.cimports.libc.math import floor, fmod
from numpy.typing import NDArray


def periods(times: cython.double[::1], length: cython.double) -> NDArray[np.int64]:
    """Return the numbers of the periods, from 0 on, that moments lie in; exactly, as `times // length`.

    Parameters
    ----------
    times
        Seconds, at least 0.
    length
        Of a period, seconds, above 0.
    """
    found: cython.longlong[::1] = np.empty(times.shape[0], np.int64)
    i: cython.Py_ssize_t
    number: cython.double
    below: cython.double
    for i in range(times.shape[0]):
        number = times[i] / length
        below = floor(number)
        if number == below:  # the quotient may have been rounded up to a whole number
            below = floor((times[i] - fmod(times[i], length)) / length + 0.5)
        found[i] = cython.cast(cython.longlong, below)
    return np.asarray(found)
