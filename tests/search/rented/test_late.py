"""Percentiles: mixes of thresholds against exhaustive search, and by hand."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from oracles.enumeration_draws import draw
from oracles.enumeration_questions import late
from support import tiny
from support.mixed import agrees

import serflow_opt as so
from serflow_opt import kernels
from serflow_opt.formulations.coefficients import Data
from serflow_opt.search.layered import Chain
from serflow_opt.search.rented.late import chains_of, guesses

pytestmark = pytest.mark.skipif(not kernels.compiled, reason="kernels are not compiled here")


@pytest.mark.parametrize("seed", range(12))
def test_the_best_plan_within_a_percentile_is_found(tmp_path: Path, seed: int) -> None:
    """Paid per request and rented, with and without cold starts that a share of the requests meets."""
    agrees(seed, draw(seed, tmp_path, without=("tail",), change=late))


def test_a_median_lets_half_be_late() -> None:
    """Half leave v after 1.5 s; p50 counts them alone, so that stage 2 may take as long as it likes."""
    instance = tiny.two_stages(latency_measure="p50", latency_slo_s=1.5, accuracy_min=0.85)
    plan = so.solve(instance, method="mixes")
    assert plan.status == "optimal"
    assert plan.metrics is not None
    assert plan.metrics.latency_percentiles_ms["p50"] <= 1500 * (1 + 1e-9)
    assert plan.objective.value == pytest.approx(so.solve(instance, method="milp").objective.value)


def test_guesses_take_the_limits_of_the_chain_at_hand() -> None:
    """Arrays of a guess are made once; limits are those of whoever asks, and the same ones where nothing changes."""
    instance = tiny.two_stages(latency_measure="p50", latency_slo_s=1.5, accuracy_min=0.85)
    chain = Chain.of(Data(instance), {"cost": 1.0})
    guess = guesses(chain.data)[0]
    first, _ = chains_of(chain, guess)
    assert chains_of(chain, guess)[0] is first
    sooner, _ = chains_of(dataclasses.replace(chain, whole_limit=0.5), guess)
    assert sooner.whole_limit == 0.5
    assert sooner.adds is first.adds
    assert first.whole_limit == chain.whole_limit
