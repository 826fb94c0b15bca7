"""Every fleet over a few hours, each with the least of money and carbon by a linear program of who serves what when.

Shares no code with the package: machines by arithmetic on whole steps, flows by scipy.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linprog

HOUR = 3600.0


@dataclass(frozen=True)
class CleanKind:
    """A type: requests/s, USD and, by hour, grams of an hour on; grams of a request by hour; hours to start; most."""

    rate: float
    usd: float
    on_g: tuple[float, ...]
    work_g: tuple[float, ...]
    start_h: int
    most: int


Fleet = tuple[tuple[int, ...], float, float]
"""Machines usable by hour, USD, grams."""


def ways(first: int, hours: int) -> Iterator[list[tuple[int, int]]]:
    """When one machine is rented, from hour to hour."""
    if first >= hours:
        yield []
        return
    yield from ways(first + 1, hours)
    for end in range(first + 1, hours + 1):
        for rest in ways(end, hours):
            yield [(first, end), *rest]


def fleets(kind: CleanKind, hours: int) -> list[Fleet]:
    """All fleets of a type."""
    single = list({tuple(own) for own in ways(0, hours)})
    found = set()
    for chosen in itertools.combinations_with_replacement(single, kind.most):
        usable, usd, grams = [0] * hours, 0.0, 0.0
        for begin, end in itertools.chain.from_iterable(chosen):
            usd += kind.usd * (end - begin)
            grams += math.fsum(kind.on_g[begin:end])
            for hour in range(begin + kind.start_h, end):
                usable[hour] += 1
        found.add((tuple(usable), round(usd, 12), round(grams, 12)))
    return list(found)


def best(
    kinds: Sequence[CleanKind],
    function: tuple[float, Sequence[float]] | None,
    demand: Sequence[float],
    weights: tuple[float, float],
    most_g: float = math.inf,
    share: float = 0.0,
    wait_h: int = 0,
) -> float:
    """The least of usd weight x USD + gram weight x grams within a limit on grams, where a share may wait so long.

    Parameters
    ----------
    kinds, function
        Types; USD and grams by hour of a request on the function.
    demand
        Requests a second by hour.
    weights, most_g
        Of a USD and a gram; grams at most.
    share, wait_h
        Requests that may wait, and whole hours.
    """
    hours, lowest = len(demand), math.inf
    pairs = [(t, u) for t in range(hours) for u in range(t, min(hours, t + wait_h + 1))]
    rows = len(kinds) + (function is not None)
    moved, size = len(pairs), len(pairs) + rows * hours
    usd, grams = np.zeros(size), np.zeros(size)
    for k in range(rows):
        for hour in range(hours):
            at = moved + k * hours + hour
            usd[at] = 0.0 if k < len(kinds) else HOUR * function[0]
            grams[at] = HOUR * (kinds[k].work_g[hour] if k < len(kinds) else function[1][hour])
    equal, right = np.zeros((2 * hours, size)), np.zeros(2 * hours)
    for j, (t, u) in enumerate(pairs):
        equal[t, j] = 1.0
        equal[hours + u, j] = -1.0
    for hour in range(hours):
        right[hour] = demand[hour]
        for k in range(rows):
            equal[hours + hour, moved + k * hours + hour] = 1.0
    stays = [((1 - share) * demand[t] if u == t else 0.0, None) for t, u in pairs]
    for combination in itertools.product(*(fleets(kind, hours) for kind in kinds)):
        paid = math.fsum(own[1] for own in combination)
        emitted = math.fsum(own[2] for own in combination)
        fixed = weights[0] * paid + weights[1] * emitted
        if fixed >= lowest or emitted > most_g:
            continue
        room = [(0.0, n * kind.rate) for kind, own in zip(kinds, combination, strict=True) for n in own[0]]
        room += [(0.0, None)] * (hours if function is not None else 0)
        limits = {} if math.isinf(most_g) else {"A_ub": grams[None, :], "b_ub": [most_g - emitted]}
        found = linprog(
            weights[0] * usd + weights[1] * grams,
            A_eq=equal,
            b_eq=right,
            bounds=[*stays, *room],
            method="highs",
            **limits,
        )
        if found.status == 0:
            lowest = min(lowest, fixed + found.fun)
    return lowest
