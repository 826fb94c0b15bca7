"""Plans of task graphs as documents, and back."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from support.small_blocked import folder

import serflow_opt as so
from serflow_opt.families.blocked.decide import decided, obstacles, others, told
from serflow_opt.families.blocked.menu import menu_of


def test_a_document_leads_back_to_its_plan_and_gives_workers_their_tasks(tmp_path: Path) -> None:
    """Two workers: load first, then both others at once, each by a worker of its own."""
    problem = so.load(folder(tmp_path)).data
    menu = menu_of(problem)
    for row in range(len(menu.rows)):
        plan = menu.plan(row)
        document = told(problem, plan)
        assert decided(problem, document) == plan
        for worker in range(1, document["workers"] + 1):
            own = sorted((t["from_s"], t["to_s"]) for t in document["schedule"] if t["worker"] == worker)
            assert all(end <= begin + 1e-9 for (_, end), (begin, _) in pairwise(own))
    two = told(problem, menu.plan(menu.rows.index((0, 0, 1))))
    assert {t["task"]: t["worker"] for t in two["schedule"]}["left"] != (
        {t["task"]: t["worker"] for t in two["schedule"]}["right"]
    )


def test_what_is_not_on_offer_is_told_together(tmp_path: Path) -> None:
    """A misspelt option and a number of workers that is not offered are one round of corrections."""
    problem = so.load(folder(tmp_path)).data
    with pytest.raises(so.InputError) as refused:
        decided(problem, {"block": None, "option": "cores", "workers": 3})
    assert [own.place for own in refused.value.problems] == ["option", "workers"]


def test_other_numbers_of_workers_stand_beside(tmp_path: Path) -> None:
    """From one worker on, two are about twice as many, and there is no half."""
    problem = so.load(folder(tmp_path)).data
    (twice,) = others(problem, menu_of(problem).plan(0))
    assert (twice.name, twice.values["workers"]) == ("2 workers", 2.0)
    assert obstacles(problem, {}) == []
