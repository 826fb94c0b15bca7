"""The menu of a job against enumeration by scalar code."""

from __future__ import annotations

import pytest
from oracles.job import drawn, rows

from serflow_opt.families.job.evaluate import value
from serflow_opt.families.job.family import JOB
from serflow_opt.families.job.menu import menu_of
from serflow_opt.families.protocol import Question
from serflow_opt.families.witnessed import solve_witnessed
from serflow_opt.ground.deadline import Deadline
from serflow_opt.search.outcome import SearchSettings

NAMES = ("time", "cost", "functions")


def test_every_row_and_the_front_against_enumeration() -> None:
    """Menu and witness against scalar code written apart: every kind of row is on some front."""
    kinds = set()
    for seed in (*range(44), 2021):  # the last: machines are there before functions have loaded
        job = drawn(seed)
        known = list(rows(job))
        for plan, own in known[::3]:
            valued = value(job, plan)
            assert not valued.breaches, (seed, plan)
            assert [valued.values[n] for n in NAMES] == pytest.approx([own[n] for n in NAMES]), (seed, plan)
        points = {(round(v["time"], 6), round(v["cost"], 8), v["functions"]) for _, v in known}
        best = {p for p in points if not any(q != p and all(a <= b for a, b in zip(q, p, strict=True)) for q in points)}
        menu = menu_of(job)
        found = {(round(t, 6), round(c, 8), f) for t, c, f in menu.values[list(menu.best)].tolist()}
        assert found == best, seed
        kinds |= {menu.kinds[n] for n in menu.best}
    assert kinds == {0, 1, 2}


def test_search_and_model_agree_with_enumeration() -> None:
    """Each quantity under limits on the others: the same optimum by the menu and by the model, or none by both."""
    infeasible = 0
    for seed in range(60, 75):
        job = drawn(seed)
        known = [own for _, own in rows(job)]
        if not known:
            continue
        goal, other = NAMES[seed % 2], NAMES[1 - seed % 2]
        most = sorted(own[other] for own in known)[len(known) // 3] * (0.2 if seed % 5 == 0 else 1.0)
        kept = [own[goal] for own in known if own[other] <= most * (1 + 1e-9)]
        asked = Question("job", "drawn", goal, {other: most}, job)
        settings = SearchSettings(1e-6, Deadline(), 1)
        found = [JOB.search(asked, {goal: 1.0}, settings)]
        found.append(solve_witnessed(JOB, asked, {goal: 1.0}, settings) if seed % 3 == 0 else found[0])
        for own in found:
            assert own is not None
            assert own.infeasible is not bool(kept)
            assert not kept or own.value == pytest.approx(min(kept), rel=1e-6)
        infeasible += not kept
    assert 0 < infeasible < 8
