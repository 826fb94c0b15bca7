"""How many environments of functions are kept warm by calls of their own: as pays, and as the promise needs.

An environment that is not kept is cold in so many calls (`cold.py`), each of which costs its start, c. Keeping k of
them costs what the calls do, one to each every `warm_every_s` seconds, and one start each:

    least over k of   c (k + Σ_{n > k} cold_n) + calls(T) usd(k).

Where that leaves more late than may be, further ones are kept, those first that make fewest late for their money, up to
the first number with which no more are expected late.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from serflow_opt.traffic.control.cold import late_when_cold
from serflow_opt.traffic.control.slack import may_be_late
from serflow_opt.traffic.control.split import TraceRates, cold_by_environment, cold_usd_per_s, too_late, warm_usd
from serflow_opt.traffic.service import LEAST_KEPT_S

if TYPE_CHECKING:
    from serflow_opt.traffic.service import Function, Service

KeepWarm = Literal["named", "together", "off"]
"""How environments are kept warm: each called by a name of its own, all by calls at once, or not at all."""
LEAST_COLD = 1e-3
"""Environments that are cold in fewer calls than this are not kept warm, nor those that make this part of what may be
late."""


@dataclass(frozen=True, slots=True)
class ColdBlock:
    """A block whose function may be kept warm.

    Attributes
    ----------
    b
        Its position.
    cold
        Cold calls by environment, where none is kept warm.
    late
        Share of cold calls that are late.
    """

    b: int
    cold: tuple[float, ...]
    late: float


def kept_warm(service: Service, rates: TraceRates, how: KeepWarm = "named") -> Service:
    """Return the service with environments of its functions kept warm where that pays, or the promise needs it.

    Parameters
    ----------
    service
        None of its environments is kept warm.
    rates
        Of the requests that arrive.
    how
        As of `KeepWarm`; where the time of the rates is up, off.
    """
    if how == "off" or rates.deadline.expired:
        return service
    blocks = tuple(
        replace(block, function=block.function and replace(block.function, named=how == "named"))
        for block in service.blocks
    )
    own = replace(service, blocks=blocks)
    each = [
        ColdBlock(b, _cold(own, b, block.function, rates), late_when_cold(own, b))
        for b, block in enumerate(own.blocks)
        if block.function is not None and block.function.cold_start_s > 0 and block.function.keep_alive_s > LEAST_KEPT_S
    ]
    counts = [0] * len(own.blocks)
    for block in each:
        most = len([cold for cold in block.cold if cold >= LEAST_COLD])
        usd = [warm_usd(own, block.b, k, block.cold, rates) for k in range(most + 1)]
        counts[block.b] = usd.index(min(usd))
    found = [_keeping(own, counts)]
    if too_late(found[0], rates) > 0:
        found += [_keeping(own, more) for more in _more(own, each, counts, rates)]
    return _first_in_time(found, rates)


def _cold(service: Service, b: int, function: Function, rates: TraceRates) -> tuple[float, ...]:
    """Return the cold calls of the environments that there may be."""
    return tuple(cold_by_environment(service, b, rates.at_once, rates.seconds)[: function.concurrency_max])


def _keeping(service: Service, counts: list[int]) -> Service:
    return replace(service, keep_warm=tuple(counts) if any(counts) else ())


def _more(service: Service, each: list[ColdBlock], counts: list[int], rates: TraceRates) -> Iterator[list[int]]:
    """Yield the numbers with ever one environment more, until none is cold that makes requests late."""
    counts = list(counts)
    least = LEAST_COLD * may_be_late(service) * rates.at_once.mean * rates.seconds
    while True:
        gains: list[tuple[float, int]] = []
        for own in each:
            k = counts[own.b]
            if k < len(own.cold) and own.late * own.cold[k] > least:
                usd = [warm_usd(service, own.b, n, own.cold, rates) for n in (k, k + 1)]
                more = usd[1] - usd[0]  # those that pay come first
                gains.append((own.late * own.cold[k] / more if more > 0 else math.inf, own.b))
        if not gains:
            return
        counts[max(gains)[1]] += 1
        yield list(counts)


def _first_in_time(found: list[Service], rates: TraceRates) -> Service:
    """Return the first with which no more are late than may be; where the last makes too many, that with fewest."""
    looked = {0: too_late(found[0], rates)}
    low, high = 0, len(found) - 1
    if looked[0] <= 0 or not high:
        return found[0]
    looked[high] = too_late(found[high], rates)
    while looked[high] <= 0 and high - low > 1 and not rates.deadline.expired:
        middle = (low + high) // 2
        looked[middle] = too_late(found[middle], rates)
        low, high = (low, middle) if looked[middle] <= 0 else (middle, high)
    return found[min(looked, key=lambda k: (max(0.0, looked[k]), cold_usd_per_s(found[k], rates)))]
