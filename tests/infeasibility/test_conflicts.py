"""The smallest sets of limits that clash, the least changes, and the smallest repairs, against every plan there is."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracles.adapted import LIMITS, Plans, adapted_plans
from oracles.adapted_instances import adapted_document
from oracles.adapted_reading import read_adapted
from oracles.writing import write
from support.helpers import changed, load, run, two_tiers

import serflow_opt as so
from serflow_opt.ground.deadline import Deadline
from serflow_opt.infeasibility.conflicts import smallest_clashes, smallest_repairs

SEEDS = range(8)
DRAWS = 4
FLOORS = ("accuracy_min", "mse_min")
Keys = frozenset[str]


def infeasible(seed: int) -> Iterator[tuple[dict[str, Any], Plans]]:
    """Documents with tight limits that no plan keeps, with their plans."""
    bare = adapted_document(seed, limits=False)
    plans = adapted_plans(bare)
    rng = np.random.default_rng([7, seed])
    for _ in range(DRAWS):
        workload: dict[str, float] = {}
        for name in LIMITS:
            values = plans.limited(name)
            values = values[np.isfinite(values) & (values > 0)]
            if not values.size or (name == "accuracy_min" and "exits" not in bare) or rng.random() < 0.3:
                continue
            share = rng.choice([0.0, 0.02, 0.1, 0.3])
            worst = float(np.quantile(values, 1 - share if name in FLOORS else share))
            beyond = rng.random() < 0.15  # out of reach on its own
            value = worst * (1 + (0.05 if name in FLOORS else -0.05) * beyond)
            workload[name] = min(1.0, value) if name == "accuracy_min" else value
        document = changed(bare, workload=workload)
        limited = replace(plans, adapted=read_adapted(document))
        if workload and plans.cost.size and not limited.keep().any():
            yield document, limited


def set_limits(document: dict[str, Any]) -> list[str]:
    """The limits of a document."""
    return [name for name in LIMITS if name in document["workload"]]


def kept(plans: Plans, names: set[str] | Keys) -> np.ndarray:
    """Which plans keep some limits, whatever they do to the others."""
    return plans.keep([name for name in LIMITS if name not in names])


def minimal_sets(document: dict[str, Any], plans: Plans) -> set[Keys]:
    """By trying all subsets on all plans."""
    names = set_limits(document)
    subsets = [frozenset(some) for n in range(len(names) + 1) for some in combinations(names, n)]
    broken = [some for some in subsets if not kept(plans, some).any()]
    return {some for some in broken if not any(other < some for other in broken)}


def tightest(plans: Plans, name: str, mask: np.ndarray) -> float | None:
    """The best value of a limit among some plans; None: it has to go."""
    values = plans.limited(name)[mask]
    best = float(values.max() if name in FLOORS else values.min())
    return best if math.isfinite(best) else None


def about(value: float | None) -> Any:
    """Equal but for the gap of a solve."""
    return None if value is None else pytest.approx(value, rel=2e-6, abs=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_sets_least_changes_and_repairs(seed: int, tmp_path: Path) -> None:
    """Clashing sets, least changes and repairs are the smallest by every plan there is."""
    for n, (document, plans) in enumerate(infeasible(seed)):
        plan = so.solve(load(document, tmp_path / str(n)))
        assert plan.status == "infeasible"
        check_sets(document, plans, plan)
        names = set(set_limits(document))
        alone = {name for name in names if kept(plans, names - {name}).any()}
        if alone:
            assert {clash.limit for clash in plan.infeasible_because} == alone
            assert not any(clash.repairs for clash in plan.infeasible_because)
        else:
            check_repairs(document, plans, plan, tmp_path / f"{n}-loosened")


def check_sets(document: dict[str, Any], plans: Plans, plan: so.Plan) -> None:
    """All smallest sets, each limit with its least change."""
    assert all(clash.sets_complete for clash in plan.infeasible_because)
    found = {frozenset(own.limits): own for own in plan.clashing_sets}
    assert set(found) == minimal_sets(document, plans)
    for keys, own in found.items():
        assert {change.limit for change in own.changes} == keys
        for change in own.changes:
            assert change.proven
            assert change.asked == pytest.approx(document["workload"][change.limit], rel=1e-12)
            assert change.best == about(tightest(plans, change.limit, kept(plans, keys - {change.limit})))
    sizes = [len(own.limits) for own in plan.clashing_sets]
    assert sizes == sorted(sizes)


def check_repairs(document: dict[str, Any], plans: Plans, plan: so.Plan, folder: Path) -> None:
    """Where no limit alone helps: the fewest that do, in turn the least of each, and that leaves a plan."""
    names = set(set_limits(document))
    (clash,) = plan.infeasible_because
    assert clash.repairs
    size = next(k for k in range(1, 8) if any(kept(plans, names - set(c)).any() for c in combinations(names, k)))
    for repair in clash.repairs:
        assert len(repair.changes) == size
        mask = kept(plans, names - {change.limit for change in repair.changes})
        for change in repair.changes:
            value = tightest(plans, change.limit, mask)
            assert change.best == about(value)
            if value is not None:
                values, slack = plans.limited(change.limit), 2e-6 * abs(value)
                mask &= values >= value - slack if change.limit in FLOORS else values <= value + slack
    loosened = changed(document)
    for change in clash.repairs[0].changes:
        loosened["workload"].pop(change.limit)
        if change.best:
            loosened["workload"][change.limit] = change.best * (1 - 3e-9 if change.limit in FLOORS else 1 + 3e-9)
    assert so.solve(load(loosened, folder)).status == "optimal"


def test_there_are_enough_of_them() -> None:
    """At least twenty, with sets of one, two and more limits, and some that only several changes repair."""
    sizes: list[int] = []
    cases = several = disjoint = 0
    for seed in SEEDS:
        for document, plans in infeasible(seed):
            found = minimal_sets(document, plans)
            cases += 1
            several += len(found) > 1
            disjoint += not frozenset.intersection(*found)
            sizes += [len(keys) for keys in found]
    assert cases >= 20
    assert several >= 5
    assert disjoint >= 3
    assert {1, 2, 3} <= set(sizes)


def test_sets_and_repairs_of_any_system() -> None:
    """Random families of clashing sets: what is found is what was put in, and hits it."""
    rng = np.random.default_rng(5)
    for _ in range(200):
        keys = "abcdefg"[: int(rng.integers(1, 8))]
        drawn = [frozenset(k for k in keys if rng.random() < 0.4) for _ in range(int(rng.integers(1, 6)))]
        clashing = {some for some in drawn if some and not any(other < some for other in drawn if other)}
        found, complete = smallest_clashes(keys, lambda some, c=clashing: not any(bad <= some for bad in c))
        assert complete
        assert set(found) == clashing
        repairs = smallest_repairs(keys, found)
        hits = [
            set(c) for n in range(len(keys) + 1) for c in combinations(keys, n) if all(set(c) & b for b in clashing)
        ]
        if clashing:
            least = min(map(len, hits))
            assert {frozenset(c) for c in hits if len(c) == least} == set(repairs)


def test_what_is_not_known_is_said() -> None:
    """An answer that could not be had makes the list of sets incomplete, not wrong."""
    found, complete = smallest_clashes("ab", lambda keys: None if keys == {"a"} else keys != {"a", "b"})
    assert (found, complete) == ([frozenset("ab")], False)


def test_two_sets_that_share_nothing(tmp_path: Path) -> None:
    """Nothing is more accurate than 0.926 or faster than 300 ms; the cheapest of these must be told by its flags."""
    limits = {"accuracy_min": 0.99, "latency_slo_ms": 1.0}
    file = write(changed(two_tiers(), workload=limits), tmp_path)
    ran = run("solve", file)
    assert ran.code == 3
    assert "latency (worst) at most 1 ms is out of reach on its own: 300 ms at best" in ran.stdout
    assert "accuracy at least 0.99 is out of reach on its own: 0.926 at best" in ran.stdout
    advice = re.search(r"loosen together: (.*)", ran.stdout)
    assert advice
    assert run("solve", file, *advice[1].split()).code == 0


def test_time_that_runs_out_is_said(tmp_path: Path) -> None:
    """Without time the blame is unknown, and said to be."""
    from serflow_opt.infeasibility.explain import clashes
    from serflow_opt.search.outcome import SearchSettings

    instance = load(changed(two_tiers(), workload={"accuracy_min": 0.99, "latency_slo_ms": 1.0}), tmp_path)
    told = clashes(instance, SearchSettings(deadline=Deadline(0.0), method="milp"))
    assert [clash.limit for clash in told] == ["unknown"]
    assert not told[0].sets_complete


# ----------------------------------------------------------------------------------------------------
# Memory, payload and links
