"""Structures of blocks that take batches, on two stages of 2 ms and 1 ms a request."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support.helpers import load
from support.two_stages import document

from serflow_opt.traffic.batches.structures import BatchStructures


def structures(folder: Path, blocks: int = 2, **keys: Any) -> BatchStructures:
    """Of one card, with keys of its tier."""
    return BatchStructures(load(document(**keys), folder), blocks)


def test_each_batch_and_wait_is_a_choice(tmp_path: Path) -> None:
    """One by one has nobody to wait for; two wait 1 or 5 ms."""
    own = structures(tmp_path, batch_wait_ms=[1.0, 5.0])
    found = [(choice.batch, choice.batch_wait_s) for choice in own.choices(0, 1)]
    assert sorted(found) == [(1, 0.0), (2, 0.001), (2, 0.005)]


def test_a_full_batch_ends_after_its_wait_and_its_work(tmp_path: Path) -> None:
    """Two together take 1 ms of waiting, and 4 ms a stage; one alone 3 ms a stage."""
    own = structures(tmp_path)
    for choice in own.choices(0, 1):
        ends = own.pace_s(choice, 0.0)
        assert ends == pytest.approx((0.005, 0.009) if choice.batch == 2 else (0.003, 0.006))


def test_batches_that_do_not_fit_are_left_out(tmp_path: Path) -> None:
    """Parameters of 20 B and 10 B a request: 35 B hold one of both stages, and two of one stage."""
    own = structures(tmp_path, option=[{"name": "card", "usd_per_hour": 3.6, "memory_mb": 35 / 2**20}])
    assert [choice.batch for choice in own.choices(0, 1)] == [1]
    assert sorted(choice.batch for choice in own.choices(1, 1)) == [1, 2]


def test_all_cuts_are_gone_through(tmp_path: Path) -> None:
    """As one block, then as two, each with both batches."""
    ways = list(structures(tmp_path).ways())
    assert [len(way.blocks) for way in ways] == [1, 2]
    assert [[len(block) for block in way.blocks] for way in ways] == [[2], [2, 2]]
    assert [len(way.blocks) for way in structures(tmp_path, blocks=1).ways()] == [1]
