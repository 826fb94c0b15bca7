"""Graphs of one's own: tables, JSON, copies."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.small_blocked import EDGES, TASKS, folder

import serflow_opt as so

COPIED = "task,seconds,copies\nload,1,1\nleft,2,3\nright,4,3\n"


def pairs(problem: object) -> set[tuple[str, str]]:
    """Who waits for whom, by name."""
    graph = problem.data.given  # type: ignore[attr-defined]
    before = np.repeat(np.arange(len(graph.kind)), np.diff(graph.ends))
    return {(graph.name(a), graph.name(b)) for a, b in zip(before.tolist(), graph.after.tolist(), strict=True)}


def test_copies_go_one_to_one_where_as_many_and_else_wait_for_all(tmp_path: Path) -> None:
    """One load before three lefts, each before its own right; seconds need no rate of operations."""
    problem = so.load(
        folder(tmp_path, "flops_per_s = 1e9", "speed = 2", COPIED, "before,after\nload,left\nleft,right\n")
    )
    lefts = {("load", f"left {n}") for n in (1, 2, 3)}
    assert pairs(problem) == lefts | {(f"left {n}", f"right {n}") for n in (1, 2, 3)}
    solution = so.solve(problem)
    assert solution.achieved("time") == pytest.approx(0.5 + 5)  # 9 s of ones and twos on two workers


def test_json_says_of_each_task_what_it_waits_for(tmp_path: Path) -> None:
    """The same three tasks as the table of edges has, and the same plan."""
    own = folder(tmp_path, '"edges.csv"', '"edges.json"')
    (own / "edges.json").write_text('{"load": [], "left": ["load"], "right": ["load"]}')
    assert pairs(so.load(own)) == {("load", "left"), ("load", "right")}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"left": ["laod"]}', "did you mean load"),
        ('{"left": "load"}', "StartAt"),
        ("{", "write JSON"),
        ('{"left": ["right"], "right": ["left"]}', "wait for each other"),
    ],
)
def test_json_that_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    """Unknown tasks, no lists, no JSON and rings are told by name."""
    own = folder(tmp_path, '"edges.csv"', '"edges.json"')
    (own / "edges.json").write_text(text)
    with pytest.raises(so.InputError, match=said):
        so.load(own)


def test_what_a_worker_cannot_do_is_refused(tmp_path: Path) -> None:
    """Operations without a rate, and a task larger than every worker."""
    with pytest.raises(so.InputError, match="tasks have flops"):
        so.load(folder(tmp_path, "flops_per_s = 1e9\n", ""))
    large = TASKS.replace("write_bytes", "write_bytes,memory_mb").replace("87e6\n", "87e6,9\n")
    with pytest.raises(so.InputError, match="needs 9 MB"):
        so.load(folder(tmp_path, "usd_per_hour = 3.6", "usd_per_hour = 3.6\nmemory_mb = 8", large, EDGES))
