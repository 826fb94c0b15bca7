"""Clusters drawn at random, and every choice of servers for them."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
from oracles import cluster as oracle

import serflow_opt as so
from serflow_opt.families.cluster.problem import Cluster, Config, ServedNetwork, ServerType
from serflow_opt.families.protocol import Question

NAMES = ("servers", "cost", "resources", "throughput")


LAYOUTS = (("2g", "1g"), ("1g", "1g", "1g"))


def made(seed: int, cut: bool = False) -> Question:
    """A small problem: one or two networks, up to four configurations each, one or two types of servers.

    `cut`: on slices of cards only.
    """
    draw = random.Random(seed)
    sliced, pooled = draw.random() < 0.3 or cut, draw.random() < 0.3
    networks = tuple(
        ServedNetwork(f"m{n}", draw.choice([0.15, 0.25, 0.4]), draw.randint(5, 60))
        for n in range(draw.choice([1, 1, 2]))
    )
    configs = []
    for n in range(len(networks)):
        for _ in range(draw.randint(2, 4)):
            batch = draw.choice([1, 1, 2, 4])
            gpu = draw.choice([0, 40, 50, 60])
            piece = draw.choice(["1g", "2g", *([] if cut else [""])]) if sliced else ""
            cores = draw.choice([1, 2]) if not (gpu or piece) else draw.choice([0] if cut else [0, 1])
            own = Config(n, batch, cores, 0 if sliced else gpu, piece, draw.uniform(0.03, 0.2))
            configs.append(own if own.cores or own.percent or own.slice else replace(own, cores=1))
    servers = tuple(
        ServerType(
            f"s{j}",
            draw.choice([2, 3]),
            draw.choice([0, 1, 2]) if j else 1,
            pooled and not sliced,
            LAYOUTS if sliced else (),
            draw.choice([1.0, 1.5, 2.5]),
            draw.choice([1, 2, 3]),
        )
        for j in range(draw.choice([1, 1, 2]))
    )
    data = Cluster(networks, servers, tuple(configs), draw.random() < 0.7, 0.25, draw.random() < 0.7)
    limits = {}
    if draw.random() < 0.3:
        limits["resources"] = draw.uniform(0.5, 3)
    if draw.random() < 0.3:
        limits["cost"] = draw.choice([2.0, 3.0, 4.0])
    if draw.random() < 0.2:
        limits["throughput"] = -draw.uniform(0.5, 1.5) * data.rate
    name = draw.choice(NAMES) if data.asked else "throughput"
    return Question("cluster", f"made-{seed}", name, limits, data)


def enumerated(problem: Question) -> float | None:
    """The best value over every choice of servers, less is better; None: there is none."""
    data, types = problem.data, []
    count = len(data.networks)
    for server in data.servers:
        used = [
            (k, found)
            for k in data.configs
            if (found := oracle.rates(k.batch, k.time_s, data.networks[k.network].slo_s, data.whole))
        ]
        used = [(k, own) for k, own in used if server.cards or not (k.percent or k.slice)]
        sizes = [(k.cores, k.percent, k.slice) for k, _ in used]
        part = {"1g": 1 / 3, "2g": 2 / 3, "": 0.0}
        rows = []
        for numbers in oracle.fillings(sizes, server.cores, server.cards, server.pooled, server.layouts):
            row = np.zeros(3 + 2 * count)
            row[:2] = 1.0, server.usd_per_hour
            for n, (k, (low, up)) in zip(numbers, used, strict=True):
                row[2] += n * (k.cores * data.gpus_per_core + k.percent / 100 + part[k.slice])
                row[3 + k.network] += n * up
                row[3 + count + k.network] += n * low
            if any(numbers):
                rows.append(row)
        types.append((server.most if rows else 0, np.array(rows or [np.zeros(3 + 2 * count)])))
    sums = oracle.choices(types)
    asked = np.array([own.rate for own in data.networks], dtype=float)
    up, low = sums[:, 3 : 3 + count], sums[:, 3 + count :]
    load = (up / asked).min(axis=1)
    values = {"servers": sums[:, 0], "cost": sums[:, 1], "resources": sums[:, 2], "throughput": -load * asked.sum()}
    fed = low <= (asked if data.asked else load[:, None] * asked) + 1e-7
    good = fed.all(axis=1) & ((load >= 1 - 1e-9) if data.asked else True)
    for name, most in problem.limits.items():
        good &= values[name] <= most + 1e-7
    return float(values[problem.optimise][good].min()) if good.any() else None


def agrees(problem: Question) -> bool:
    """Whether the answer is that of enumeration, proven; say if there is a plan."""
    best, solution = enumerated(problem), so.solve(problem)
    if best is None:
        assert solution.status == "infeasible", problem.name
        return False
    assert solution.status == "optimal", (problem.name, solution.notes)
    sign = -1.0 if problem.optimise == "throughput" else 1.0
    assert solution.objective.value == pytest.approx(sign * best, rel=1e-6, abs=1e-6), problem.name
    return True
