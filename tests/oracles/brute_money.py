"""The money of a placement, by each way of accounting; `reach` is that of `brute_time`."""

from __future__ import annotations

import numpy as np

from oracles.brute_placements import moves
from oracles.brute_problem import ROUNDING, Option, Placement, Problem, Spot, Tariff
from oracles.brute_time import Clock


def usage_cost(problem: Problem, placement: Placement, time: Clock, reach: np.ndarray) -> np.ndarray:
    """USD per request of what is paid by use in every accounting but as-printed: functions and links."""
    total = np.zeros(reach.shape[1])
    volume: dict[str, np.ndarray] = {}
    for s, move in enumerate(moves(problem, placement)):
        option = problem.option(placement[s])
        if option.kind == "function":
            if time.starts[s]:
                cold = option.usd_per_busy_s * option.cold_share * option.cold_s
                total = total + reach[s] * (option.usd_per_request + cold)
            total = total + option.usd_per_busy_s * time.run[s] * reach[s]
        link = None if move is None else problem.links.get(move)
        if link is not None:
            total = total + link.usd_per_byte * problem.activation[s] * reach[s]
            if link.tariff:
                volume[link.tariff] = volume.get(link.tariff, 0.0) + problem.activation[s] * reach[s]
    for name, sent in volume.items():
        assert problem.rate is not None
        requests = problem.rate * 730 * 3600
        total = total + month_bill(problem.tariffs[name], sent * requests / 1e9) / requests
    return total


def month_bill(tariff: Tariff, gigabytes: np.ndarray) -> np.ndarray:
    """USD of a month's volumes: what all of it costs less what the others' part alone would."""

    def upto(total: np.ndarray | float) -> np.ndarray:
        starts = (0.0, *tariff.ends[:-1])
        parts = [
            price * np.clip(total - start, 0.0, end - start)
            for start, end, price in zip(starts, tariff.ends, tariff.prices, strict=True)
        ]
        return np.asarray(sum(parts))

    return upto(gigabytes + tariff.other) - upto(tariff.other)


def busy_seconds(problem: Problem, placement: Placement, time: Clock, reach: np.ndarray) -> dict[Spot, np.ndarray]:
    """Seconds per request that each device, edge or VM option is held: its stages, and waits of senders."""
    busy: dict[Spot, np.ndarray] = {}
    for s, spot in enumerate(placement):
        if problem.option(spot).kind != "function":
            busy[spot] = busy.get(spot, 0.0) + time.run[s] * reach[s]
        if s and placement[s - 1][0] != spot[0]:
            sender = placement[s - 1]
            if problem.option(sender).kind in ("vm", "edge"):
                busy[sender] = busy[sender] + time.transfer[s] * reach[s]
    return busy


def machines(problem: Problem, placement: Placement, time: Clock, reach: np.ndarray) -> dict[Spot, np.ndarray]:
    """Machines rented of each option under reserved accounting: least n with n x cap >= rate x busy."""
    assert problem.rate is not None
    busy = busy_seconds(problem, placement, time, reach)
    return {
        spot: np.maximum(0, np.ceil(problem.rate * held / problem.option(spot).workers / problem.cap * (1 - ROUNDING)))
        for spot, held in busy.items()
    }


def cost(problem: Problem, placement: Placement, time: Clock, reach: np.ndarray) -> np.ndarray:
    """USD per request, one per column of `reach`."""
    if problem.accounting == "per-request":
        total = usage_cost(problem, placement, time, reach)
        for spot, held in busy_seconds(problem, placement, time, reach).items():
            total = total + problem.option(spot).usd_per_s / problem.option(spot).workers * held
        return total
    if problem.accounting == "reserved":
        assert problem.rate is not None
        total = usage_cost(problem, placement, time, reach)
        for spot, rented in machines(problem, placement, time, reach).items():
            total = total + rented * problem.option(spot).usd_per_s / problem.rate
        return total
    assert problem.accounting == "as-printed"
    assert len(problem.options) == 2
    count = problem.stages
    cut = cut_of(problem, placement)
    share = reach[:-1] - reach[1:]  # beta
    total = np.zeros(reach.shape[1])
    if cut > 0:
        seconds = sum(time.run[:cut]) + (time.transfer[cut] if cut < count else 0.0)
        total = total + printed_price(problem.option(placement[0])) * seconds * share[:cut].sum(axis=0)
    if cut < count:
        option = problem.option(placement[-1])
        seconds = sum(time.run[cut:]) + (option.cold_s if option.kind == "function" else 0.0)
        total = total + printed_price(option) * seconds * share[cut:].sum(axis=0)
    return total


def printed_price(option: Option) -> float:
    """USD per second of an option in the as-printed accounting."""
    return option.usd_per_busy_s if option.kind == "function" else option.usd_per_s / option.workers


def cut_of(problem: Problem, placement: Placement) -> int:
    """Number of stages that run before the last tier of the list."""
    return sum(1 for tier, _ in placement if tier < len(problem.options) - 1)
