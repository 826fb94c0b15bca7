"""The verbs on a training, knobs by hand, and everything that is wrong with an instance."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.helpers import has_line, run
from support.small_training import best, small

import serflow_opt as so
from serflow_opt.families.training.family import TRAINING


def test_the_small_instance_by_hand(tmp_path: Path) -> None:
    """Ten rounds of one epoch, 4.5 s each, at 3.6 USD an hour; less accuracy takes four."""
    found = best(small(tmp_path))
    assert found["time"] * 3600 == pytest.approx(45)
    assert found["cost"] == pytest.approx(0.045)
    assert found["traffic"] == pytest.approx(10 * 5 * 2e6 / 1e9)
    assert found["accuracy"] == 0.7
    assert so.solve(so.load(tmp_path)).achieved("time") * 3600 == pytest.approx(18)
    solution = so.solve(so.load(tmp_path))
    assert type(solution).from_dict(json.loads(json.dumps(solution.to_dict()))) == solution
    (tmp_path / "plan.json").write_text(json.dumps(solution.to_dict()))
    assert run("evaluate", tmp_path, tmp_path / "plan.json", "--json").document["objective"]["value"] * 3600 == (
        pytest.approx(18)
    )
    assert run("evaluate", tmp_path, tmp_path / "plan.json", "--set", "accuracy_min=0.6").code == 3
    assert has_line(run("solve", tmp_path).stdout, "phone", "10", "adds-up") is False
    assert run("solve", tmp_path, "--set", "accuracy_min=0.9").code == 3


def test_who_is_late_is_left_out_and_more_are_drawn(tmp_path: Path) -> None:
    """With rounds that end at 5 s a tenth that takes 9 s is lost: 5 / 0.9 are drawn. Without an end rounds take 9 s."""
    keys = ("count = 10", "count = 10\nlate = 0.1\nlate_factor = 2")
    assert best(small(tmp_path / "waits", *keys))["time"] * 3600 == pytest.approx(10 * 9)
    folder = small(tmp_path / "ends", *keys)
    text = (folder / "instance.toml").read_text().replace("[training]", "[training]\nround_deadline_s = [5]")
    (folder / "instance.toml").write_text(text)
    found = best(folder)
    assert found["time"] * 3600 == pytest.approx(45)
    assert found["traffic"] == pytest.approx(10 * 5 / 0.9 * 2e6 / 1e9)
    plan = run("solve", folder, "--json").document["plan"]
    assert plan["groups"][0]["drawn"] == pytest.approx(5 / 0.9)


def test_hybrid_sends_less_up_to_so_many_samples(tmp_path: Path) -> None:
    """q = 16,384 bytes, W = 5.12 MB, a tenth of it before the cut: 281.25 samples."""
    stages = "stage,forward_flops,activation_bytes,gradient_bytes,parameter_bytes\na,1,16384,16384,512000\n"
    tables = {"stages": stages + "b,1,40,40,4608000\n"}
    for samples, cut in ((281, 1), (282, 2)):
        folder = small(tmp_path / str(samples), 'mode = "federated"', 'mode = "hybrid"', tables)
        text = (folder / "instance.toml").read_text().replace("samples = 100", f"samples = {samples}")
        (folder / "instance.toml").write_text(text)
        for goal in ("time", "traffic"):
            plan = so.solve(TRAINING.changed(so.load(folder), {"objective": goal})).plan
            assert plan["groups"][0]["cut"] == cut


def test_the_published_rounds_of_resnet18() -> None:
    """27.135 s + E x 11.125 s: 0.60 takes five rounds of two epochs, 0.50 five of one; ten of two take 493.85 s."""
    problem = so.load("resnet18-serverless-rounds")
    solution = so.solve(problem)
    assert (solution.plan["local_epochs"], solution.plan["rounds"]) == (2, 5)
    assert solution.objective.value * 3600 == pytest.approx(246.925, rel=1e-6)
    half = so.solve(TRAINING.changed(problem, {"accuracy_min": 0.5}))
    assert (half.plan["local_epochs"], half.objective.value * 3600) == (1, pytest.approx(191.3, rel=1e-6))
    document = {**solution.plan, "rounds_measured": 10, "accuracy_measured": 0.7056}
    ten = so.evaluate(problem, TRAINING.decision_of(problem, document))
    assert ten.values["time"] == pytest.approx(493.85, rel=1e-6)


def test_names_and_new_instances(tmp_path: Path) -> None:
    """The schema, a copy, its size; and the front says who holds what."""
    assert run("schema", "training").document["properties"]["client"]
    folder = small(tmp_path / "small")
    assert "10 clients in 1 groups, 1 stages" in run("validate", folder).stdout
    assert run("solve", small(tmp_path / "bad", "count = 10", "count = 0")).code == 2
    front = run("pareto", folder, "time", "accuracy")
    assert has_line(front.stdout, "2 decisions", "complete")
    assert has_line(front.stdout, "0.0125", "0.7", "10 hold 1")
    assert run("solve", folder, "--set", "mode=federated").code == 0
    assert has_line(run("solve", folder, "--set", "mode=split").stderr, "mode: 'split'", "federated")
    ran = run("provision", folder)
    assert ran.code == 2
    assert "a training takes solve" in ran.stderr


def test_a_budget_below_the_cheapest_plan_says_how_much_that_is(tmp_path: Path) -> None:
    """0.045 USD are needed, of which 0.01 are there."""
    solution = so.solve(TRAINING.changed(so.load(small(tmp_path)), {"accuracy_min": 0.6, "cost_max_usd": 0.01}))
    assert solution.status == "infeasible"
    least = {own.limit: own.best for own in solution.infeasible_because}
    assert least["cost_max_usd"] == pytest.approx(0.045)
