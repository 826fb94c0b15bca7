"""Placements behind the protocol: what works on any family gives what their own searches give."""

from __future__ import annotations

import pickle

import pytest
from support import tiny

import serflow_opt as so
from serflow_opt.families.placement import PLACEMENT
from serflow_opt.families.verbs import GENERIC, answering, verbs_of
from serflow_opt.families.witnessed import solve_witnessed
from serflow_opt.ground.display import named
from serflow_opt.search.outcome import Settings


@pytest.mark.parametrize("minimize", ["cost", "latency"])
def test_the_generic_loop_agrees_with_the_search_of_placements(minimize: str) -> None:
    """By model, decoding and witness alone, and by the search of its own."""
    instance = tiny.two_stages(minimize=minimize, accuracy_min=0.9)
    plan = so.solve(instance)
    found = solve_witnessed(PLACEMENT, instance, {minimize: 1.0}, Settings())
    own = next(q for q in PLACEMENT.quantities if q.name == minimize)
    assert found.value * own.shown == pytest.approx(plan.objective.value, rel=1e-6)
    assert found.proven(1e-6)


def test_every_verb_is_found_and_can_be_handed_to_processes() -> None:
    """What the registries name is there; public functions are found again by other processes."""
    for where in (*GENERIC.values(), *PLACEMENT.own.values()):
        assert callable(named(where))
    assert {"solve", "pareto", "explain", "fleet", "provision"} <= set(verbs_of(PLACEMENT))
    assert pickle.loads(pickle.dumps(so.solve)) is so.solve
    assert answering("solve", tiny.two_stages()) is named("solving:solve")
