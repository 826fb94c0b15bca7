"""The package against exhaustive search on small random instances; `test_oracle.py` has that by hand.

The oracle (`oracles.brute_force`) shares no code with the package. Plans are seen through `plan.to_dict()`
only, the document that `solve --json` prints.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from oracles.brute_force import enumerate_optimum, plan_table, value
from oracles.brute_mixing import interpolated_bracket, randomized_optimum
from oracles.brute_placements import allowed, moves
from oracles.brute_reading import read
from oracles.random_instances import ending_document, random_document
from oracles.writing import write

import serflow_opt as so

MENU_SEEDS = [*range(0, 320, 2), 405, 1124, 1130]
RANDOMIZED_SEEDS = [*range(20), 74, 75, 82, 117, 198]  # the odd ones found an error once
INTERPOLATED_SEEDS = [*range(16), 33, 61, 101, 138, 160]
ENDING_SEEDS = range(18)
WORKERS_SEEDS = range(1000, 1012)
LONG = {144, 232, 260, 272}
"""Seeds whose plans take a second and more to go through; the others have all that they have."""
GAP = 1e-7


def close(found: float, expected: float, relative: float) -> bool:
    """Equal up to a relative error; zero only equals what is far below any cost or time."""
    return math.isclose(found, expected, rel_tol=relative, abs_tol=1e-18)


def solved(document: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The plan document of the package for an instance."""
    answer: dict[str, Any] = so.solve(so.load(write(document, folder)), gap=GAP).to_dict()
    return answer


def check_plan(document: Mapping[str, Any], answer: Mapping[str, Any]) -> dict[str, Any]:
    """The plan is one that the oracle can evaluate, with the same metrics, and within all limits."""
    assert answer["status"] == "optimal"
    assert answer["instance"] == document["name"]
    exact = value(document, answer)
    objective, metrics = answer["objective"], answer["metrics"]
    minimize = document["objective"]["minimize"]
    assert (objective["name"], objective["unit"]) == (
        minimize,
        {"cost": "USD/request", "latency": "ms"}[minimize],
    )
    assert close(objective["value"], exact["objective"], 1e-9)
    assert exact["violation"] <= 1e-8
    assert answer["plan"]["cut"] == exact["cut"]

    names = [name for name in exact if name.startswith("latency_")]
    for name in [*names, "accuracy", "cost_usd_per_request", "cost_usd_per_hour"]:
        if exact[name] is None:
            assert metrics[name] is None, name
        else:
            assert close(metrics[name], exact[name], 1e-9), (name, metrics[name], exact[name])
    for name in ("reach", "exit_share"):
        assert metrics[name] == pytest.approx(exact[name], rel=1e-9, abs=1e-12), name
    if "machines" in exact:
        counts = [
            {(m["tier"], m["option"]): m["count"] for m in rented if m["count"] > 0}
            for rented in (metrics["machines"], exact["machines"])
        ]
        assert counts[0] == counts[1]

    assert answer["bound"] <= objective["value"] * (1 + 1e-9) + 1e-18
    assert answer["gap"] <= GAP * (1 + 1e-6)
    assert close(answer["certificate"]["exact_objective"], exact["objective"], 1e-9)
    assert answer["certificate"]["max_constraint_violation"] <= 1e-8
    return exact


# ----------------------------------------------------------------------------------------------------
# The package against the oracle


@pytest.mark.parametrize("seed", sorted({*MENU_SEEDS[::2], *MENU_SEEDS[-3:]} - LONG))  # the last found an error once
def test_menu_thresholds(seed: int, tmp_path: Path) -> None:
    """Status, value, bound and tie-break of random instances are those of all plans listed one by one."""
    document = random_document(seed)
    optimum = enumerate_optimum(document)
    answer = solved(document, tmp_path)
    if optimum is None:
        assert answer["status"] == "infeasible"
        return
    exact = check_plan(document, answer)
    found = answer["objective"]["value"]
    assert found >= optimum.objective * (1 - 1e-9), "better than the best plan there is"
    assert close(found, optimum.objective, 1e-6)
    assert found <= optimum.objective * (1 + 2 * GAP) + 1e-18
    assert answer["bound"] <= optimum.objective * (1 + 1e-9) + 1e-18, "the bound is above the optimum"
    assert optimum.tie_break is not None
    if close(found, optimum.objective, 1e-9):
        assert close(exact["tie_break"], optimum.tie_break, 1e-6)


