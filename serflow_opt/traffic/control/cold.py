"""How many requests are late since they meet a cold function, before any has come.

A call goes to the environment that was used last, so that few do the work: environment n takes what the n - 1 before it
leave, with random calls at a rate ν of m seconds

    o_n = ν (B(n - 1, ν m) - B(n, ν m)),        B Erlang's formula,

and is cold where it had no call for the K seconds that it keeps warm. With calls to it taken for random, too, of those
until T so many are cold:

    ∫_0^T o_n(t) exp(-∫_{max(0, t - K)}^t o_n(u) du) dt.

The calls are all requests until the first machines are there, and what these leave to the function after that. Where
some are kept warm by calls of their own, only the environments beyond them are cold.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.ground.tolerances import TOLERANCE
from serflow_opt.traffic.control.slack import path_on_function_s
from serflow_opt.traffic.queues.erlang import erlang_b

if TYPE_CHECKING:
    from serflow_opt.ground.arrays import Floats
    from serflow_opt.traffic.service import Service

BEYOND = 6.0
"""Standard deviations of the environments at work above which no more are told apart: calls there are cold."""


def late_when_cold(service: Service, b: int) -> float:
    """Return the share of those who enter block b that are late when its function is cold, and only then.

    Parameters
    ----------
    service, b
        The service, and the block, which has a function.
    """
    block, reach = service.blocks[b], service.reach(b)
    assert block.function is not None
    if service.slo_s is None or not reach > 0:
        return 0.0
    latest, cold_s = service.slo_s * (1 + TOLERANCE), block.function.cold_start_s
    stages = range(block.first, len(service.shares))
    paths = {s: path_on_function_s(service, b, s) for s in stages}
    return math.fsum(service.shares[s] for s, path in paths.items() if path <= latest < path + cold_s) / reach


def environments(called: Floats, shares: Floats, mean_s: float) -> Floats:
    """Return the calls a second that each environment takes, the first first; the last of them is what is beyond.

    Parameters
    ----------
    called, shares
        Calls a second, and the share of the time that they come so often.
    mean_s
        Seconds of a call.
    """
    load = called * mean_s
    peak = float(load.max(initial=0.0))
    left = [shares @ (called * erlang_b(n, load)) for n in range(math.ceil(peak + BEYOND * math.sqrt(peak)) + 2)]
    taken: Floats = -np.diff(np.array([*left, 0.0]))
    return taken


def cold_calls(phases: Sequence[tuple[float, float]], keep_s: float) -> float:
    """Return how many calls of an environment find it cold.

    Parameters
    ----------
    phases
        Seconds and calls a second, one phase after the other.
    keep_s
        Seconds that it stays warm.
    """
    ends = np.cumsum([0.0, *(seconds for seconds, _ in phases if seconds > 0)])
    calls = np.cumsum([0.0, *(seconds * rate for seconds, rate in phases if seconds > 0)])
    breaks = np.unique(np.concatenate([ends, ends + keep_s]))
    breaks = breaks[breaks <= ends[-1]]
    made = np.interp(breaks, ends, calls)
    kept = made - np.interp(breaks - keep_s, ends, calls)  # calls that would have kept it warm; linear between breaks
    rise = np.diff(kept)
    even = np.abs(rise) < TOLERANCE
    shrinks = np.where(even, np.exp(-kept[1:]), -np.diff(np.exp(-kept)) / np.where(even, 1.0, rise))
    return float(np.diff(made) @ shrinks)
