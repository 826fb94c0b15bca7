"""Groups simulated request by request, beside their plans."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from oracles import batching as oracle
from support.batches import configs_of, made
from support.helpers import run

import serflow_opt as so
from serflow_opt.families.batching import simulate
from serflow_opt.families.batching.family import BATCHING


@pytest.mark.parametrize("seed", [0, 1])
def test_plan_and_simulation_agree(seed: int) -> None:
    """Cost and batches within 2 % of the plan, and of another simulation; nobody waits longer than promised."""
    problem = made(seed, 3, straight=False)
    solution = so.solve(problem)
    found = simulate.simulate(problem, solution, requests=40_000, seed=seed)
    assert all(abs(own.off) < 0.02 for own in found.figures)
    assert all(own.longest_ms <= own.promised_ms * (1 + 1e-9) and own.late == 0 for own in found.applications)
    (group, *_) = BATCHING.decision_of(problem, solution.plan)
    kind = problem.data.functions[group.function]
    row = sum(len(f.sizes) * len(f.batches) for f in problem.data.functions[: group.function])
    config = configs_of(problem.data)[row + group.size * len(kind.batches) + group.batch]
    rates = [problem.data.applications[w].rate for w in group.applications]
    usd, mean, _ = oracle.simulate(config, group.timers_s, rates, 20_000, seed)
    ours = simulate.run(problem.data, group, 20_000 / sum(rates), np.random.default_rng(seed))
    assert ours.usd / len(ours.who) == pytest.approx(usd, rel=0.03)
    assert len(ours.who) / ours.batches == pytest.approx(mean, rel=0.03)


def test_the_command(tmp_path: Path) -> None:
    """Groups of three applications beside their plan, as a table and as a document that is read back."""
    found = run("simulate", "vgg19-three-apps", "--requests", "5000", "--json").document
    assert [own["application"] for own in found["applications"]] == ["app1", "app2", "app3"]
    assert simulate.BatchingSimulated.from_dict(found).to_dict() == found
    assert "promised ms" in run("simulate", "vgg19-three-apps", "--requests", "5000").stdout
    for wrong in (("--trace", "twitter-day"), ("--requests", "0"), ("--plan", tmp_path / "none.json")):
        assert run("simulate", "vgg19-three-apps", *wrong).code == 2
