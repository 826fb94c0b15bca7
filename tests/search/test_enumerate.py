"""The placements that a sweep leaves, against all of them."""

from __future__ import annotations

from itertools import pairwise

import pytest
from support.swept import (
    EACH,
    case_of,
    keys_of,
    lanes_of,
)

from serflow_opt.search.bound_recursion import sweep
from serflow_opt.search.enumerate import near_optimal_placements
from serflow_opt.search.placements import list_paths
from serflow_opt.search.prefixes import least_whole_before, most_value
from serflow_opt.search.runs import within_options


@pytest.mark.parametrize(("kind", "seed"), EACH)
def test_survivors_are_those_within(kind: str, seed: int) -> None:
    """No more and no less, each once, with its whole time and what it adds; and None beyond what may be listed."""
    case = case_of(kind, seed)
    if case is None:
        return
    chain, before = case.chain, least_whole_before(case.chain)
    known = list_paths(chain.data)
    assert known is not None
    listed = set(keys_of(known))  # all but what other ways to hand over are at least as good as
    for weights in lanes_of(case, seed):
        expected = {key: value for key, value in case.least(weights).items() if key in listed}
        for most in between(sorted(expected.values())):
            swept = sweep(chain, weights[None], before, most_value(chain, weights, most))
            found = near_optimal_placements(chain, weights, swept, most, 1_000_000)
            assert found is not None
            paths = found.paths
            if case.tight:
                paths = paths[within_options(chain.data, paths)]
            there = keys_of(paths)
            assert len(set(there)) == len(there), "a placement stands twice"
            within = {key for key, value in expected.items() if value <= most}
            if chain.data.ends:  # placements that go on behind an exit where everybody leaves are there, too
                assert within <= set(there)
            else:
                assert set(there) == within
            if found.whole.any():
                assert (found.whole <= chain.whole_limit * (1 + 1e-9)).all()
            if len(found) > 1:
                assert near_optimal_placements(chain, weights, swept, most, len(found) - 1) is None


def between(values: list[float]) -> list[float]:
    """Bounds below all values, above all, and halfway between some that differ by more than rounding."""
    if not values:
        return [1e9]
    size = max(abs(values[0]), abs(values[-1])) + 1e-6
    gaps = [(a + b) / 2 for a, b in pairwise(values) if b - a > 1e-7 * size]
    picked = gaps[:: max(1, len(gaps) // 4)]
    return [values[0] - 1e-6 * size, values[0] + 1e-8 * size, *picked[:5], values[-1] + 1e-6 * size]
