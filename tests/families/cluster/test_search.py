"""The best plan of a cluster, against every choice of servers, and by hand."""

from __future__ import annotations

import pytest
from support.random_cluster import agrees, made

from serflow_opt.families.cluster import search as searching


@pytest.mark.parametrize("every", [True, False], ids=["every filling", "branch and price"])
def test_the_best_plan_is_that_of_every_choice_of_servers(every: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Networks, slices, pooled shares, types of servers and limits drawn at random; both ways to search."""
    if not every:
        monkeypatch.setattr(searching, "listed", lambda problem: None)
        monkeypatch.setattr(searching.slices, "only_slices", lambda shop: False)
    there = [agrees(made(seed)) for seed in range(8 if every else 12)]
    assert 2 < sum(there) < len(there)
