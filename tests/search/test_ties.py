"""Order among equally good plans, against all plans."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
from support.chains import EACH, chain_of
from support.goals import GOAL_SEEDS, achieved, lexicographic, plans_of
from support.helpers import load

import serflow_opt as so
from serflow_opt.ground.tolerances import EQUAL
from serflow_opt.search import ties
from serflow_opt.search.combinatorial import ChainSearch

ORDERS = list(itertools.permutations(("cost", "latency", "privacy", "energy", "accuracy"), 3))


@pytest.mark.parametrize("seed", GOAL_SEEDS)
def test_then(seed: int, tmp_path: Path) -> None:
    """Ties are broken in the order asked, as among all plans."""
    document, plans = plans_of(seed)
    if not plans.keep().any():
        return
    rng = np.random.default_rng([6, seed])
    order = [name for name in ORDERS[int(rng.integers(len(ORDERS)))] if name != document["objective"]["minimize"]]
    if "exits" not in document:
        order = [name for name in order if name != "accuracy"]
    first = document["objective"]["minimize"]
    document = document | {"objective": document["objective"] | {"then": order}}
    plan = so.solve(load(document, tmp_path))
    expected = lexicographic(plans, [first, *order])
    assert plan.status == "optimal"
    for name, value in expected.items():
        assert achieved(plan, name) == pytest.approx(value, rel=2e-6, abs=1e-12), (name, [first, *order])


def test_a_search_for_equals_is_spared_only_where_it_finds_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the last sweep says that nothing as good is sooner, a search finds nothing."""
    spared, searched = 0, 0
    for kind, seed in EACH[::2]:
        chain = chain_of(kind, seed, tmp_path)
        run = None if chain is None else ChainSearch(chain, 1e-4)
        if run is None or not run.run() or run.best is None:
            continue
        most, sooner = run.as_good(EQUAL), float(run.best[0].whole[0]) * (1 - EQUAL)
        says = ties._nothing_sooner(run, most, sooner)
        with monkeypatch.context() as patched:
            patched.setattr(ties, "_nothing_sooner", lambda *_: False)
            found = ties.equally_good(run, None, EQUAL)
        assert not (says and found), (kind, seed)
        spared, searched = spared + says, searched + 1
    assert 0 < spared < searched
