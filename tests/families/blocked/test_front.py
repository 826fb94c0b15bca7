"""Fronts of task graphs, against all rows."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.small_blocked import folder

import serflow_opt as so
from serflow_opt.families.blocked.menu import menu_of


def test_the_front_is_that_of_all_rows(tmp_path: Path) -> None:
    """Of one and two workers and two options nothing is missing and nothing beaten."""
    dear = '[[option]]\nname = "fast"\nkind = "vm"\nflops_per_s = 4e9\nusd_per_hour = 30\n[[option]]'
    problem = so.load(folder(tmp_path, "[[option]]", dear))
    menu = menu_of(problem.data)
    points = {tuple(menu.values(row)[:2].round(9).tolist()) for row in range(len(menu.rows))}
    best = {p for p in points if not any(q != p and q[0] <= p[0] and q[1] <= p[1] for q in points)}
    front = so.pareto(problem, ("time", "cost"))
    assert {(round(a, 9), round(b, 9)) for a, b in front.points} == best
    assert front.complete
    assert front.coverage == 0.0


def test_what_cannot_be_asked_of_it_is_told_together(tmp_path: Path) -> None:
    """An objective twice and a coverage are one round of corrections."""
    with pytest.raises(so.InputError) as told:
        so.pareto(so.load(folder(tmp_path)), ("time", "time"), coverage=0.1)
    assert [own.place for own in told.value.problems] == ["coverage", "objectives"]
