"""State machines of Step Functions as graphs."""

from __future__ import annotations

from typing import Any

import pytest

import serflow_opt as so
from serflow_opt.errors import Problem
from serflow_opt.families.blocked.states import edges_of_states


def task(then: str | None = None, kind: str = "Task", **more: Any) -> dict[str, Any]:
    """A state and what comes next."""
    return {"Type": kind, **({"Next": then} if then else {"End": True}), **more}


def edges(machine: dict[str, Any], names: list[str]) -> tuple[list[tuple[str, str]], list[Problem]]:
    """What waits for what, and what is wrong."""
    problems: list[Problem] = []
    return edges_of_states(machine, names, "machine.json", problems), problems


def test_branches_run_side_by_side_and_what_comes_next_waits_for_all() -> None:
    """a, then b beside c and d in turn (a map among them), a state that only hands on, then e."""
    one = {"StartAt": "b", "States": {"b": task()}}
    inner = {"StartAt": "d", "States": {"d": task()}}
    two = {"StartAt": "c", "States": {"c": task("m"), "m": task(kind="Map", ItemProcessor=inner)}}
    empty = {"StartAt": "p", "States": {"p": task(kind="Pass")}}
    states = {
        "a": task("both"),
        "both": task("hands on", "Parallel", Branches=[one, two]),
        "hands on": task("chosen", "Pass"),
        "chosen": {"Type": "Choice", "Choices": [{"Next": "idle"}], "Default": "idle"},
        "idle": task("e", "Parallel", Branches=[empty]),
        "e": task(),
    }
    found, problems = edges({"StartAt": "a", "States": states}, list("abcde"))
    assert set(found) == {("a", "b"), ("a", "c"), ("c", "d"), ("b", "e"), ("d", "e")}
    assert not problems


@pytest.mark.parametrize(
    ("states", "names", "said"),
    [
        ({"a": task("b"), "b": task()}, ["a"], "'b' has no row"),
        ({"a": task()}, ["a", "z"], "task 'z'"),
        ({"a": task("b"), "b": task("a")}, ["a", "b"], "'a' comes again"),
        ({"a": task("x")}, ["a"], "'x' is no state"),
        ({"a": {"Type": "Choice", "Choices": [{"Next": "b"}], "Default": "c"}}, ["b", "c"], "goes to b, c"),
        ({"a": task(kind="Taks")}, [], "of type Taks"),
        ({"a": task(kind="Map")}, [], "without StartAt"),
    ],
)
def test_what_is_no_graph_is_told(states: dict[str, Any], names: list[str], said: str) -> None:
    """States without a task, tasks without a state, rings, choices between ways, and parts that are missing."""
    _, problems = edges({"StartAt": "a", "States": states}, names)
    assert any(said in f"{own.found} {own.cure}" for own in problems)


def test_the_shipped_machine_has_its_nine_tasks() -> None:
    """One split before four encodes, which one stitch waits for."""
    graph = so.load("video-steps").data.given
    assert len(graph.kind) == 9
    assert sorted(graph.waits.tolist()) == [0, 1, 1, 1, 1, 1, 1, 2, 4]
