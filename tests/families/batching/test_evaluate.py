"""The witness of batching against every request simulated, and what it breaks."""

from __future__ import annotations

import random

import pytest
from oracles import batching as oracle
from support.batches import HARMONYBATCH, configs_of, groups_of_table_one, made, published

import serflow_opt as so
from serflow_opt.families.batching.evaluate import value_group
from serflow_opt.families.batching.family import BATCHING


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
