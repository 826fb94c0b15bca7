"""The instance that is written: it loads with the numbers measured, and solves to what arithmetic says."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

from support.helpers import run

import serflow_opt as so
from serflow_opt.problem.network import Stage
from serflow_opt.problem.profile_table import ProfileTable
from serflow_opt.profiling.folder import MeasuredNetwork, instance_text, parallel_fraction, write_instance, write_stages
from serflow_opt.profiling.measure.timing import StageTimes, write_times

STAGES = (Stage(2e6, 400, 1000), Stage(4e6, 12, 2001))
HOW = ProfileTable(
    network="net.py:Net", data=["d.npz"], seed=3, warmup=2, repeats=9, machine="a box", date="2026-01-02"
)


def passes(threads: int, *stage_ms: float) -> StageTimes:
    """Two equal passes."""
    return StageTimes(threads, 1, np.array([stage_ms, stage_ms]) / 1000)


TIMES = (passes(1, 1.0, 2.0), passes(2, 0.5, 1.0))


def whole(threads: int, seconds: float) -> StageTimes:
    """Two passes of some seconds, over two stages."""
    return StageTimes(threads, 1, np.array([[0.25, 0.75], [0.5, 0.5]]) * seconds)


def measured(**changes: Any) -> MeasuredNetwork:
    """Two stages of 1 and 2 ms, twice as fast on two threads; an exit after the first; always right at the end."""
    full = {"classifier_stages": (1, 2), "earlier_thresholds": (0.9,), "final_accuracy": 1.0, "times": TIMES}
    return MeasuredNetwork(
        **{"name": "tiny", "stages": STAGES, "input_bytes": 16.0, "provenance": HOW} | full | changes
    )


def written(folder: Path, what: MeasuredNetwork) -> Path:
    """Write the folder that `what` stands for.

    Of 40 samples every second is sure (0.95) and right at the first exit, the others unsure (0.6) and wrong.
    """
    write_stages(what.stages, folder / "stages.csv")
    if what.times:
        write_times(what.times, folder / "times.csv")
    if what.classifier_stages:
        rows = [f"{n},{'0.95,1' if n % 2 else '0.6,0'},0.99,1" for n in range(40)]
        header = "sample_id,conf_exit1,correct_exit1,conf_exit2,correct_exit2"
        (folder / "samples.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    write_instance(what, folder / "instance.toml")
    return folder / "instance.toml"


def test_stages_by_hand(tmp_path: Path) -> None:
    """Operations and bytes are written whole, without exponents."""
    write_stages((Stage(2e6, 400, 1000), Stage(123456789012, 0.5, 0)), tmp_path / "stages.csv")
    assert (tmp_path / "stages.csv").read_bytes().decode() == (
        "stage,flops,activation_bytes,parameter_bytes\n1,2000000,400,1000\n2,123456789012,0.5,0\n"
    )


def test_the_instance_has_what_was_measured(tmp_path: Path) -> None:
    """The instance loads with the stages, times and samples measured, and holds some out."""
    instance = so.load(written(tmp_path, measured()))
    assert instance.name == "tiny"
    assert instance.stages == STAGES
    assert instance.input_bytes == 16
    assert instance.source == "here"
    seconds = {option.name: option.stage_seconds for option in instance.options if option.tier == 0}
    assert seconds["1-thread"] == pytest.approx((0.001, 0.002))
    assert seconds["2-threads"] == pytest.approx((0.0005, 0.001))
    assert instance.samples is not None
    assert instance.samples.classifier_stages == (1, 2)
    assert 0 < instance.samples.held_out.sum() < 40
    assert instance.accuracy_min == pytest.approx(0.99)


def test_the_cloud_is_as_fast_as_this_machine(tmp_path: Path) -> None:
    """6 MFLOP in 3 ms are 2 GFLOP/s a vCPU, and two threads halve it: a c6i.large, two vCPUs, needs 0.5 and 1 ms."""
    instance = so.load(written(tmp_path, measured()))
    (large,) = [option for option in instance.options if option.name == "c6i.large"]
    assert large.stage_seconds == pytest.approx((0.0005, 0.001), rel=1e-3)


def test_the_instance_solves_to_what_arithmetic_says(tmp_path: Path) -> None:
    """Requests start here, and the way to the cloud alone takes 20 ms: all runs here, on two threads.

    The sure ones leave after stage 1, right; nobody else may, being wrong: 0.5 ms + the others' share of 1 ms.
    """
    instance = so.load(written(tmp_path, measured()))
    plan = so.solve(instance)
    assert plan.status == "optimal"
    assert {(place.tier, place.option) for place in plan.placement} == {("here", "2-threads")}
    threshold = plan.thresholds[0].threshold
    assert threshold is not None
    assert 0.6 < threshold <= 0.95
    assert instance.samples is not None
    others = np.arange(40)[~instance.samples.held_out] % 2 == 0
    assert plan.metrics is not None
    assert plan.metrics.accuracy == pytest.approx(1)
    assert plan.metrics.latency_mean_ms == pytest.approx(0.5 + others.mean() * 1.0)


@pytest.mark.parametrize("exits", [{}, {"classifier_stages": (), "final_accuracy": None}], ids=["exits", "no exits"])
@pytest.mark.parametrize("times", [{}, {"times": ()}, {"times": TIMES[:1]}, {"times": (*TIMES, passes(0, 0.2, 0.1))}])
def test_every_kind_of_folder_solves(tmp_path: Path, exits: dict[str, Any], times: dict[str, Any]) -> None:
    """With or without exits, with any times: what `profile` writes can be solved."""
    what = measured(**exits, **times)
    instance = so.load(written(tmp_path, what))
    assert (instance.samples is None) == bool(exits)
    assert [option.name for option in instance.options if option.tier == 0][: len(what.times)] == (
        [time.option for time in what.times]
    )
    assert so.solve(instance).status == "optimal"


def test_an_exit_that_nobody_reaches_is_no_obstacle(tmp_path: Path) -> None:
    """The first of three exits is always sure, and right: nobody comes to the second, and all leave after stage 1."""
    what = measured(
        stages=(*STAGES, STAGES[1]),
        classifier_stages=(1, 2, 3),
        earlier_thresholds=(0.9, 0.9),
        times=(passes(1, 1.0, 2.0, 4.0),),
    )
    written(tmp_path, what)
    header = "sample_id," + ",".join(f"conf_exit{k},correct_exit{k}" for k in (1, 2, 3))
    rows = [f"{n},0.95,1,0.95,1,0.95,1" for n in range(20)]
    (tmp_path / "samples.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    plan = so.solve(so.load(tmp_path))
    assert plan.status == "optimal"
    assert plan.metrics is not None
    assert plan.metrics.latency_mean_ms == pytest.approx(1.0)


@pytest.mark.parametrize("accuracy", [1.0, 0.9996, 0.97, 0.58, 0.291, 0.01, 0.004, 0.0])
def test_the_accuracy_floor_leaves_a_choice(accuracy: float) -> None:
    """One hundredth below the last exit, on three places, never below 0."""
    floor = tomllib.loads(instance_text(measured(final_accuracy=accuracy)))["workload"]["accuracy_min"]
    assert max(accuracy - 0.01 - 0.0011, 0) <= floor <= max(accuracy - 0.01, 0) + 1e-12
    assert round(floor, 3) == floor


def test_a_floor_of_nothing_is_reported_like_any_other(tmp_path: Path) -> None:
    """Random weights on a hundred classes or more: the last exit is right on less than one in a hundred."""
    ran = run("solve", written(tmp_path, measured(final_accuracy=0.004)))
    assert ran.code == 0, ran.stderr


def test_no_operations_are_no_speed(tmp_path: Path) -> None:
    """A network of lookups has no FLOP/s; a speed is still written, and the instance loads."""
    assert so.load(written(tmp_path, measured(stages=(Stage(0, 4, 4), Stage(0, 4, 0)))))


def test_provenance_is_kept() -> None:
    """The file says what was measured, on what, when."""
    table = tomllib.loads(instance_text(measured()))["profile"]
    assert table == {
        "network": "net.py:Net",
        "data": ["d.npz"],
        "seed": 3,
        "warmup": 2,
        "repeats": 9,
        "machine": "a box",
        "date": "2026-01-02",
    }


@pytest.mark.parametrize(
    "text", ['say "hi"', "C:\\nets\\a.py:Net", "tab\tline\nend", "Überraschung 数字", "del\x7f", "#"]
)
def test_any_text_survives(text: str) -> None:
    """Quotes, backslashes, control characters: what is written is read back."""
    how = ProfileTable(network=text, data=[text, "b"])
    document = tomllib.loads(instance_text(measured(name=text, provenance=how)))
    assert document["name"] == text
    assert document["profile"]["network"] == text
    assert document["profile"]["data"] == [text, "b"]
    assert document["description"].startswith(text)


@pytest.mark.parametrize("p", [0.0, 0.3, 0.85, 1.0])
def test_the_parallel_fraction_of_amdahl_comes_back(p: float) -> None:
    """Times made by Amdahl's law give back their fraction, in any order."""
    times = [whole(threads, 0.02 * (1 - p + p / threads)) for threads in (1, 2, 4, 8)]
    assert parallel_fraction(times) == pytest.approx(p, abs=1e-12)
    assert parallel_fraction(times[::-1]) == pytest.approx(p, abs=1e-12)


