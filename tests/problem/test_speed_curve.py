"""A measured speed curve in a tier: linear between its points, refused outside, solved by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from oracles.writing import write
from support.helpers import has_line, load, run, two_tiers

import serflow_opt as so
from serflow_opt.errors import Problem
from serflow_opt.problem.speed_curve import SpeedCurve, read_curve
from serflow_opt.speed.points import Point, write_curve

CURVE = [
    {"memory_mb": 3000, "flops_per_s": 6e10},  # in any order
    {"memory_mb": 1000, "flops_per_s": 1e10},
    {"memory_mb": 2000, "flops_per_s": 2e10},
]


def functions(**keys: Any) -> dict[str, Any]:
    """`two_tiers` with one tier, functions of the catalogue with the curve above."""
    tier = {"name": "fn", "kind": "function", "memory_mb": [1024, 2048], "speed_curve": "curve.csv"} | keys
    document = two_tiers() | {"tier": [tier], "link": []}
    document["tables"]["curve.csv"] = CURVE
    return document


def test_linear_between_points_and_nothing_outside() -> None:
    """Speed between measured sizes is in proportion; outside them nothing is claimed."""
    curve = SpeedCurve((1000, 2000, 3000), (1e10, 2e10, 6e10))
    assert [curve.at(m) for m in (1000, 1250, 2000, 2500, 3000)] == pytest.approx(
        [1e10, 1.25e10, 2e10, 4e10, 6e10], rel=1e-12
    )
    for outside in (999, 3001, float("nan")):
        assert not curve.covers(outside)
        with pytest.raises(ValueError, match="outside the measured 1000 to 3000 MB"):
            curve.at(outside)
    assert SpeedCurve((512,), (1e9,)).at(512) == 1e9


def test_a_curve_written_and_read_again(tmp_path: Path) -> None:
    """A curve survives its file, and equals work over measured seconds."""
    write_curve(tmp_path / "curve.csv", [Point(512, 2.0), Point(1024, 0.75)], 6e9)
    assert (tmp_path / "curve.csv").read_bytes() == b"memory_mb,flops_per_s\n512,3e+09\n1024,8e+09\n"
    problems: list[Problem] = []
    assert read_curve(tmp_path / "curve.csv", problems) == SpeedCurve((512, 1024), (3e9, 8e9))
    assert problems == []


def test_stage_times_and_optimum_by_arithmetic(tmp_path: Path) -> None:
    """Times and the best size follow from the curve by arithmetic."""
    instance = load(functions(), tmp_path)
    # 1,024 MB lie 24/1000 of the way from 1e10 to 2e10, 2,048 MB 48/1000 from 2e10 to 6e10; 2e9 and 4e9 FLOP
    speeds = {"lambda-1024MB": 1.024e10, "lambda-2048MB": 2.192e10}
    for option in instance.options:
        speed = speeds[option.name]
        assert option.stage_seconds == pytest.approx((2e9 / speed, 4e9 / speed), rel=1e-12)
    # half leave after the first stage: 4e9 FLOP a request are paid, at twice the price and 2.14 times the speed
    plan = so.solve(instance)
    assert plan.status == "optimal"
    assert {place.option for place in plan.placement} == {"lambda-2048MB"}
    assert plan.objective.value == pytest.approx(2e-7 + 0.0000166667 * 2 * 4e9 / 2.192e10, rel=1e-9)


def test_written_out_functions_take_their_speed_from_the_curve_unless_they_have_one(tmp_path: Path) -> None:
    """A function's own speed wins over the curve, which serves the others."""
    price = {"usd_per_gb_s": 2e-5, "usd_per_request": 0.0}
    own = [
        {"name": "measured", "memory_mb": 1500, **price},
        {"name": "fast", "memory_mb": 9000, "flops_per_s": 8e10, **price},
    ]
    found = {option.name: option for option in load(functions(option=own), tmp_path).options}
    assert list(found) == ["lambda-1024MB", "lambda-2048MB", "measured", "fast"]
    assert found["measured"].stage_seconds[0] == pytest.approx(2e9 / 1.5e10, rel=1e-12)
    assert found["fast"].stage_seconds[0] == pytest.approx(2e9 / 8e10, rel=1e-12)


def test_a_written_out_function_without_memory_has_no_place_on_the_curve(tmp_path: Path) -> None:
    """A function without a memory size is refused where speed goes by memory."""
    with pytest.raises(so.InputError) as caught:
        load(functions(option=[{"name": "own", "usd_per_gb_s": 2e-5}]), tmp_path)
    (problem,) = caught.value.problems
    assert problem.place.endswith("memory_mb")


def test_from_measured_times_to_the_same_times_in_an_instance(tmp_path: Path) -> None:
    """The network of 6e9 FLOP takes on the curve what was measured for all of it, whatever law was fitted."""
    (tmp_path / "points.csv").write_text("memory_mb,mean_ms\n512,1500\n1024,700\n2048,500\n", encoding="utf-8")
    known, made = tmp_path / "known", tmp_path / "made"
    load(two_tiers(), known)
    write(functions(memory_mb=[512, 1024, 2048]), made)
    ran = run("speed", tmp_path / "points.csv", "--network", known, "--out", made / "curve.csv", "--fixed")
    assert ran.code == 0, ran.stderr
    assert has_line(ran.stdout, 'speed_curve = "curve.csv"')
    seconds = [sum(option.stage_seconds) for option in so.load(made).options]
    assert seconds == pytest.approx([1.5, 0.7, 0.5], rel=1e-8)
