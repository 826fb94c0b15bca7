"""Plans of jobs as documents, and back."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.small_job import folder

import serflow_opt as so
from serflow_opt.families.job.decide import decided, obstacles, others, told
from serflow_opt.families.job.menu import menu_of


def test_every_row_of_the_menu_survives_its_document(tmp_path: Path) -> None:
    """Functions, machines and one after the other; the parts of its money are told whole."""
    job = so.load(folder(tmp_path)).data
    menu = menu_of(job)
    for plan, values in zip(menu.plans, menu.values.tolist(), strict=True):
        document = told(job, plan)
        assert decided(job, document) == plan
        assert sum(document["usd"].values()) == pytest.approx(values[1])
    assert obstacles(job, {}) == []


def test_plans_of_what_is_not_offered_are_told(tmp_path: Path) -> None:
    """No worker at all, a channel that machines lack, and rounds that are no number."""
    job = so.load(folder(tmp_path)).data
    document = told(job, menu_of(job).plans[0]) | {"function": None, "machine": None}
    with pytest.raises(so.InputError, match="neither; name one"):
        decided(job, document)
    with pytest.raises(so.InputError, match="channel"):
        decided(job, document | {"machine": "c6i.large", "channel": "memcached"})


def test_the_best_of_each_kind_stands_beside(tmp_path: Path) -> None:
    """The least time on functions alone is the least of all rows on functions."""
    job = so.load(folder(tmp_path)).data
    menu = menu_of(job)
    found = {own.name: own.values["time"] for own in others(job, {"time": 1.0})}
    alone = [v[0] for v, plan in zip(menu.values.tolist(), menu.plans, strict=True) if plan.machine < 0]
    assert found["functions"] == pytest.approx(min(alone))
    assert set(found) <= {"functions", "machines", "in turn"}
