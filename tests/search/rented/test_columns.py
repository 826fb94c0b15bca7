"""Columns as kernels take them: ordered, scaled, and back."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from support import tiny

from serflow_opt import kernels
from serflow_opt.formulations.coefficients import Data
from serflow_opt.plan.decision import Decision
from serflow_opt.plan.evaluator import evaluate
from serflow_opt.search.layered import Chain
from serflow_opt.search.placed import placed
from serflow_opt.search.placements import list_paths
from serflow_opt.search.rented.columns import Columns, Menus


def chain_of(**changes: object) -> Chain:
    """Two requests a second on machines that are rented whole."""
    instance = tiny.two_stages(accounting="reserved", rate_per_s=2.0, accuracy_min=0.9)
    return Chain.of(Data(dataclasses.replace(instance, **changes)), {"cost": 1.0})  # type: ignore[arg-type]


def test_menus_rise_in_those_who_go_on() -> None:
    """Half leave at the first threshold, a quarter at the second: 0.5 go on, then 0.75; positions lead back."""
    menus = Menus.of(chain_of())
    assert menus.stay[menus.first[0, 0] : menus.first[0, 0] + menus.size[0, 0]].tolist() == [0.5, 0.75]
    assert menus.level[:2].tolist() == [0, 1]
    assert menus.mass[:2] == pytest.approx([0.4, 0.225])
    assert menus.size[:, 0].tolist() == [2, 1]


def test_weights_there_are_multipliers_here() -> None:
    """The first column counts 1 whatever its scale, machines are paid for by use, the floor in the chain's units."""
    columns = Columns(chain_of())
    columns.measure(4.0)
    assert columns.unit == 4.0
    held = columns.fractional(np.array([7.0, 9.0, 0.5]))
    assert held[0] == 1.0
    assert held[columns.machines].tolist() == [0.0]
    assert held[-1] == pytest.approx(0.5 * 4.0)
    columns.measure(0.0)  # nothing is known: as it was
    assert columns.unit == 4.0


@pytest.mark.skipif(not kernels.compiled, reason="kernels are not compiled here")
def test_the_best_of_the_kernels_is_that_of_the_evaluator() -> None:
    """All on v at the second threshold: 10 machines at 0.5 USD/s for two requests a second, and the input."""
    chain = chain_of()
    paths = list_paths(chain.data)
    assert paths is not None
    columns, those = Columns(chain), placed(chain, paths)
    nodes = columns.nodes(those, 1e9, False, 0.0)
    for n in range(len(those)):
        nodes.open(n, -np.inf)
        nodes.run(10_000)
    value, n, chosen = nodes.found()
    levels = columns.levels(those, n, chosen)
    options = tuple(chain.data.runners[e].option for e in paths.runner[n].tolist())
    weights = (tuple(float(k == levels[0]) for k in range(2)), (1.0,))
    metrics = evaluate(chain.data.instance, Decision(options, weights))
    assert not metrics.breaches
    assert value * columns.unit * chain.unit == pytest.approx(metrics.cost_usd_per_request, rel=1e-9)
    assert len(set(columns.alike(those).tolist())) == 2  # with v and without


def test_placements_without_machines_are_alike() -> None:
    """Paid per request nothing is rented: all share a number."""
    chain = chain_of(accounting="per-request")
    paths = list_paths(chain.data)
    assert paths is not None
    assert Columns(chain).alike(placed(chain, paths)).tolist() == [0] * len(paths)
