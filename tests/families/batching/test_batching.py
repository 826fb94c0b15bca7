"""Batching against brute force, against every request simulated, and against the figures of HarmonyBatch."""

from __future__ import annotations

import itertools
import math
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracles import batching as oracle

import serflow_opt as so
from serflow_opt.families.batching.evaluate import chances, mean_window, value_group
from serflow_opt.families.batching.family import BATCHING
from serflow_opt.families.batching.filling import mean_window as mean_windows
from serflow_opt.families.batching.filling import shares_above
from serflow_opt.families.batching.problem import Application, Batching, Function, Group
from serflow_opt.families.batching.search import Partitions
from serflow_opt.families.protocol import Question
from serflow_opt.families.witnessed import solve_witnessed
from serflow_opt.ground.deadline import Deadline
from serflow_opt.search.outcome import Settings

PER_USD = 7.0
CALL_CPU = 1.6 * 9e-5 + 1.625 * 9e-6
"""CNY a second of 1.6 vCPUs: 1.6 GB are rounded up to 26 x 64 MB."""
MEAN_CPU = 1.8260695578676214 * math.exp(-1.6 / 0.5283726420022545) + 0.18015427168547402
CPU_16 = CALL_CPU * MEAN_CPU + 9e-7
"""CNY a request on 1.6 vCPUs, batch 1."""
GPU_CALL = 2 / 3 * 9e-5 + 0.5 * 9e-6 + 2 * 1.1e-4 + 9e-7
"""CNY a call on 2 GB of GPU that takes up to a second."""


def published(name: str = "smooth") -> Question:
    """The shipped instance of HarmonyBatch's Table I."""
    folder = Path(__file__).parents[3] / "instances" / "vgg19-three-apps"
    return so.load(folder / f"{name}.toml")


def made(seed: int, count: int, arrivals: Any = "random", groups: Any = "any", straight: bool = True) -> Question:
    """A small problem: two functions, one that is cheap and slow and one that pays with batches."""
    draw = random.Random(seed)
    apps = sorted(
        (Application(f"a{n}", draw.uniform(0.2, 1.2), draw.uniform(1, 12)) for n in range(count)),
        key=lambda own: own.slo_s,
    )
    functions = []
    for name, batches in (("slow", (1, 2)), ("fast", (1, 2, 4) if straight else (1, 2, 3, 4))):
        fixed, each = draw.uniform(0.02, 0.1), draw.uniform(0.005, 0.05) * (4 if name == "slow" else 1)
        sizes = (1.0, 2.0)
        mean = np.array([[(fixed + each * b) / size for b in batches] for size in sizes])
        if not straight:
            mean[:, 2:] *= 1.4
        rent = np.array([[draw.uniform(0.5, 1.0) * size] * len(batches) for size in sizes])
        functions.append(Function(name, "vCPU", sizes, batches, mean, mean * 1.3, mean, rent, draw.uniform(0, 0.01)))
    data = Batching(tuple(apps), tuple(functions), arrivals, groups, (0.5, 1.0))
    return Question("batching", f"made-{seed}", "cost", {}, data)


def configs_of(data: Batching) -> list[oracle.Config]:
    """Every size and batch, a call with fewer requests as the next batch that is offered."""
    found = []
    for own in data.functions:
        for s in range(len(own.sizes)):
            for b, most in enumerate(own.batches):
                as_ = [next(k for k, size in enumerate(own.batches) if size >= n) for n in range(1, most + 1)]
                usd = tuple(own.usd_per_s[s, b] * own.billed_s[s, k] + own.usd_per_call for k in as_)
                times = tuple(own.mean_s[s, k] for k in as_)
                found.append(oracle.Config(usd, times, max(own.longest_s[s, : b + 1])))
    return found


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


