"""What several waits take of a limit together, against what each combination takes by itself."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.provision import joint_lateness
from serflow_opt.traffic.provision.joint_lateness import ChosenWaits, JointLateness, JointMean, JointTaken
from serflow_opt.traffic.provision.lateness import Ending, Lateness
from serflow_opt.traffic.provision.waits import Queues, Wait


def some_waits(queues: Queues, rng: np.random.Generator, count: int) -> list[Wait]:
    """Return random waits, with room for all or for some."""
    found = []
    for _ in range(count):
        room = int(rng.integers(1, 30)) if rng.integers(2) else None
        moments = float(rng.uniform(0.01, 0.08)), float(rng.uniform(0, 2))
        found.append(queues.of(int(rng.integers(1, 6)), room, 0.5, *moments))
    return found


def all_pairs(taken: JointTaken, counts: list[int]) -> dict[tuple[int, ...], float]:
    """Return what every combination takes."""
    found = {}
    for first in itertools.product(*map(range, counts[:-2])):
        before: ChosenWaits = taken.none()
        for n, option in enumerate(first):
            before = taken.chosen(before, n, option)
        pairs = taken.pairs(before, *counts[-2:])
        found |= {(*first, j, k): float(pairs[j, k]) for j, k in itertools.product(*map(range, counts[-2:]))}
    return found


@pytest.mark.parametrize("seed", range(24))
def test_combinations_take_what_each_takes_alone(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """To rounding: two to four blocks, some without waits, at one to three rates, slacks of any size, and in parts."""
    rng = np.random.default_rng(seed)
    rates, blocks = int(rng.integers(1, 4)), int(rng.integers(2, 5))
    queues = Queues(Rates(np.sort(rng.uniform(5, 50, rates)), np.full(rates, 1 / rates)))
    slack = np.concatenate([rng.uniform(-0.1, 1, 8), rng.uniform(0, 1, 4) ** 8])
    leaving = blocks if seed else 1  # at once: others have nobody left to make late
    ends = [
        Ending(int(rng.integers(leaving)), share, 1.0 - t)
        for share, t in zip(rng.dirichlet(np.ones(12)).tolist(), slack.tolist(), strict=True)
    ]
    lateness = Lateness(queues, ends, 1.0, varies=bool(rng.integers(2)))
    waiting = sorted(rng.choice(blocks, size=int(rng.integers(2, blocks + 1)), replace=False).tolist())
    counts = [3] * (len(waiting) - 1) + [2]
    waits = [some_waits(queues, rng, count) for count in counts]
    if seed % 2:
        monkeypatch.setattr(joint_lateness, "AT_ONCE", 1)
    for chosen, late in all_pairs(JointLateness(lateness, waiting, waits), counts).items():
        own: list[Wait | None] = [None] * blocks
        for b, each, i in zip(waiting, waits, chosen, strict=True):
            own[b] = each[i]
        assert late == pytest.approx(lateness.late(own), abs=1e-12)


def test_nobody_may_leave_in_the_first_block() -> None:
    """One server with room for two, twice: all leave behind the second, with 0.1 s to spare."""
    queues = Queues(Rates(np.array([20.0]), np.array([1.0])))
    wait = queues.of(1, 2, 1.0, 0.04, 0.0)
    lateness = Lateness(queues, [Ending(1, 1.0, 0.9)], 1.0)
    late = all_pairs(JointLateness(lateness, [0, 1], [[wait], [wait]]), [1, 1])
    assert late == {(0, 0): pytest.approx(lateness.late([wait, wait]), abs=1e-12)}


def test_the_mean_is_a_sum() -> None:
    """0.5 s on the way, and what reaches each block times its mean wait."""
    rng = np.random.default_rng(0)
    queues = Queues(Rates(np.array([20.0]), np.array([1.0])))
    waits = [some_waits(queues, rng, 2) for _ in range(3)]
    reach = [1.0, 0.6, 0.25]
    for chosen, mean in all_pairs(JointMean(0.5, queues, reach, waits), [2, 2, 2]).items():
        each = (r * float(own[i].seconds[0]) for r, own, i in zip(reach, waits, chosen, strict=True))
        assert mean == pytest.approx(0.5 + sum(each), rel=1e-12)
