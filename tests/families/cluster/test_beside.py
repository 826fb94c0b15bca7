"""What others would do with a cluster, by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.small_cluster import small

import serflow_opt as so
from serflow_opt.families.cluster.beside import others
from serflow_opt.ground.deadline import Deadline
from serflow_opt.search.outcome import SearchSettings


def test_one_by_one_takes_two_servers_where_batches_take_one(tmp_path: Path) -> None:
    """A server has 2 x 25 on its card and 2 x 6 on cores: 62 of 100 requests/s one by one, 112 in batches."""
    problem = so.load(small(tmp_path)).data
    found = {own.name: own.values["servers"] for own in others(problem, "servers", {}, SearchSettings())}
    assert found["one by one"] == 2.0
    assert found["alike"] == 1.0  # batches of four alone: 2 x 50, exactly what is asked
    within = {own.name for own in others(problem, "servers", {"servers": 1.0}, SearchSettings())}
    assert within == {"alike"}


def test_what_was_not_proven_in_time_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any time no way has a value, and `explain` names both among what was not asked."""
    question = so.load(small(tmp_path))
    late = others(question.data, "servers", {}, SearchSettings(deadline=Deadline(0.0)))
    assert [(own.name, own.values) for own in late] == [("one by one", None), ("alike", None)]
    monkeypatch.setattr("serflow_opt.families.cluster.family.BESIDE_S", 0.0)
    costs = so.explain(question)
    assert costs.plan.status == "optimal"
    assert costs.beside == []
    assert [own.split(":")[0] for own in costs.not_asked] == ["beside, one by one", "beside, alike"]
