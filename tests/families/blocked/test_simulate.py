"""Task graphs task by task: the plan, the rule and the fluid side by side."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.helpers import run as command
from support.small_blocked import folder

import serflow_opt as so
from serflow_opt.families.blocked.simulate import simulate


def test_the_command_comes_to_what_the_plan_says(tmp_path: Path) -> None:
    """391.8708 s and 0.01391974 USD for nine tasks on three cores; no way is below its bound."""
    picture = tmp_path / "workers.png"
    found = command("simulate", "video-steps", "--json", "--plot", picture).document
    assert [own["simulated"] for own in found["figures"]] == pytest.approx([391.8708, 0.013919739], rel=1e-6)
    assert [own["name"] for own in found["staffs"]][:2] == ["as planned", "rule 0.5"]
    assert all(own["worker_s"] >= own["bound_worker_s"] * (1 - 1e-9) for own in found["staffs"])
    assert picture.exists()
    text = command("simulate", "video-steps").stdout
    assert "over the bound" in text


def test_the_rule_starts_as_many_as_wait_and_lets_the_idle_go(tmp_path: Path) -> None:
    """One task waits at 0, one worker comes; of four behind it three wait at 2 s, more than twice the worker: two come.

    Those take 4 s, and leave at 6 s; the first worker takes the last one from 5 to 9 s.
    """
    tasks = "task,seconds\nload,1\n" + "".join(f"{name},4\n" for name in "abcd")
    edges = "before,after\n" + "".join(f"load,{name}\n" for name in "abcd")
    found = simulate(so.load(folder(tmp_path, tasks=tasks, edges=edges)), every_s=2.0)
    rule = found.staffs[1]
    assert (rule.time_s, rule.most, rule.worker_s) == pytest.approx((9.0, 3, 9.0 + 4.0 + 4.0))
    assert rule.at_work == {"s": [0.0, 2.0, 6.0, 9.0], "workers": [1.0, 3.0, 1.0, 0.0]}
    assert rule.busy == 1.0


def test_times_that_scatter_come_to_the_plan_on_one_worker(tmp_path: Path) -> None:
    """On one worker the mean of many runs is the sum of the tasks."""
    problem = so.load(folder(tmp_path, "[1, 2]", "[1]"))
    found = simulate(problem, times="lognormal", cv=0.2, runs=400)
    assert found.figures[0].simulated == pytest.approx(found.figures[0].planned, rel=0.03)
    assert found.longest_s > found.figures[0].planned
    assert np.all([own.busy <= 1 for own in found.staffs])
    for wrong in ({"share": 0.0}, {"every_s": -1.0}, {"runs": 0}):
        with pytest.raises(so.InputError):
            simulate(problem, **wrong)
