"""The cheapest sizes of blocks that share a limit, against all combinations."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest

from serflow_opt.ground.deadline import NEVER, Deadline, OutOfTime
from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.provision.joint_lateness import JointMean, JointTaken
from serflow_opt.traffic.provision.joint_sizes import JointSizes
from serflow_opt.traffic.provision.waits import Queues, Size, Wait

if TYPE_CHECKING:
    from collections.abc import Sequence

    from serflow_opt.traffic.queues.waiting import Waiting

QUEUES = Queues(Rates(np.array([1.0]), np.array([1.0])))
MOST = 1.0


def wait_of(seconds: float) -> Wait:
    """Return a wait of which only the mean counts."""
    return Wait(np.zeros(1), np.array([seconds]), cast("Waiting", None))


def drawn(seed: int) -> list[list[Size]]:
    """Return random sizes of two to four blocks: some cost less and wait longer, in some nobody waits."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(int(rng.integers(2, 5))):
        usd, waits = np.sort(rng.uniform(1, 3, 7))[::-1], np.sort(rng.uniform(0, 0.9, 7))
        own = [Size(n, n, u, wait_of(w)) for n, (u, w) in enumerate(zip(usd.tolist(), waits.tolist(), strict=True))]
        found.append([*own, *([Size(9, 0, float(rng.uniform(2, 4)))] if rng.integers(2) else [])])
    return found


def seconds(size: Size) -> float:
    """Return the mean wait of a size."""
    return 0.0 if size.wait is None else float(size.wait.seconds[0])


def search_of(sizes: list[list[Size]], deadline: Deadline = NEVER) -> JointSizes:
    """Return the search among sizes whose mean waits may be `MOST` seconds in all."""

    def joint(blocks: Sequence[int], waits: Sequence[Sequence[Wait]]) -> JointTaken:
        return JointMean(0.0, QUEUES, [1.0] * len(blocks), waits)

    def keeps(waits: dict[int, Wait | None]) -> bool:
        return math.fsum(float(own.seconds[0]) for own in waits.values() if own is not None) <= MOST

    def options(b: int, usd: float) -> list[Size]:
        return [size for size in sizes[b] if size.usd <= usd]

    return JointSizes(options, joint, keeps, MOST, deadline)


@pytest.mark.parametrize("seed", range(60))
def test_the_cheapest_of_all_combinations(seed: int) -> None:
    """Found where there is one, and none where all below a cost break the limit."""
    sizes = drawn(seed)
    kept = [
        math.fsum(own.usd for own in each)
        for each in itertools.product(*sizes)
        if math.fsum(map(seconds, each)) <= MOST
    ]
    least = {b: min(own.usd for own in each) for b, each in enumerate(sizes)}
    best = min(kept, default=99.0)
    found = search_of(sizes).cheapest(least, 100.0)
    assert (found is None) == (not kept)
    if found is not None:
        assert math.fsum(own.usd for own in found.values()) == pytest.approx(best, rel=1e-12)
        assert math.fsum(map(seconds, found.values())) <= MOST
    assert search_of(sizes).cheapest(least, best * (1 - 1e-9)) is None


def test_time_may_be_up() -> None:
    """Whoever asks is told, and takes what is found first."""
    sizes = drawn(0)
    with pytest.raises(OutOfTime):
        search_of(sizes, Deadline(0.0)).cheapest({b: own[-1].usd for b, own in enumerate(sizes)}, math.inf)
