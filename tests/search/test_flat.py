"""The arrays of a chain one behind the other, by hand."""

from __future__ import annotations

import numpy as np
from support import tiny

from serflow_opt.formulations.coefficients import Data
from serflow_opt.search.envelope import Envelope
from serflow_opt.search.flat import FlatEnvelopes
from serflow_opt.search.layered import Chain


def test_menus_lie_by_stage_and_end_in_an_endless_line() -> None:
    """Of two stages with one and two menus the second begins at the first one's lines; the last of each goes on."""
    half, some = Envelope.of(np.array([0.5, 0.25]), np.array([0.4, 0.225])), Envelope.of(np.ones(1), np.full(1, 0.96))
    lines = FlatEnvelopes.of([[half], [some, half]])
    count = len(half.level)
    assert lines.first.tolist() == [0, 1, 3]
    assert lines.begin.tolist() == [0, count, count + 1, 2 * count + 1]
    assert np.isinf(lines.breaks[lines.begin[1:] - 1]).all()
    assert lines.go_on[lines.begin[1]] == 0.0
    assert lines.mass[:count].tolist() == half.mass[half.level].tolist()


def test_ways_of_a_chain_add_what_its_crossings_add() -> None:
    """Every way into and out of a hub is there once, with its price: v pays 0.125 for the input, f its fee."""
    chain = Chain.of(Data(tiny.two_stages()), {"cost": 1.0})
    flat = chain.flat
    assert len(flat.into_runner) == sum(len(own.runner) for at in chain.entering for own in at)
    assert len(flat.left_hub) == sum(len(own.runner) for own in chain.leaving[1])
    first = {int(own.runner[0]): own for own in chain.entering[0]}
    for k in range(len(flat.start_hub)):
        hub = flat.start_hub[k]
        receiver = int(flat.into_runner[flat.into_from[hub]])
        total = flat.start_adds[k, 0] + flat.into_adds[flat.into_from[hub], 0]
        assert total == {0: 0.125, 1: 0.25 + 2.0 * 0.25}[receiver]  # f: fee, and half of a cold start of 0.5 s
        assert receiver in first
