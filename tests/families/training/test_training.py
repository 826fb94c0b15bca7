"""Training against enumeration by code of its own, the search and the model apart."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from oracles import training as oracle
from support.drawn_training import small
from support.training import write

import serflow_opt as so
from serflow_opt.families.training.family import TRAINING


def test_one_cut_for_all_is_never_better_and_whole_models_are_cuts_too(tmp_path: Path) -> None:
    """A cut for each client <= the best single cut <= federated; enumerated, too."""
    for seed in range(20, 23):
        case = small(seed)
        case.servers = [own for own in case.servers if "usd_per_hour" in own]
        times = []
        for n, keys in enumerate(('mode = "hybrid"', 'mode = "hybrid"\nsame_cut = true', 'mode = "federated"')):
            problem = so.load(write(case, tmp_path / f"{seed}-{n}", training=keys))
            times.append(so.solve(problem).objective.value)
        assert times[0] <= times[1] * (1 + 1e-9) <= times[2] * (1 + 1e-8)
        hybrid = [(own, plan) for own, plan in oracle.plans(case) if plan[0] == "hybrid"]
        single = [own for own, plan in hybrid if len({option[0] for option in plan[3]}) == 1]
        assert times[1] * 3600 == pytest.approx(oracle.best(single, "time", {}), rel=1e-6)


def test_without_waiting_updates_come_at_the_sum_of_rates(tmp_path: Path) -> None:
    """Every plan of asynchronous clients by hand: rates, and workers that are not asked for more than they have."""
    for seed in range(30, 32):
        case = small(seed)
        case.servers = [own for own in case.servers if "usd_per_hour" in own][:1]
        case.modes = ("hybrid",)
        keys = 'mode = "hybrid"\nsynchronous = false\nstaleness = 1.25'
        problem = so.load(write(case, tmp_path / f"{seed}", training=keys))
        best = {"time": math.inf, "cost": math.inf}
        for _, (_, server, row, options) in oracle.plans(case):
            available = sum(own["count"] * own["available"] for own in case.clients)
            rate = load = usd = 0.0
            for client, option in zip(case.clients, options, strict=True):
                chain, waits, _, _, paid, *_ = oracle._one(case, "hybrid", server, row, client, option)
                turns = row[1] * client["count"] * client["available"] / available
                turns /= chain * (1 + client["late"] * (client["late_factor"] - 1))
                rate += turns * (1 - client["drops"])
                load += turns * waits
                usd += turns * paid
            if load <= server["workers"]:
                time = row[4] * row[1] * 1.25 / rate
                best["time"] = min(best["time"], time)
                best["cost"] = min(best["cost"], time * (usd + server["usd_per_hour"] / 3600 * server["workers"]))
        for goal, shown in (("time", 1 / 3600), ("cost", 1.0)):
            solution = so.solve(TRAINING.changed(problem, {"objective": goal}))
            assert solution.status == "optimal"
            assert solution.objective.value == pytest.approx(best[goal] * shown, rel=2e-6)
