"""The best plan of a small random service, with batches or without, by enumeration of everything.

Services are those of `batch_enumeration.py`. Requests come evenly and batches fill; whoever is left of a batch is
summed over the ways to leave. A plan without batches shares machines of a type among all its stages.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.helpers import load

import serflow_opt as so
from oracles.batch_enumeration import CAP, HOP_S, HOP_USD, Drawn, drawn


@dataclass
class OraclePlan:
    """USD a request, and when those who leave at each stage are done, s, with their shares."""

    usd: float
    done: list[float]
    shares: list[float]
    accuracy: float
    batched: bool

    def latency(self, measure: str) -> float:
        """Return the latency of a measure, seconds."""
        if measure == "mean":
            return sum(share * t for share, t in zip(self.shares, self.done, strict=True))
        if measure == "worst":
            return max(t for share, t in zip(self.shares, self.done, strict=True) if share > 0)
        late, ends = 0.0, sorted(zip(self.done, self.shares, strict=True), reverse=True)
        for t, share in ends:
            late += share
            if late > 1 - float(measure[1:]) / 100 + 1e-9:
                return t
        return ends[-1][0]


def plans(own: Drawn) -> Iterator[OraclePlan]:
    """Yield every plan that fills its batches, whatever its latency and accuracy."""
    stages = len(own.menus)
    rate = own.document["workload"]["rate_per_s"]
    tiers = {o["name"]: tier | {"own": o} for tier in own.document["tier"] for o in tier["option"]}
    machines = [name for name, tier in tiers.items() if tier["kind"] == "vm"]
    for choice in itertools.product(*(range(len(menu)) for menu in own.menus)):
        reach, accuracy, shares = [1.0], 0.0, []
        for menu, level in zip(own.menus, choice, strict=True):
            leaves, right = menu[level]
            shares.append(reach[-1] * leaves)
            accuracy += shares[-1] * right
            reach.append(reach[-1] * (1 - leaves))
        for blocks in _cut(stages, tiers):
            usd, done, clock, batched, held = 0.0, [], 0.0, False, dict.fromkeys(machines, 0.0)
            for b, (first, last, name, size, wait) in enumerate(blocks):
                tier, on_vm = tiers[name], tiers[name]["kind"] == "vm"
                before = tiers[blocks[b - 1][2]]["kind"] if b else tier["kind"]
                if size - 1 > rate * reach[first] * wait * (1 + 1e-12):
                    break
                batched |= size > 1
                hop = before != tier["kind"]
                usd += HOP_USD * reach[first] * hop
                clock += HOP_S * hop + wait
                seconds = 0.0
                for s in range(first, last + 1):
                    p, t = reach[s] / reach[first], own.times[name][s]
                    seconds += sum(
                        math.comb(size, n) * p**n * (1 - p) ** (size - n) * t[n - 1] for n in range(1, size + 1)
                    )
                    clock += t[size - 1]
                    done.append(clock)
                behind = tiers[blocks[b + 1][2]]["kind"] if b + 1 < len(blocks) else tier["kind"]
                if on_vm and behind != tier["kind"]:
                    seconds += HOP_S * (1 - (1 - reach[last + 1] / reach[first]) ** size)
                load = rate * reach[first] / size * seconds
                if on_vm and any(block[3] > 1 for block in blocks):
                    usd += _count(load, tier) * tier["own"]["usd_per_hour"] / 3600 / rate
                elif on_vm:
                    held[name] += load
                else:
                    price = tier["own"]["usd_per_gb_s"] * tier["own"]["memory_mb"] / 1024
                    usd += reach[first] / size * (tier["own"]["usd_per_request"] + price * seconds)
            else:
                for name, load in held.items():
                    count = _count(load, tiers[name]) if load > 0 else 0
                    usd += count * tiers[name]["own"]["usd_per_hour"] / 3600 / rate
                yield OraclePlan(usd, done, shares, accuracy, batched)


def _count(load: float, tier: dict) -> int:  # type: ignore[type-arg]
    return max(1, math.ceil(load / CAP / tier["own"]["workers"] * (1 - 1e-9)))


def _cut(stages: int, tiers: dict) -> Iterator[list[tuple[int, int, str, int, float]]]:  # type: ignore[type-arg]
    """Blocks: first and last stage, option, batch, wait; down the tiers, one type of machine."""
    names = list(tiers)
    for count in (1, 2):
        for cuts in itertools.combinations(range(1, stages), count - 1):
            ends = list(zip((0, *cuts), (*cuts, stages), strict=True))
            for taken in itertools.product(names, repeat=count):
                kinds = [tiers[name]["kind"] for name in taken]
                if kinds == ["function", "vm"] or (kinds == ["vm", "vm"] and taken[0] != taken[1]):
                    continue
                menus = []
                for name in taken:
                    sizes, waits = tiers[name]["batch"], tiers[name]["batch_wait_ms"]
                    menus.append([(n, w / 1000 if n > 1 else 0.0) for n in sizes for w in (waits if n > 1 else [0])])
                for sizes in itertools.product(*menus):
                    yield [(a, z - 1, name, *own) for (a, z), name, own in zip(ends, taken, sizes, strict=True)]


def service(seed: int, folder: Path, **objective: Any) -> tuple[so.Instance, list[OraclePlan]]:
    """A random service for `solve`, and all its plans as accurate and as fast as it asks."""
    own = drawn(seed)
    own.document["objective"] = {"minimize": "cost", "accounting": "reserved", **objective}
    asked = own.document["workload"]
    most, floor = asked["latency_slo_ms"] / 1000, asked["accuracy_min"]
    kept = [
        plan
        for plan in plans(own)
        if plan.accuracy >= floor * (1 - 1e-9) and plan.latency(asked["latency_measure"]) <= most * (1 + 1e-9)
    ]
    return load(own.document, folder), kept