@pytest.mark.parametrize("method", ["auto", "milp"])
@pytest.mark.parametrize("seed", ENDING_SEEDS)
def test_plans_that_may_end_early(seed: int, method: str, tmp_path: Path) -> None:
    """Where everybody may leave before the end the best plan is still found, and what follows is left out."""
    if method == "milp" and seed % 3:
        pytest.skip("the whole model on every third")
    document = ending_document(seed)
    optimum = enumerate_optimum(document)
    answer = so.solve(so.load(write(document, tmp_path)), gap=GAP, method=method).to_dict()
    if optimum is None:
        assert answer["status"] == "infeasible"
        return
    exact = check_plan(document, answer)
    assert close(answer["objective"]["value"], optimum.objective, 1e-6)
    assert answer["bound"] <= optimum.objective * (1 + 1e-9) + 1e-18
    if close(answer["objective"]["value"], optimum.objective, 1e-9):
        assert close(exact["tie_break"], optimum.tie_break, 1e-6)


@pytest.mark.parametrize("seed", WORKERS_SEEDS)
def test_machines_that_serve_several_at_once(seed: int, tmp_path: Path) -> None:
    """Machines with several workers are counted by what they serve, as enumeration counts them."""
    document = random_document(seed)
    for t, tier in enumerate(document["tier"]):
        if tier["kind"] != "function":
            tier["workers"] = 2 + (seed + t) % 15
            tier["option"][0]["workers"] = 1 + (seed + t) % 3
    optimum = enumerate_optimum(document)
    answer = solved(document, tmp_path)
    if optimum is None:
        assert answer["status"] == "infeasible"
        return
    check_plan(document, answer)
    assert close(answer["objective"]["value"], optimum.objective, 1e-6)


@pytest.mark.parametrize("seed", [seed for seed in RANDOMIZED_SEEDS if seed not in (3, 14)])  # which take long
def test_randomized_thresholds(seed: int, tmp_path: Path) -> None:
    """Mixed thresholds reach the best mixture that two rows of each menu allow."""
    document = random_document(seed, "randomized")
    optimum = randomized_optimum(document)
    answer = solved(document, tmp_path)
    if optimum is None:
        assert answer["status"] == "infeasible"
        return
    exact = check_plan(document, answer)
    assert close(answer["objective"]["value"], optimum.objective, 1e-6)
    assert answer["bound"] <= optimum.objective * (1 + 1e-7) + 1e-18
    if optimum.tie_break is not None:
        assert close(exact["tie_break"], optimum.tie_break, 1e-6)


@pytest.mark.parametrize("seed", INTERPOLATED_SEEDS)
def test_interpolated_thresholds(seed: int, tmp_path: Path) -> None:
    """Thresholds between rows reach the best value on the lines between them."""
    document = random_document(seed, "interpolated")
    bracket = interpolated_bracket(document)
    answer = solved(document, tmp_path)
    if bracket is None:
        assert answer["status"] == "infeasible"
        return
    check_plan(document, answer)
    found = answer["objective"]["value"]
    assert bracket.lower * (1 - 1e-6) <= found <= bracket.upper * (1 + 1e-6) + 1e-18
    assert bracket.exact
    assert close(found, bracket.lower, 1e-6)
    assert answer["bound"] <= bracket.lower * (1 + 1e-7) + 1e-18


# ----------------------------------------------------------------------------------------------------
# What the random instances contain


