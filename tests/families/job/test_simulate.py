"""Jobs step by step, against enumeration, by hand, and by the command."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from oracles.job import drawn, rows
from support.helpers import run as command

from serflow_opt.families.events.result import EventsSimulated
from serflow_opt.families.events.run import enough, run
from serflow_opt.families.job.evaluate import account
from serflow_opt.families.job.simulate import JobSteps


def test_rows_of_every_kind_take_and_cost_step_by_step_what_enumeration_says() -> None:
    """Eight rows of each of 20 jobs: all patterns, on functions, on machines and in turn, with restarts."""
    kinds = set()
    for seed in range(20):
        job = drawn(seed)
        known = list(rows(job))
        for plan, own in random.Random(seed).sample(known, min(8, len(known))):
            made = JobSteps(job, plan)
            found = run(made.steps.activities(), np.array(made.steps.seconds), enough(len(made.steps.seconds)))
            told = account(job, plan)
            cost = told.cost + made.paid(found.finishes) - made.planned_paid(told)
            assert (found.time, cost) == pytest.approx((own["time"], own["cost"]), rel=1e-9), (seed, plan)
            kinds.add((plan.pattern, plan.function >= 0, plan.machine >= 0))
    assert len(kinds) >= 11


def test_the_command_agrees_with_the_plan_and_shows_what_stragglers_cost(tmp_path: Path) -> None:
    """Times as stated come to the plan's 134.9035 s; those that scatter take longer, since rounds wait for the last."""
    found = command("simulate", "higgs-lr", "--json").document
    assert {own["name"]: own["simulated"] for own in found["figures"]} == {
        "time": pytest.approx(134.903459, rel=1e-7),
        "cost": pytest.approx(0.03280568, rel=1e-6),
    }
    assert sum(own["simulated"] for own in found["parts"]) == pytest.approx(134.903459, rel=1e-7)
    assert EventsSimulated.from_dict(found).to_dict() == found
    picture = tmp_path / "job.png"
    late = command("simulate", "higgs-lr", "--times", "lognormal", "--cv", "0.3", "--trainings", "5", "--plot", picture)
    assert (late.code, picture.exists(), "where time goes" in late.stdout) == (0, True, True)
    assert command("simulate", "higgs-lr", "--trace", "twitter-day").code == 2