def test_the_parallel_fraction_is_the_least_squares_one() -> None:
    """Gains 0.25 at 1 - 1/2 and 0.6 at 1 - 1/4: (0.5 x 0.25 + 0.75 x 0.6) / (0.25 + 0.5625)."""
    times = [whole(1, 1.0), whole(2, 0.75), whole(4, 0.4)]
    assert parallel_fraction(times) == pytest.approx(0.575 / 0.8125)


def test_the_parallel_fraction_stays_a_share() -> None:
    """Times slower or faster than the law allow no fraction below 0 or above 1."""
    assert parallel_fraction([whole(1, 1.0), whole(2, 1.4)]) == 0, "slower with threads"
    assert parallel_fraction([whole(1, 1.0), whole(2, 0.3)]) == 1, "faster than the law allows"


def test_what_was_not_measured_is_no_speed_up() -> None:
    """Without two counts of threads, one among them, nothing is said to run in parallel."""
    assert parallel_fraction([]) == 0
    assert parallel_fraction([whole(1, 1.0)]) == 0
    assert parallel_fraction([whole(2, 1.0), whole(4, 0.5)]) == 0, "nothing to compare with"
    assert parallel_fraction([whole(1, 1.0), whole(0, 0.001)]) == 0, "a GPU is no thread"
