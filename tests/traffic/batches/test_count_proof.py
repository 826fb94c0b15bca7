"""Proofs by numbers of machines, without a solver."""

from __future__ import annotations

from pathlib import Path

import pytest
from oracles.batch_enumeration import cheapest, drawn
from support.batch_search import machines_only, searched

from serflow_opt.problem.loader import shipped_folder
from serflow_opt.traffic.batches.count_proof import _halves, without_waits
from serflow_opt.traffic.provision.structures import BlockChoice


@pytest.mark.parametrize("seed", [4, 6, 8, 10, 14, 16, 18, 20])
def test_proven_without_a_solver(seed: int, tmp_path: Path) -> None:
    """Machines alone, requests at random: what enumeration finds, and bounds that no MILP is in."""
    document = drawn(seed)
    document.document["tier"], document.document["link"] = document.document["tier"][:1], []
    least = cheapest(document, "random")
    found = searched(machines_only(seed, tmp_path), "random")
    assert found.best == pytest.approx(least, rel=1e-7)
    assert least * (1 - 2e-7) <= found.bound <= least * (1 + 1e-9)
    assert found.solves == 0


def test_many_sizes_and_waits_are_proven() -> None:
    """BERT on cards, 6 sizes and 4 waits, in two blocks: 10 cards in one, and nothing costs less."""
    import serflow_opt as so

    found = so.provision(so.load(shipped_folder() / "bert12-sst2-gpu"), arrivals="random", confirm=False)
    assert found.status == "optimal"
    assert found.usd_per_s * 3600 == pytest.approx(10 * 3.43088)
    assert ", 0 MILPs" in found.method.split(";")[0]


def test_waits_are_split_in_the_middle() -> None:
    """Structures of one kind differ in waits alone; halves are of the block that has most waits."""
    one = [BlockChoice(0, 0, 0, None, batch=4, batch_wait_s=wait) for wait in (0.01, 0.02)]
    two = [BlockChoice(1, 1, 0, None, batch=8, batch_wait_s=wait) for wait in (0.01, 0.02, 0.04)]
    every = [(first, second) for first in one for second in two]
    assert len(set(map(without_waits, every))) == 1
    late, early = _halves(every)
    assert {second.batch_wait_s for _, second in late} == {0.02, 0.04}
    assert {second.batch_wait_s for _, second in early} == {0.01}
    assert len(late) + len(early) == len(every)
