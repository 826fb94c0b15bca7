"""Training against enumeration by code of its own, the search and the model apart."""

from __future__ import annotations

import math
import random
from pathlib import Path

import pytest
from oracles import training as oracle
from support.training import write

import serflow_opt as so
from serflow_opt.families.training.family import TRAINING
from serflow_opt.families.witnessed import solve_witnessed
from serflow_opt.search.outcome import Settings

KEYS = {
    "time": ("deadline_h", 1 / 3600),
    "cost": ("cost_max_usd", 1.0),
    "energy": ("energy_max_j", 1.0),
    "privacy": ("privacy_max", 1.0),
    "accuracy": ("accuracy_min", 1.0),
    "traffic": ("traffic_max_gb", 1e-9),
}
"""Keys of limits, and what is shown of a unit."""


def small(seed: int) -> oracle.Case:
    """A case of at most 3 groups."""
    case = oracle.drawn(seed)
    del case.clients[3 if len(case.stages) < 4 else 2 :]
    return case


@pytest.mark.parametrize("seed", range(3))
def test_search_and_model_find_the_best_of_all(tmp_path: Path, seed: int) -> None:
    """Every quantity, without limits and within some that a plan meets."""
    case, draw = small(seed), random.Random(seed)
    problem = so.load(write(case, tmp_path))
    values = [own for own, _ in oracle.plans(case)]
    for n, goal in enumerate(oracle.QUANTITIES):
        pick, names = draw.choice(values), draw.sample(oracle.QUANTITIES, draw.randint(1, 3))
        limits = {name: pick[name] * (0.999 if name == "accuracy" else 1.001) for name in names if n % 3}
        best = oracle.best(values, goal, limits)
        changes = {KEYS[name][0]: most * KEYS[name][1] for name, most in limits.items()}
        asked = TRAINING.changed(problem, {"objective": goal, **changes})
        solution = so.solve(asked)
        assert solution.status == "optimal"
        assert solution.objective.value == pytest.approx(best * KEYS[goal][1], rel=2e-6)
        if n == seed:
            found = solve_witnessed(TRAINING, asked, {goal: 1.0}, Settings(1e-6))
            assert abs(found.value) == pytest.approx(best, rel=2e-6)


@pytest.mark.parametrize("seed", range(4, 6))
def test_a_plan_is_worth_what_its_parts_are(tmp_path: Path, seed: int) -> None:
    """The witness, of plans drawn from all there are; and a plan comes back out of its document."""
    case = small(seed)
    problem = so.load(write(case, tmp_path))
    every = list(oracle.plans(case))
    for values, (mode, server, row, options) in random.Random(seed).sample(every, 20):
        groups = [
            {"client": f"c{k}", "cut": c, "packing": case.packing[p][0], "protection": case.privacy[n][1]}
            for k, (c, p, n) in enumerate(options)
        ]
        document = {
            "mode": mode,
            "local_epochs": row[0],
            "clients_per_round": row[1],
            "compression": row[2],
            "accuracy_measured": row[3],
            "rounds_measured": row[4],
            "server": f"s{case.servers.index(server)}",
            "workers": server["workers"],
            "groups": groups,
        }
        decision = TRAINING.decision_of(problem, document)
        valued = TRAINING.evaluate(problem, decision)
        assert not valued.breaches
        for name, value in values.items():
            assert valued.values[name] == pytest.approx(value, rel=1e-9), name
        assert TRAINING.decision_of(problem, TRAINING.document_of(problem, decision)) == decision


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
