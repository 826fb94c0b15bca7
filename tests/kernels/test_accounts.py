"""What requests take, compiled, against the numpy code in simulations: the same to the last digit."""

from __future__ import annotations

import numpy as np
import pytest
from support.simulated import function, machine

from serflow_opt import kernels
from serflow_opt.traffic.service import Block
from serflow_opt.traffic.simulate.service_times import Durations, Law

LAWS = [
    Law(),
    Law("lognormal", 0.7),
    Law("lognormal", 0.0),
    Law("pareto", 0.5),
    Law("empirical", 0.5, np.array([0.5, 1.5, 1.0])),
]


@pytest.mark.parametrize("law", LAWS, ids=lambda law: f"{law.name} {law.cv}")
def test_holds_and_ends(law: Law, monkeypatch: pytest.MonkeyPatch) -> None:
    """Machines that send and one that does not, with deviations of their own and without, and a function."""
    rng = np.random.default_rng(7)
    times = [0.3, 0.7, 0.9]
    own = (
        machine("a", seconds=times, sends=True),
        machine("b", seconds=[1.1, 1.3, 1.7], sd_s=(0.1, 0.2, 0.3)),
        machine("c", seconds=[0.2, 0.4, 0.6], sends=True, sd_s=(0.0, 0.1, 0.1)),
    )
    block = Block(2, 3, own, function(times))
    exits = rng.integers(2, 7, 500).astype(np.int16)
    numbers, starts = rng.permutation(500)[:300], rng.random(300) * 1e4
    places = rng.integers(0, 3, 300)
    found = []
    for compiled in (True, False):
        monkeypatch.setattr(kernels, "compiled", compiled)
        lasting = Durations(block, exits, law, np.random.default_rng(8), 0.05)
        options = [*block.machines, block.function]
        holds = [lasting.holds(option, numbers).tolist() for option in options]
        ends = [part.tolist() for part in lasting.ends(numbers, starts, places)]
        found.append((holds, ends, lasting.going_on(numbers).tolist()))
    assert found[0] == found[1]
    assert any(found[0][2])
    assert not all(found[0][2])


def test_the_latest_end_of_each_machine() -> None:
    """As numpy's `maximum.at`."""
    from serflow_opt.kernels.accounts import latest

    rng = np.random.default_rng(9)
    until, machines, ends = rng.random(5), rng.integers(0, 5, 100), rng.random(100) * 2
    expected = until.copy()
    np.maximum.at(expected, machines, ends)
    latest(until, machines, ends)
    assert until.tolist() == expected.tolist()


def test_a_quota_by_hand() -> None:
    """None before it is in force; then two of each second, then one; those of the last second before count."""
    from serflow_opt.kernels.accounts import within

    times = np.array([3.1, 3.2, 4.0, 4.1, 4.2, 5.0, 5.5, 6.0])
    found = np.empty(8, np.uint8)
    last = within(times, np.array([3.15, 5.0]), np.array([2, 1]), 3, 0, found)
    assert (found.tolist(), last) == ([0, 1, 1, 1, 0, 1, 0, 1], 1)
    assert within(times[:2], np.array([0.0]), np.array([2]), 3, 1, found[:2]) == 3
    assert found[:2].tolist() == [1, 0]
    assert within(times[:0], np.array([0.0]), np.array([2]), 3, 1, found[:0]) == 1
