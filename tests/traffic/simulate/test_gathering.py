"""Batches gathered from requests, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from serflow_opt.traffic.service import Block, Machine
from serflow_opt.traffic.simulate.gathering import ends, gathered, left, table_of


def block(batch: int, wait_s: float) -> Block:
    return Block(0, 1, (Machine("m", 1.0, 1, (1.0, 2.0, 2.0)),), None, batch=batch, batch_wait_s=wait_s)


def test_batches_close_full_or_when_their_first_has_waited() -> None:
    """0, 0.1, 0.2 fill a batch of three at 0.2; 0.9 waits half a second alone; 5.0 still waits at 5.4."""
    starts, closings = gathered(np.array([0.0, 0.1, 0.2, 0.9, 5.0]), block(3, 0.5), until_s=5.4)
    assert starts.tolist() == [0, 3, 4]
    assert closings.tolist() == [0.2, 1.4]


def test_who_comes_when_the_wait_ends_still_joins() -> None:
    """A wait of half a second takes in who comes exactly then; without any wait only equal moments are together."""
    assert gathered(np.array([0.0, 0.5]), block(4, 0.5))[0].tolist() == [0, 2]
    assert gathered(np.array([0.0, 0.0, 0.5]), block(4, 0.0))[0].tolist() == [0, 2, 3]
    assert gathered(np.zeros(0), block(4, 0.5))[0].tolist() == [0]


def test_those_left_and_when_their_stages_end() -> None:
    """Three in a batch: one leaves at stage 1, one at stage 2, one goes on; all of the other leave at once."""
    remaining = left(np.array([0, 0, 0, 1]), np.array([0, 1, 2, 0]), 2, 3)
    assert remaining.tolist() == [[3, 2, 1], [1, 0, 0]]
    machine = Machine("m", 1.0, 1, (1.0, 2.0, 2.0), stage_s=((1.0, 1.5, 2.0), (4.0, 5.0, 6.0)))
    table = table_of(machine, 3)
    assert table.tolist() == [[0.0, 1.0, 1.5, 2.0], [0.0, 4.0, 5.0, 6.0]]
    assert ends(table, remaining, np.array([1.0, 2.0])).tolist() == [[2.0, 7.0], pytest.approx([2.0, 2.0])]
