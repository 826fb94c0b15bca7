"""Training by enumeration: every setting and every row of every group, from the table of modes; knows no package code.

A case is made of plain numbers. `best` goes through all there is; nothing is pruned.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

QUANTITIES = ("time", "cost", "energy", "privacy", "accuracy", "traffic")


@dataclass
class Case:
    """Numbers of an instance: clients, servers, stages, tables, as files have them."""

    clients: list[dict[str, Any]]
    servers: list[dict[str, Any]]
    stages: list[dict[str, float]]
    rounds: list[tuple[int, int, str, float, int]]
    compression: list[tuple[str, float, float, float]] = field(default_factory=list)
    packing: list[tuple[str, float, float]] = field(default_factory=list)
    privacy: list[tuple[int, str, float, float, float]] = field(default_factory=list)
    input_bytes: float = 1e4
    aggregation_s: float = 0.5
    modes: tuple[str, ...] = ("central", "federated", "split", "parallel-split", "hybrid")


def drawn(seed: int) -> Case:
    """A small case: up to 4 groups, up to 4 stages, up to 3 servers."""
    draw = random.Random(seed)
    stages = [
        {
            "forward": draw.uniform(1, 5),
            "backward": draw.uniform(2, 8),
            "activation": draw.uniform(100, 5000),
            "gradient": draw.uniform(100, 5000),
            "parameters": draw.choice([1e3, 1e5, 1e6]) * draw.uniform(0.5, 2),
        }
        for _ in range(draw.randint(2, 4))
    ]
    clients = [
        {
            "count": draw.randint(1, 5),
            "samples": draw.randint(10, 200),
            "speed": draw.uniform(0.2, 3),
            "up": draw.uniform(0.5, 20),
            "down": draw.uniform(1, 50),
            "available": draw.choice([1.0, 0.8]),
            "drops": draw.choice([0.0, 0.1]),
            "late": draw.choice([0.0, 0.05]),
            "late_factor": 1.5,
            "watts": draw.uniform(0, 4),
            "joules_per_mb": draw.uniform(0, 2),
            "usd_per_round": draw.choice([0.0, 0.001]),
            "usd_per_gb": draw.uniform(0, 1),
        }
        for _ in range(draw.randint(1, 4))
    ]
    servers: list[dict[str, Any]] = [
        {"speed": draw.uniform(5, 50), "usd_per_hour": draw.uniform(0.1, 5), "workers": n}
        for n in draw.sample([1, 2, 4], draw.randint(1, 2))
    ]
    if draw.random() < 0.4:
        servers.append({"speed": draw.uniform(2, 10), "usd_per_s": draw.uniform(1e-5, 1e-4), "workers": 1})
    rounds = []
    for epochs in (1, 2):
        for name in ("none", "half"):
            first = draw.randint(3, 9)
            rounds += [(epochs, 1, name, 0.5, first), (epochs, 1, name, 0.7, first + draw.randint(1, 9))]
    last = len(stages)
    privacy = [(cut, "none", draw.uniform(0.1, 1.0), 1.0, 0.0) for cut in range(last + 1)]
    privacy += [(cut, "shield", own * 0.5, 1.3, 0.05) for cut, _, own, *_ in privacy if cut]
    packing = [("none", 1.0, 0.0), ("int8", 0.25, 0.02)]
    return Case(clients, servers, stages, rounds, [("none", 1, 1, 1), ("half", 0.5, 0.25, 1.1)], packing, privacy)


def plans(case: Case) -> Iterator[tuple[dict[str, float], Any]]:
    """Every plan with what it achieves; accuracy as it is."""
    for mode, server, row in itertools.product(case.modes, case.servers, case.rounds):
        if mode == "central" and row[2] != "none":
            continue
        options = _options(case, mode)
        each = [[(o, *_one(case, mode, server, row, client, o)) for o in options] for client in case.clients]
        available = sum(own["count"] * own["available"] for own in case.clients)
        shares = [row[1] * own["count"] * own["available"] / available for own in case.clients]
        if mode != "central":
            shares = [s / (1 - own["drops"]) for s, own in zip(shares, case.clients, strict=True)]
            if any(s > own["count"] * own["available"] + 1e-9 for s, own in zip(shares, case.clients, strict=True)):
                continue
        for chosen in itertools.product(*each):
            yield _whole(case, mode, server, row, shares, chosen), (mode, server, row, [o for o, *_ in chosen])


def _options(case: Case, mode: str) -> list[tuple[int, int, int]]:
    """Cut, packing, row of the privacy table."""
    last = len(case.stages)
    if mode == "central":
        return [(0, 0, n) for n, own in enumerate(case.privacy) if own[:2] == (0, "none")]
    found = []
    for n, own in enumerate(case.privacy):
        cut = own[0]
        if cut == last and mode in ("federated", "hybrid"):
            found.append((cut, 0, n))
        elif 0 < cut < last and mode != "federated":
            found += [(cut, p, n) for p in range(len(case.packing))]
    return found


def _one(
    case: Case, mode: str, server: dict[str, Any], row: Any, client: dict[str, Any], o: tuple[int, int, int]
) -> tuple[float, float, float, float, float, float, float]:
    """Chain, seconds at the server, bytes, joules, USD, leak, loss of a client in a round."""
    cut, p, n = o
    last, work = len(case.stages), row[0] * client["samples"]
    _, down_kept, up_kept, factor = next(own for own in case.compression if own[0] == row[2])
    _, _, leak, slower, loss = case.privacy[n]
    crosses = mode in ("split", "parallel-split", "hybrid") and cut < last
    slower *= factor
    own_s = sum(s["forward"] + s["backward"] for s in case.stages[:cut]) / 1000 / client["speed"]
    rest = sum(s["forward"] + s["backward"] for s in case.stages[cut:]) / 1000 / server["speed"]
    up = down = 0.0
    if mode in ("federated", "split", "hybrid"):
        model = sum(s["parameters"] for s in case.stages[:cut])
        up, down = model * up_kept, model * down_kept
    if crosses:
        loss += case.packing[p][2]
        up += work * case.stages[cut - 1]["activation"] * case.packing[p][1]
        down += work * case.stages[cut - 1]["gradient"] * case.packing[p][1]
    computes = work * own_s * slower
    waits = work * rest
    chain = computes + up / (client["up"] * 125e3) + down / (client["down"] * 125e3) + waits
    joules = computes * client["watts"] + client["joules_per_mb"] * (up + down) / 1e6
    usd = waits * server.get("usd_per_s", 0.0)
    if mode != "central":
        usd += client["usd_per_round"] + client["usd_per_gb"] * (up + down) / 1e9
    return chain, waits, up + down, joules, usd, leak, loss


def _whole(
    case: Case, mode: str, server: dict[str, Any], row: Any, shares: list[float], chosen: Any
) -> dict[str, float]:
    rounds = row[4]
    rent = server.get("usd_per_hour", 0.0) / 3600 * server["workers"]
    late = [1 + own["late"] * (own["late_factor"] - 1) for own in case.clients]
    worst = [own["late_factor"] if own["late"] else 1.0 for own in case.clients]
    waits = sum(m * own[2] for m, own in zip(shares, chosen, strict=True)) / server["workers"]
    if "usd_per_s" in server:
        waits = max(own[2] for own in chosen) if mode == "central" else 0.0
    if mode == "split":
        length = sum(m * own[1] * by for m, own, by in zip(shares, chosen, late, strict=True))
    elif mode == "central":
        length = waits
    else:
        length = max(waits, *(own[1] * by for own, by in zip(chosen, worst, strict=True)))
    length += case.aggregation_s
    sent = [c["samples"] * case.input_bytes if mode == "central" else 0.0 for c in case.clients]
    both = list(zip(case.clients, sent, strict=True))
    return {
        "time": rounds * length + max(s / (c["up"] * 125e3) for c, s in both),
        "cost": rounds * (sum(m * own[5] for m, own in zip(shares, chosen, strict=True)) + rent * length)
        + sum(c["count"] * s * c["usd_per_gb"] / 1e9 for c, s in both),
        "energy": rounds * sum(m * own[4] for m, own in zip(shares, chosen, strict=True))
        + sum(c["count"] * s * c["joules_per_mb"] / 1e6 for c, s in both),
        "privacy": max(own[6] for own in chosen),
        "accuracy": row[3] - max(own[7] for own in chosen),
        "traffic": rounds * sum(m * own[3] for m, own in zip(shares, chosen, strict=True))
        + sum(c["count"] * s for c, s in both),
    }


def best(values: list[dict[str, float]], goal: str, limits: dict[str, float]) -> float:
    """The best value of a goal within limits, which are at most or, of accuracy, at least; infinite: none."""

    def kept(own: dict[str, float]) -> bool:
        return all(own[k] >= v - 1e-12 if k == "accuracy" else own[k] <= v * (1 + 1e-12) for k, v in limits.items())

    found = [own[goal] for own in values if kept(own)]
    return (max if goal == "accuracy" else min)(found, default=math.inf)
