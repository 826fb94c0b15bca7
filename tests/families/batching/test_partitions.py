"""Partitions into groups, against all there are."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest

from serflow_opt.families.batching.partitions import cheapest, groups_of


def every(items: tuple[int, ...]) -> Iterator[list[tuple[int, ...]]]:
    """Every partition: the first item joins a group, or begins one."""
    if not items:
        yield []
        return
    for rest in every(items[1:]):
        yield [(items[0],), *rest]
        for k, group in enumerate(rest):
            yield [*rest[:k], (items[0], *group), *rest[k + 1 :]]


@pytest.mark.parametrize("any_", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_the_cheapest_of_each_number_of_groups(seed: int, any_: bool) -> None:
    """With prices that follow no rule, some of them infinite, as by listing all partitions."""
    rng = np.random.default_rng(seed)
    count = 5
    prices = {group: math.inf if rng.random() < 0.2 else float(rng.uniform(1, 9)) for group in groups_of(count, True)}
    found = cheapest(count, any_, prices.__getitem__)
    for number, (price, groups) in enumerate(found, 1):
        known = [own for own in every(tuple(range(count))) if len(own) == number]
        if not any_:
            known = [own for own in known if all(max(g) - min(g) == len(g) - 1 for g in own)]
        best = min((sum(prices[g] for g in own) for own in known), default=math.inf)
        assert price == pytest.approx(best)
        assert sum(prices[g] for g in groups) == (pytest.approx(best) if math.isfinite(best) else 0)
        assert sorted(w for g in groups for w in g) == (list(range(count)) if groups else [])


def test_groups_are_all_sets_or_all_runs() -> None:
    """2^4 - 1 sets, 4 x 5 / 2 runs, those of one application first."""
    assert len(set(groups_of(4, True))) == 15
    assert list(groups_of(3, False)) == [(0,), (1,), (2,), (0, 1), (1, 2), (0, 1, 2)]
