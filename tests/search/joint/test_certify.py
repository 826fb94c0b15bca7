"""Floors that hold beyond the samples: bounds against arithmetic, and coverage over draws from a known population."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

import serflow_opt as so
from serflow_opt.ground.shares import lower_bound
from serflow_opt.search.joint.certify import samples_needed

FOLDER_TOML = """
schema = 1
name = "drawn"
[network]
stages = "stages.csv"
input_bytes = 10
[exits]
samples = "samples.csv"
classifier_stages = [1, 2, 3]
joint = true
levels = 6
holdout_share = {share}
seed = {seed}
[workload]
accuracy_min = {floor}
{certify}
[[tier]]
name = "function"
kind = "function"
[[tier.option]]
name = "f"
flops_per_s = 1e9
memory_mb = 1024
usd_per_gb_s = 1e-5
"""


def write(folder: Path, confidence: np.ndarray, correct: np.ndarray, **keys: object) -> so.Instance:
    """An instance of three stages whose samples are given."""
    folder.mkdir(exist_ok=True)
    (folder / "stages.csv").write_text(
        "stage,flops,activation_bytes,parameter_bytes\n1,1e8,10,10\n2,1e8,10,10\n3,1e8,10,10\n"
    )
    lines = ["sample_id," + ",".join(f"conf_exit{k},correct_exit{k}" for k in (1, 2, 3))]
    for n, (sure, right) in enumerate(zip(confidence, correct, strict=True)):
        lines.append(f"{n}," + ",".join(f"{c!r},{int(r)}" for c, r in zip(sure.tolist(), right, strict=True)))
    (folder / "samples.csv").write_text("\n".join(lines) + "\n")
    asked = keys.pop("asked", 0.9)
    told = {"share": 0.5, "seed": 0, "floor": 0.8, "certify": f"accuracy_confidence = {asked}", **keys}
    (folder / "instance.toml").write_text(FOLDER_TOML.format(**told))
    return so.load(folder)


def draw(rng: np.random.Generator, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Confidences that take ten values, so that thresholds have an accuracy that can be worked out.

    Every exit sees the same ease u, uniform on tenths; exit k is right with chance 0.5 + 0.1 k + 0.2 u, apart.
    """
    ease = rng.integers(0, 10, rows) / 10
    chance = 0.5 + 0.1 * np.arange(1, 4)[None, :] + 0.2 * ease[:, None]
    return np.repeat(ease[:, None], 3, axis=1), rng.random((rows, 3)) < chance


def true_accuracy(thresholds: list[float]) -> float:
    """The population's share right: each ease leaves at the first exit whose threshold it passes."""
    total = 0.0
    for tenth in range(10):
        ease = tenth / 10
        k = next((k for k, threshold in enumerate(thresholds, 1) if ease >= threshold), 3)
        total += (0.5 + 0.1 * k + 0.2 * ease) / 10
    return total


def test_the_lower_bound_is_where_the_binomial_tail_is_the_risk() -> None:
    """The bound on a share is Clopper and Pearson's, with its ends in closed form."""
    for right, count, confidence in ((90, 100, 0.95), (441, 500, 0.9), (10, 10, 0.8)):
        bound = lower_bound(right, count, confidence)
        assert binom.sf(right - 1, count, bound) == pytest.approx(1 - confidence, rel=1e-9)
    assert lower_bound(0, 10, 0.95) == 0.0
    # all right: share^n = risk
    assert lower_bound(10, 10, 0.8) == pytest.approx(0.2 ** (1 / 10))


def test_samples_needed_are_the_least_that_show_the_floor() -> None:
    """How many samples would be enough follows from the binomial tail; at or below the floor none are."""
    # all right: floor^n <= risk from n = ln 0.05 / ln 0.9 = 28.4 on
    assert samples_needed(1.0, 0.9, 0.95) == 29
    assert samples_needed(0.9, 0.9, 0.95) is None
    assert samples_needed(0.8, 0.9, 0.95) is None


