"""Commitments by brute force: hour by hour, every amount that could be best, in plain loops."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

Plan = tuple[dict[int, float], float]
"""USD an hour by what is covered, and the step (0: any amount)."""


def bill(
    rows: Sequence[tuple[float, Sequence[float]]],
    prices: Sequence[float],
    plans: Sequence[Plan],
    spend: Sequence[float],
) -> float:
    """Return USD of a year: plans in turn, each where a dollar of it replaces most money on demand."""
    whole = sum(hours for hours, _ in rows)
    usd = 0.0
    for hours, row in rows:
        left = list(row)
        for (rates, _), paid in zip(plans, spend, strict=True):
            money = paid
            for k in sorted(rates, key=lambda k: rates[k] / prices[k]):
                some = min(left[k], money / rates[k])
                left[k] -= some
                money -= some * rates[k]
            usd += hours * paid
        usd += hours * sum(n * price for n, price in zip(left, prices, strict=True))
    return usd * 8760 / whole


def best(rows: Sequence[tuple[float, Sequence[float]]], prices: Sequence[float], plans: Sequence[Plan]) -> float:
    """Return the least bill over all amounts at which what a plan covers changes: sums of demands at its rates."""
    levels = []
    for rates, step in plans:
        most = max(sum(rate * row[k] for k, rate in rates.items()) for _, row in rows)
        found = {0.0}
        if step:
            found |= {n * step for n in range(int(most / step) + 2)}
        else:
            for _, row in rows:
                for some in product((0, 1), repeat=len(rates)):
                    found.add(sum(on * rate * row[k] for on, (k, rate) in zip(some, rates.items(), strict=True)))
        levels.append(sorted(found))
    return min(bill(rows, prices, plans, spend) for spend in product(*levels))
