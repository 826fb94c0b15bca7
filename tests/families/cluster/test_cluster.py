"""Clusters against every filling and every choice of servers, and against the figures of INFless."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
from oracles import cluster as oracle

import serflow_opt as so
from serflow_opt.families.cluster import search as searching
from serflow_opt.families.cluster.evaluate import served
from serflow_opt.families.cluster.family import CLUSTER
from serflow_opt.families.cluster.menu import menu_of
from serflow_opt.families.cluster.problem import Cluster, Config, Network, Server
from serflow_opt.families.cluster.slices import only_slices
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
        Network(f"m{n}", draw.choice([0.15, 0.25, 0.4]), draw.randint(5, 60)) for n in range(draw.choice([1, 1, 2]))
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
        Server(
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


@pytest.mark.parametrize("every", [True, False], ids=["every filling", "branch and price"])
def test_the_best_plan_is_that_of_every_choice_of_servers(every: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks, slices, pooled shares, types of servers and limits drawn at random; both ways to search."""
    if not every:
        monkeypatch.setattr(searching, "listed", lambda problem: None)
        monkeypatch.setattr(searching.slices, "only_slices", lambda shop: False)
    there = [agrees(made(seed)) for seed in range(8 if every else 12)]
    assert 2 < sum(there) < len(there)


def test_slices_of_cards_are_counted_without_fillings() -> None:
    """Where instances take slices and nothing else."""
    problems = [made(seed, cut=True) for seed in range(500, 508)]
    assert all(only_slices(searching.shop_of(own.data)) for own in problems)
    there = [agrees(own) for own in problems]
    assert 2 < sum(there) < len(there)


@pytest.mark.parametrize("seed", range(2))
def test_a_plan_is_read_back_from_its_document(seed: int) -> None:
    """What is decided stands in the document whole: it comes to the same values."""
    problem = next(own for own in (made(300 + 20 * seed + n) for n in range(20)) if so.solve(own).plan)
    solution = so.solve(problem)
    again = CLUSTER.evaluate(problem, CLUSTER.decision_of(problem, solution.plan))
    assert not again.breaches
    assert [again.values[own.name] for own in solution.metrics] == pytest.approx(
        [own.value for own in solution.metrics]
    )


@pytest.mark.parametrize(
    ("rates", "time", "target", "batch", "least", "most"),
    [
        ("whole", 0.060, 0.25, 1, 0, 16),  # floor(1 / 0.06)
        ("whole", 0.152, 0.25, 1, 0, 6),  # waits for nobody, though 1 / (0.25 - 0.152) is above 6
        ("whole", 0.0746, 0.15, 4, None, None),  # 54 requests/s fill it in time, and it serves 53
        ("whole", 0.0722, 0.15, 4, 52, 55),
        ("exact", 0.050, 0.25, 4, 20, 80),  # 4 / 0.2 requests/s fill it in time
        ("whole", 0.130, 0.25, 4, None, None),  # the next batch fills while one runs: 260 ms
        ("whole", 0.300, 0.25, 1, None, None),
    ],
)
def test_what_an_instance_serves(
    rates: str, time: float, target: float, batch: int, least: int | None, most: float | None
) -> None:
    """INFless: up = floor(b / t), low = ceil(b / (s - t)), t <= s alone and 2 t <= s in batches."""
    data = Cluster(
        (Network("m", target, 100.0),),
        (Server("s", 4, 1, False, (), 1.0, 100),),
        (Config(0, batch, 1, 10, "", time),),
        rates == "whole",
        0.1,
    )
    low, up = served(data, data.configs[0])
    menu = menu_of(data)
    assert (up > 0) == (most is not None) == (len(menu.configs) == 1)
    if most is not None and least is not None:
        assert up == menu.up[0] == pytest.approx(most)
        assert low == menu.low[0] == least
