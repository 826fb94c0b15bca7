"""Batching against brute force, against every request simulated, and against the figures of HarmonyBatch."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from oracles import batching as oracle
from support.batches import GPU_CALL, HARMONYBATCH, PER_USD, configs_of, groups_of_table_one, made, published

import serflow_opt as so
from serflow_opt.families.batching.evaluate import value_group
from serflow_opt.families.batching.family import BATCHING
from serflow_opt.families.batching.problem import Batching
from serflow_opt.families.batching.search import Partitions
from serflow_opt.ground.deadline import Deadline

CALL_CPU = 1.6 * 9e-5 + 1.625 * 9e-6
"""CNY a second of 1.6 vCPUs: 1.6 GB are rounded up to 26 x 64 MB."""
MEAN_CPU = 1.8260695578676214 * math.exp(-1.6 / 0.5283726420022545) + 0.18015427168547402
CPU_16 = CALL_CPU * MEAN_CPU + 9e-7
"""CNY a request on 1.6 vCPUs, batch 1."""


def enumerated(data: Batching, grid: int) -> float:
    """The least USD a request over all partitions, configurations and timers."""
    targets, rates = [a.slo_s for a in data.applications], [a.rate for a in data.applications]
    configs, known, best = configs_of(data), {}, math.inf
    for groups in oracle.partitions(range(len(rates))):
        if data.groups == "contiguous" and not oracle.contiguous(groups):
            continue
        total = 0.0
        for group in groups:
            key = tuple(group)
            if key not in known:
                known[key] = oracle.cheapest(group, targets, rates, configs, grid)
            total += known[key] * sum(rates[w] for w in group)
        best = min(best, total / sum(rates))
    return best


@pytest.mark.parametrize(("seed", "count", "groups"), [(1, 2, "any"), (3, 3, "contiguous"), (4, 2, "any")])
def test_the_optimum_is_that_of_every_partition_configuration_and_timer(seed: int, count: int, groups: Any) -> None:
    """Calls of batches up to 4 run as 1, 2 or 4: not straight, so timers in between could be better and are tried.

    The bound for any timers is below all of them.
    """
    problem = made(seed, count, groups=groups)
    solution = so.solve(problem)
    best = enumerated(problem.data, 2)
    assert solution.status == "optimal"
    assert solution.objective.value == pytest.approx(best, rel=1e-5)
    assert Partitions(problem.data, 1.0, Deadline()).bound(count) <= best * (1 + 1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_a_limit_on_calls_at_once_couples_groups(seed: int) -> None:
    """Of all partitions and configurations with the longest timers, the cheapest that keeps it; the model finds it."""
    problem = made(60 + seed, 3)
    slow, fast = problem.data.functions
    dear = replace(fast, usd_per_s=fast.usd_per_s * 30)
    problem = replace(problem, data=replace(problem.data, functions=(slow, dear)))
    data, rates = problem.data, [own.rate for own in problem.data.applications]
    configs, points = configs_of(data), []
    for groups in oracle.partitions(range(3)):
        ways = []
        for group in groups:
            own = [rates[w] for w in group]
            room = {c: [data.applications[w].slo_s - c.longest_s for w in group] for c in configs}
            laws = {c: oracle.law(room[c], own, len(c.usd)) for c in configs if min(room[c]) >= 0}
            mean = {c: law @ np.arange(1, len(law) + 1) for c, law in laws.items()}
            ways.append(
                [(sum(own) * law @ c.usd / mean[c], sum(own) * law @ c.mean_s / mean[c]) for c, law in laws.items()]
            )
        points += [tuple(map(sum, zip(*chosen, strict=True))) for chosen in itertools.product(*ways)]
    free = so.solve(problem).achieved("calls")
    least = min(calls for _, calls in points)
    assert least < 0.99 * free
    most = (free + least) / 2
    best = min(usd for usd, calls in points if calls <= most) / sum(rates)
    solution = so.solve(BATCHING.changed(problem, {"calls_max": most}))
    assert solution.status == "optimal"
    assert solution.objective.value == pytest.approx(best, rel=1e-5)
    assert solution.achieved("calls") <= most * (1 + 1e-9)


# ----------------------------------------------------------------------------------------------------
# HarmonyBatch


BATCH = groups_of_table_one(
    (["app1"], "cpu", 1.6, 1, [0.0]), (["app2"], "cpu", 1.5, 2, [170.0]), (["app3"], "cpu", 1.5, 2, [370.0])
)


def test_the_figures_of_table_one() -> None:
    """CNY a request of the two functions, and the longest time of 13 requests on 2 GB: 6 turns of 22 slices of 2 ms."""
    cpu, gpu = so.solve(replace(published(), limits={})), published().data.functions[1]
    assert pytest.approx(4.3498e-5, rel=1e-4) == CPU_16
    assert pytest.approx(2.1954e-5, rel=1e-4) == GPU_CALL / 13
    whole = 13 * 0.001679844365532822 + 0.002113091944793135
    assert gpu.longest_s[0, 12] == pytest.approx(1.2 * (22 * 6 * 0.002 + whole), rel=1e-12)
    assert gpu.longest_s[0, 12] == pytest.approx(0.3455, abs=1e-4)
    assert gpu.billed_s[0, 12] == 1.0
    valued = BATCHING.evaluate(published(), BATCHING.decision_of(published(), HARMONYBATCH))
    assert valued.breaches == ()
    expected = (5 * CPU_16 + 30 * GPU_CALL / 13) / 35
    assert valued.values["cost"] * PER_USD == pytest.approx(expected, rel=1e-12)
    assert cpu.objective.value * PER_USD <= expected


def test_the_plans_of_table_one_cost_as_printed() -> None:
    """1 : 0.881 : 0.635; printed 1.00 : 0.88 : 0.63.

    MBS+ halves the requests: 17.5/s, app1, app2 and an eighth of app3, one by one on 1.6 vCPUs, and the other 17.5/s on
    2 GB with batches of 11.
    """
    problem = published()
    batch, harmony = (
        BATCHING.evaluate(problem, BATCHING.decision_of(problem, plan)).values["cost"] * PER_USD
        for plan in (BATCH, HARMONYBATCH)
    )
    mbs = (CPU_16 + GPU_CALL / 11) / 2
    assert mbs / batch == pytest.approx(0.881, abs=5e-4)
    assert harmony / batch == pytest.approx(0.635, abs=5e-4)


def test_the_optimum_is_cheaper_than_the_published_plan() -> None:
    """14 requests fit a batch on 2 GB: their longest time leaves windows of 30 x 0.4573 s, which 13 more come in."""
    solution = so.solve(published())
    first, second = solution.plan["groups"]
    assert (first["function"], first["batch"], second["function"], second["size"], second["batch"]) == (
        "cpu",
        1,
        "gpu",
        2.0,
        14,
    )
    timers = [ms / 1000 for ms in second["timeouts_ms"].values()]
    assert 13 <= 30 * oracle.equivalent(timers, [10, 20]) < 14
    assert second["cost_usd_per_request"] * PER_USD == pytest.approx(GPU_CALL / 14, rel=1e-12)
    assert solution.status == "optimal"
    assert solution.certificate.scope == ""


def test_at_random_the_published_plan_fills_four_in_five_batches() -> None:
    """82 % are full, 12.6 requests on average, 3 % dearer than read as smooth: simulated for the design."""
    problem = published("instance")
    plan = BATCHING.decision_of(problem, HARMONYBATCH)
    own = value_group(problem.data, plan[1])
    config = oracle.Config(tuple([GPU_CALL] * 13), tuple([0.28] * 13), own.longest_s)
    usd, mean, _ = oracle.simulate(config, plan[1].timers_s, [10, 20], 100_000, 1)
    assert own.full == pytest.approx(0.82, abs=0.01)
    assert own.mean_batch == pytest.approx(12.6, abs=0.05)
    assert own.mean_batch == pytest.approx(mean, rel=0.01)
    assert own.cost * PER_USD == pytest.approx(usd, rel=0.01)
    assert own.cost * PER_USD / (GPU_CALL / 13) == pytest.approx(1.03, abs=0.01)