def _features(document: Mapping[str, Any]) -> set[str]:
    """What a menu instance tests, in words."""
    workload, tiers = document["workload"], document["tier"]
    accounting = document["objective"].get("accounting", "per-request")
    measure = workload.get("latency_measure", "worst")
    found = {accounting, measure, f"minimize {document['objective']['minimize']}", f"{accounting} {measure}"}
    found |= {f"tier {tier['kind']}" for tier in tiers} | {f"{len(tiers)} tiers"}
    found |= {f"{len(document['tables']['stages.csv'])} stages"}
    found |= {key for tier in tiers for key in ("stage_times", "payload_max_bytes") if key in tier}
    found |= {"stage_specific" for tier in tiers if tier.get("stage_specific")}
    found |= {"no exits" for _ in [0] if "exits" not in document}
    found |= {"source is a tier" for _ in [0] if workload.get("source", "client") != "client"}
    for tier in tiers:
        cold, share = tier.get("cold_start_ms", 0), tier.get("cold_share")
        if tier["kind"] == "function" and cold > 0:
            found.add("cold share " + ("default" if share is None else "fraction" if 0 < share < 1 else f"{share:g}"))
    problem = read(document)
    if any(pair not in problem.links for pair in combinations(problem.tier_names, 2)):
        found.add("missing links")
    table = plan_table(document)
    optimum = enumerate_optimum(document, table=table)
    if optimum is None:
        found |= {"infeasible", f"infeasible {accounting}"}
        found.add("infeasible: limits" if allowed(problem) else "infeasible: placement")
        return found

    limits = ["accuracy", "latency", "memory"]
    limits += ["payload"] if "payload_max_bytes" in found else []
    limits += ["link"] if "missing links" in found else []
    for limit in limits:
        freer = enumerate_optimum(document, {limit}, table if limit in ("accuracy", "latency") else None)
        assert freer is not None
        if not close(freer.objective, optimum.objective, 1e-6):
            found.add(f"binding {limit}")
    first = table.cost if document["objective"]["minimize"] == "cost" else table.latency * 1000
    second = table.latency * 1000 if document["objective"]["minimize"] == "cost" else table.cost
    ties = second[first <= optimum.objective * (1 + 1e-9)]
    if ties.max() > ties.min() * (1 + 1e-6):
        found.add("ties to break")
    used = list(dict.fromkeys((entry["tier"], entry["option"]) for entry in optimum.placement))
    used_tiers = {tier for tier, _ in used}
    if len(used_tiers) > 1:
        found.add("several tiers used")
    if len(used) > len(used_tiers):
        found.add("several options of a tier used")
    exact = value(document, {"placement": optimum.placement, "thresholds": optimum.thresholds})
    if any(machine["count"] > 1 for machine in exact.get("machines", [])):
        found.add("several machines of a kind")
    if measure.startswith("p") and "cold share fraction" in found and any(o.startswith("f-") for _, o in used):
        found.add("cold start by its share in a percentile")
    if exact[f"latency_{measure}_ms"] < exact["latency_worst_ms"] * (1 - 1e-6) and measure.startswith("p"):
        found.add("percentile below worst")
    where = tuple(
        next(
            (t, o)
            for t, tier in enumerate(problem.options)
            for o, option in enumerate(tier)
            if (option.tier, option.name) == (entry["tier"], entry["option"])
        )
        for entry in optimum.placement
    )
    if any(move in problem.links and problem.links[move].usd_per_byte for move in moves(problem, where) if move):
        found.add("priced link used")
    return found


def test_random_instances_cover_the_model() -> None:
    """The random instances have every feature and every binding limit, so that agreeing on them means something."""
    quick = [seed for seed in MENU_SEEDS[::2] if seed not in LONG]
    seen = Counter(feature for seed in quick for feature in _features(random_document(seed)))
    least = {
        **dict.fromkeys(("per-request", "reserved", "as-printed"), 10),
        **dict.fromkeys(("worst", "mean", "p50", "p90", "p95", "p99", "p99.9"), 5),
        **{f"tier {kind}": 12 for kind in ("device", "edge", "vm", "function")},
        **{f"{count} stages": 4 for count in range(1, 7)},
        **{f"{count} tiers": 2 for count in range(1, 5)},
        **{f"cold share {share}": 2 for share in ("default", "fraction", "0", "1")},
        **{f"infeasible {accounting}": 1 for accounting in ("per-request", "reserved", "as-printed")},
        **{f"minimize {objective}": 25 for objective in ("cost", "latency")},
        "infeasible": 5,
        "infeasible: placement": 1,
        "stage_specific": 15,
        "stage_times": 15,
        "payload_max_bytes": 10,
        "no exits": 2,
        "source is a tier": 10,
        "missing links": 15,
        "binding accuracy": 10,
        "binding latency": 10,
        "binding memory": 7,
        "binding payload": 2,
        "binding link": 2,
        "ties to break": 10,
        "several tiers used": 10,
        "several options of a tier used": 2,
        "several machines of a kind": 5,
        "percentile below worst": 8,
        "cold start by its share in a percentile": 2,
        "priced link used": 5,
    }
    short = {feature: (seen[feature], count) for feature, count in least.items() if seen[feature] < count}
    assert not short
    assert seen["infeasible"] <= 30


def test_mixed_instances_are_worth_solving() -> None:
    """Mixing or interpolating pays in a good share of the instances, and some of them have no plan."""
    for kind, seeds, best in (
        ("randomized", RANDOMIZED_SEEDS, randomized_optimum),
        ("interpolated", INTERPOLATED_SEEDS, interpolated_bracket),
    ):
        pays = infeasible = 0
        for seed in seeds:
            document = random_document(seed, kind)
            menu, free = enumerate_optimum(document), best(document)
            if free is None:
                infeasible += 1
                assert menu is None
                continue
            objective = free.lower if kind == "interpolated" else free.objective  # type: ignore[union-attr]
            pays += menu is None or objective < menu.objective * (1 - 1e-6)
        assert pays >= len(seeds) / 4
        assert 2 <= infeasible <= len(seeds) / 4


def test_same_seed_same_instance(tmp_path: Path) -> None:
    """A seed that fails can be looked at again: it makes the same files."""
    assert random_document(7) == random_document(7)
    one, two = write(random_document(7), tmp_path / "a"), write(random_document(7), tmp_path / "b")
    assert one.read_bytes() == two.read_bytes()
