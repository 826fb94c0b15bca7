"""What comes before a state, against all prefixes and thresholds."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracles.brute_money import cost
from oracles.brute_placements import allowed
from oracles.brute_problem import Problem
from oracles.brute_reading import read
from oracles.brute_time import clock
from oracles.writing import write
from support.documents import document_of
from support.swept import (
    ROUNDING,
)

import serflow_opt as so
from serflow_opt.formulations.coefficients import Data
from serflow_opt.search.layered import Chain
from serflow_opt.search.prefixes import least_whole_before, most_value


def roomy(seed: int) -> dict[str, Any]:
    document = {**document_of("plain", seed)}
    document["tier"] = [
        {key: value for key, value in tier.items() if key != "payload_max_bytes"} for tier in document["tier"]
    ]
    for tier in document["tier"]:
        tier["option"] = [dict(option) for option in tier["option"]]
        for option in tier["option"]:
            if tier["kind"] == "function":
                option["usd_per_gb_s"] = option.get("usd_per_gb_s", 0.0) * option["memory_mb"] / 2**30
                option["memory_mb"] = 2**30  # room for anything, at the same price
            else:
                option.pop("memory_mb", None)
    document["objective"] = {"minimize": "cost"}
    document["workload"] = {**document["workload"], "latency_measure": "worst"}
    return document


@pytest.mark.parametrize("seed", range(18))
def test_before_each_state(seed: int, tmp_path: Path) -> None:
    """Least whole time, and the most V that a prefix completes to a bound, against all prefixes and thresholds."""
    document = roomy(seed)
    instance = so.load(write(document, tmp_path))
    data = Data(instance)
    if not data.connected:
        return
    chain, problem = Chain.of(data, {"cost": 1.0}), read(document)
    names = [(instance.tiers[option.tier].name, option.name) for option in instance.options]
    reaches, masses = thresholds_of(problem)
    least = np.full(chain.on.shape, math.inf)
    rng = np.random.default_rng(seed)
    typical = float(np.abs(chain.adds[..., 0]).mean()) * len(chain.on)
    weights = np.array([1.0, float(rng.choice([0.0, 0.1, 1.0, 10.0])) * typical])
    most = typical * float(rng.choice([-1.0, 0.0, 0.3, 1.0, 3.0]))
    allowance = np.full(chain.on.shape, -math.inf)
    for placement in allowed(problem):
        time = clock(problem, placement)
        cold = np.where(time.cold_share > 0, time.cold, 0.0)
        adds = stage_costs(problem, placement)
        done, spent = 0.0, np.zeros(reaches.shape[1])
        for s, spot in enumerate(placement):
            option = problem.option(spot)
            e = names.index((option.tier, option.name))
            least[s, e] = min(least[s, e], done + time.transfer[s] + cold[s])
            done += time.transfer[s] + cold[s] + time.run[s]
            busy = option.usd_per_busy_s if option.kind == "function" else option.usd_per_s / option.workers
            into = (adds[s] - busy * time.run[s]) / data.dollar  # the hand-over before the stage
            room = most - spent - reaches[s] * into
            with np.errstate(divide="ignore", invalid="ignore"):
                after = np.where(reaches[s] > 0, room / reaches[s], np.where(room >= -1e-12, math.inf, -math.inf))
            allowance[s, e] = max(allowance[s, e], float(after.max()))
            spent = spent + reaches[s] * adds[s] / data.dollar - weights[1] * masses[s]
    seen = np.isfinite(least)
    assert np.isfinite(least_whole_before(chain))[seen].all()
    assert least_whole_before(chain)[seen] * data.second == pytest.approx(least[seen], rel=ROUNDING, abs=1e-15)
    found = most_value(chain, weights, most)
    assert found[seen] == pytest.approx(allowance[seen], rel=1e-7, abs=1e-9 * typical)


def thresholds_of(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """R_s and R_s e r of every choice of thresholds, stages x choices."""
    reaches, masses = [], []
    choices = np.ones(1)
    for menu in problem.menus:
        rates, right = (np.array([row[i] for row in menu]) for i in (1, 2))
        reaches.append(choices)
        masses.append((choices[:, None] * right).ravel())
        choices = (choices[:, None] * (1 - rates)).ravel()
    count = len(choices)
    spread = [np.repeat(reach, count // len(reach)) for reach in reaches]
    return np.array(spread), np.array([np.repeat(mass, count // len(mass)) for mass in masses])


def stage_costs(problem: Problem, placement: Any) -> np.ndarray:
    """USD that a request which enters a stage adds there, hand-over included: the cost is linear in the reach."""
    time, count = clock(problem, placement), problem.stages
    return np.array(cost(problem, placement, time, np.eye(count + 1, count)))