def test_what_is_open_is_said() -> None:
    """Where shorter timers are not ruled out, answers and fronts say of what they are the proof, and what is."""
    problem = next(own for own in (made(n, 3, straight=False) for n in range(9)) if so.solve(own).certificate.scope)
    solution, front = so.solve(problem), so.pareto(problem, ("cost", "latency"))
    assert solution.certificate.scope.startswith("timers as long as")
    assert solution.notes[0].startswith("with any timers")
    assert front.complete
    assert front.scope == solution.certificate.scope


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("arrivals", ["random", "smooth"])
def test_search_and_model_agree(seed: int, arrivals: Any) -> None:
    """Each is the other's witness: dynamic programming over groups, and set partition by HiGHS."""
    problem = made(10 + seed, 4, arrivals, "any" if seed % 2 else "contiguous", straight=seed > 2)
    solution = so.solve(problem)
    found = solve_witnessed(BATCHING, problem, {"cost": 1.0}, Settings())
    assert found.value == pytest.approx(solution.objective.value, rel=1e-6)
    assert found.proven(1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_contiguous_groups_are_no_better_than_any(seed: int) -> None:
    """And both are no dearer than each application alone."""
    some, every = (so.solve(made(30 + seed, 5, groups=groups)).objective.value for groups in ("contiguous", "any"))
    assert every <= some * (1 + 1e-12)


@pytest.mark.parametrize("seed", range(8))
def test_witness_search_and_oracle_know_how_full_batches_get(seed: int) -> None:
    """Three derivations: integrals over windows, over arrivals, and equations of the time that is left."""
    draw = random.Random(seed)
    count, most = draw.randint(1, 5), draw.randint(2, 20)
    timers = sorted(draw.choice([0.0, draw.uniform(0, 1), draw.uniform(0, 0.1)]) for _ in range(count))
    rates = [draw.uniform(0.1, 15) for _ in range(count)]
    apps = tuple(Application(f"a{n}", 2.0, rate) for n, rate in enumerate(rates))
    problem = Batching(apps, (), "random", "any", (1.0,))
    share = chances(problem, Group(tuple(range(count)), 0, 0, 0, tuple(timers)), most)
    above = shares_above(np.array(rates), np.array([timers]), most)[0]
    assert share == pytest.approx(list(above - np.append(above[1:], 0.0)), abs=1e-12)
    assert share == pytest.approx(list(oracle.law(timers, rates, most)), abs=1e-4)


@pytest.mark.parametrize("seed", range(5))
def test_the_mean_window_is_that_of_harmonybatch(seed: int) -> None:
    """T = T1 + η2 (1 - exp(-r1 (T2 - T1))) / r1, and it tells how many come: Wald's identity."""
    draw = random.Random(seed)
    timers = sorted(draw.uniform(0, 1) for _ in range(4))
    rates = [draw.uniform(0.1, 15) for _ in range(4)]
    apps = tuple(Application(f"a{n}", 2.0, rate) for n, rate in enumerate(rates))
    problem = Batching(apps, (), "random", "any", (1.0,))
    window = mean_window(problem, Group((0, 1, 2, 3), 0, 0, 0, tuple(timers)))
    two = oracle.equivalent(timers[:2], rates[:2])
    pair = Batching(apps[:2], (), "random", "any", (1.0,))
    assert mean_window(pair, Group((0, 1), 0, 0, 0, tuple(timers[:2]))) == pytest.approx(two, rel=1e-12)
    assert window == pytest.approx(mean_windows(np.array(rates), np.array([timers]))[0], rel=1e-12)
    above = shares_above(np.array(rates), np.array([timers]), 120)[0]
    assert above.sum() == pytest.approx(1 + sum(rates) * window, rel=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_every_request_simulated_costs_and_waits_as_promised(seed: int) -> None:
    """Random groups, 30,000 requests each: cost and size of batches within 1.5 %, no wait beyond its timer."""
    draw = random.Random(100 + seed)
    problem = made(seed, draw.randint(1, 4), straight=bool(seed % 2))
    plan = BATCHING.decision_of(problem, so.solve(problem).plan)
    for group in plan:
        own = problem.data.functions[group.function]
        row = sum(len(f.sizes) * len(f.batches) for f in problem.data.functions[: group.function])
        config = configs_of(problem.data)[row + group.size * len(own.batches) + group.batch]
        rates = [problem.data.applications[w].rate for w in group.applications]
        usd, mean, waits = oracle.simulate(config, group.timers_s, rates, 30_000, seed)
        value = value_group(problem.data, group)
        assert value.cost == pytest.approx(usd, rel=0.015)
        assert value.mean_batch == pytest.approx(mean, rel=0.015)
        for w, wait, promised in zip(group.applications, waits, value.promised_s, strict=True):
            assert wait + config.longest_s <= promised + 1e-9 <= problem.data.applications[w].slo_s + 2e-9


# ----------------------------------------------------------------------------------------------------
# HarmonyBatch


def groups_of_table_one(*rows: tuple[list[str], str, float, int, list[float]]) -> dict[str, Any]:
    """A plan as the paper prints one."""
    return {
        "groups": [
            {
                "applications": apps,
                "function": function,
                "size": size,
                "batch": batch,
                "timeouts_ms": dict(zip(apps, timers, strict=True)),
            }
            for apps, function, size, batch, timers in rows
        ]
    }


HARMONYBATCH = groups_of_table_one(
    (["app1"], "cpu", 1.6, 1, [0.0]), (["app2", "app3"], "gpu", 2, 13, [454.4587, 654.4587])
)
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


def test_others_on_table_one() -> None:
    """Each rule with the best functions for it, 1.55 vCPUs by the paper's plan of BATCH.

    Alone app3 takes 13 on 2 GB. Halved, app1, app2 and a part of app3 pair on 1.9 vCPUs, and the rest of app3 takes 12
    on 2 GB: 17.5 x 0.6545 = 11.45 come.
    """
    others = {own["name"]: own["value"] * PER_USD for own in so.explain(published()).to_dict()["beside"]}

    def cpu(c: float, gb: float, a: float, b: float, low: float, size: int) -> float:
        return ((c * 9e-5 + gb * 9e-6) * (a * math.exp(-c / b) + low) + 9e-7) / size

    one = cpu(1.55, 1.5625, 1.8260695578676214, 0.5283726420022545, 0.18015427168547402, 1)
    pair, fast = (
        cpu(c, gb, 4.849070286817897, 0.4322505914521466, 0.3644750704985931, 2)
        for c, gb in ((1.5, 1.5), (1.9, 1.9375))
    )
    assert others["alone on CPU"] == pytest.approx((5 * one + 30 * pair) / 35, rel=1e-9)
    assert others["alone"] == pytest.approx((5 * one + 10 * pair + 20 * GPU_CALL / 13) / 35, rel=1e-9)
    assert others["together"] == pytest.approx(GPU_CALL / 11, rel=1e-9)
    assert others["evenly"] == pytest.approx((fast + GPU_CALL / 12) / 2, rel=1e-9)


def test_a_batch_that_does_not_fill_is_no_plan_where_all_are_full() -> None:
    """2 requests of app1 in 0.1 s on average: a batch of 3 is not full; evaluated, it breaks something."""
    plan = groups_of_table_one((["app1"], "gpu", 2, 32, [0.0]), (["app2", "app3"], "gpu", 2, 13, [454.4587, 654.4587]))
    breaches = BATCHING.evaluate(published(), BATCHING.decision_of(published(), plan)).breaches
    assert {own.limit for own in breaches} == {"batch of the group of app1", "slo_ms of app1"}


def test_a_plan_without_an_application_breaks_something() -> None:
    """Also one that serves nobody."""
    plan = BATCHING.decision_of(published(), HARMONYBATCH)
    assert [own.limit for own in BATCHING.evaluate(published(), plan[1:]).breaches] == ["groups of app1"]
    assert len(BATCHING.evaluate(published(), ()).breaches) == 3