def test_a_certified_floor_holds_as_often_as_promised(tmp_path: Path) -> None:
    """16 draws at confidence 0.8: the floor is missed in at most 20 %, and a binomial margin, of all draws."""
    floor, missed, certified, draws = 0.8, 0, 0, 16
    for seed in range(draws):
        confidence, correct = draw(np.random.default_rng([3, seed]), 240)
        plan = so.solve(write(tmp_path, confidence, correct, floor=floor, asked=0.8, seed=seed))
        if plan.plan is None:
            assert plan.status == "infeasible"
            continue
        certified += 1
        missed += true_accuracy([c.threshold or 0.0 for c in plan.thresholds]) < floor - 1e-12
    # the most accurate plan has 0.89 and is certified nearly always
    assert certified > draws / 2
    assert missed <= binom.ppf(0.999, draws, 0.2)


def test_on_the_samples_alone_the_floor_is_missed_more_often_than_not(tmp_path: Path) -> None:
    """What the hold-out is for: thresholds that just keep the floor on their own samples rarely keep it beyond them."""
    missed = 0
    for seed in range(18):
        confidence, correct = draw(np.random.default_rng([3, seed]), 240)
        plan = so.solve(write(tmp_path, confidence, correct, certify="", seed=seed))
        missed += true_accuracy([c.threshold or 0.0 for c in plan.thresholds]) < 0.8 - 1e-12
    assert missed >= 6


def test_the_plan_says_what_was_shown(tmp_path: Path) -> None:
    """A certified plan tells on how many held-out samples its floor was shown, and they suffice."""
    confidence, correct = draw(np.random.default_rng(5), 600)
    plan = so.solve(write(tmp_path, confidence, correct))
    assert plan.status == "optimal"
    held = next(part for part in plan.samples if part.part == "held-out")
    right = round(held.accuracy * held.samples)
    assert held.samples == 300
    assert binom.sf(right - 1, 300, 0.8) <= 0.1
    assert f"{right} of 300 held-out samples are right" in " ".join(plan.notes)
    assert "fixed-sequence" in plan.certificate.method
    assert plan.metrics is not None
    assert plan.metrics.accuracy is not None
    assert plan.metrics.accuracy >= 0.8


def test_what_cannot_be_shown_says_how_many_samples_would(tmp_path: Path) -> None:
    """A floor that few samples cannot show is told with the number that could."""
    confidence, correct = draw(np.random.default_rng(5), 40)
    plan = so.solve(write(tmp_path, confidence, correct, floor=0.85, asked=0.99))
    assert plan.status == "infeasible"
    assert plan.plan is None
    (clash,) = plan.infeasible_because
    assert clash.limit == "accuracy_confidence"
    assert "of 20 held-out samples" in clash.message
    assert ("would show it" in clash.message) or ("no number of samples" in clash.message)


def test_a_certified_plan_costs_no_less_than_one_that_keeps_the_floor_on_its_samples(tmp_path: Path) -> None:
    """A guarantee beyond the samples cannot be cheaper than none."""
    confidence, correct = draw(np.random.default_rng(6), 600)
    certified = so.solve(write(tmp_path, confidence, correct))
    plain = so.solve(write(tmp_path, confidence, correct, certify=""))
    assert certified.objective.value is not None
    assert plain.objective.value is not None
    assert certified.objective.value >= plain.objective.value * (1 - 1e-9)
    assert math.isfinite(plain.objective.value)


def test_without_a_plan_to_test_the_other_limits_are_blamed(tmp_path: Path) -> None:
    """Where no plan exists at all, confidence is not what is blamed."""
    confidence, correct = draw(np.random.default_rng(7), 200)
    instance = write(tmp_path, confidence, correct).with_limits(latency_slo_ms=0.001)
    plan = so.solve(instance)
    assert plan.status == "infeasible"
    assert [clash.limit for clash in plan.infeasible_because] == ["placement"]
