"""The oracle for docs/adaptation.md against arithmetic by hand, and what its random documents contain.

Nothing here runs the package.
"""

from __future__ import annotations

import math
import tomllib
from collections import Counter
from typing import Any

import numpy as np
import pytest
from oracles.adapted import LIMITS, OBJECTIVES, adapted_plans
from oracles.adapted_best import adapted_value, best
from oracles.adapted_instances import adapted_document, plans_of
from oracles.adapted_reading import Way, read_adapted
from oracles.brute_force import plan_table
from oracles.brute_fronts import adapted_front, enumerate_front, same
from oracles.random_instances import random_document
from oracles.writing import write

SEEDS = range(60)
V, W, F = ("vm", "v"), ("vm", "w"), ("fn", "f")
NONE = Way().key
PLAIN = ("none", "", "none", 0.0)
SMALL_INPUT = ("quantise-4", "4", "none", 0.0)
NOISY = ("quantise-8", "8", "laplace", 0.2)


def two_tiers() -> dict[str, Any]:
    """Two stages, a VM and a function.

    VM: 2e9 and 4e9 FLOP at 2e10 FLOP/s take 100 and 200 ms, at 2e-3 USD/s; 1e-10 J/FLOP, 1e-7 J/B.
    Function: at 4e10 FLOP/s 50 and 100 ms, at 4 GiB x 5e-5 = 2e-4 USD/s, fee 3e-6 USD; a cold start takes 400 ms, one
    request in four meets it, which costs 2e-5 USD; 5e-11 J/FLOP.
    Input to the VM: 6e5 B at 1e7 B/s, 60 ms. To the function: no link.
    Hand-over to the function, untrusted: 2e6 B at 2e7 B/s, 20 ms round trip; 1e-10 USD/B.
    Exits: at 0.5 R_2 = 0.5, accuracy 0.5 x 0.8 + 0.5 x 0.92 = 0.86; at 0.9 R_2 = 0.8, accuracy 0.926.
    """
    plain = {"width": "", "kept_fraction": 1, "kept_sd": 0, "accuracy": 0.92, "cross_entropy": 0.3}
    plain |= {"encode_flops": 0, "decode_flops": 0}
    return {
        "schema": 1,
        "name": "two-tiers",
        "network": {"stages": "stages.csv", "input_bytes": 600_000},
        "exits": {"table": "exits.csv"},
        "adaptation": {"handovers": "compression.csv"},
        "privacy": {"table": "privacy.csv", "baseline_mse": 0.1, "weight_mse": 2.0, "weight_cross_entropy": 0.5},
        "workload": {},
        "tier": [
            {
                "name": "vm",
                "kind": "vm",
                "joules_per_flop": 1e-10,
                "joules_per_byte": 1e-7,
                "option": [{"name": "v", "flops_per_s": 2e10, "usd_per_hour": 7.2}],
            },
            {
                "name": "fn",
                "kind": "function",
                "joules_per_flop": 2e-10,
                "cold_start_ms": 400.0,
                "cold_share": 0.25,
                "option": [
                    {
                        "name": "f",
                        "flops_per_s": 4e10,
                        "memory_mb": 4096,
                        "usd_per_gb_s": 5e-5,
                        "usd_per_request": 3e-6,
                        "joules_per_flop": 5e-11,
                    }
                ],
            },
        ],
        "link": [
            {"from": "client", "to": "vm", "bandwidth_mbit_s": 80.0},
            {
                "from": "vm",
                "to": "fn",
                "bandwidth_mbit_s": 160.0,
                "round_trip_ms": 20.0,
                "usd_per_gb": 0.1,
                "trusted": False,
            },
        ],
        "objective": {"minimize": "cost"},
        "tables": {
            "stages.csv": [
                {"stage": 1, "flops": 2 * 10**9, "activation_bytes": 2 * 10**6, "parameter_bytes": 5 * 10**6},
                {"stage": 2, "flops": 4 * 10**9, "activation_bytes": 4000, "parameter_bytes": 7 * 10**6},
            ],
            "exits.csv": [
                {"stage": 1, "threshold": 0.5, "exit_rate": 0.5, "accuracy": 0.8},
                {"stage": 1, "threshold": 0.9, "exit_rate": 0.2, "accuracy": 0.95},
                {"stage": 2, "threshold": 0, "exit_rate": 1, "accuracy": 0.92},
            ],
            "compression.csv": [
                {"cut": 0, "method": "none", **plain},
                {"cut": 0, "method": "quantise-4", **plain, "width": 4, "kept_fraction": 0.5, "accuracy": 0.93}
                | {"cross_entropy": 0.28, "encode_flops": 10**9, "decode_flops": 10**8},
                {"cut": 1, "method": "none", **plain},
                {"cut": 1, "method": "quantise-8", **plain, "width": 8, "kept_fraction": 0.25, "accuracy": 0.91}
                | {"cross_entropy": 0.33, "encode_flops": 2 * 10**8, "decode_flops": 4 * 10**8},
                {"cut": 1, "method": "sparse", **plain, "kept_fraction": 0.5, "kept_sd": 0.1},
            ],
            "privacy.csv": [
                {"cut": 1, "protection": "none", "scale": 0, "mse": 0.02, "cross_entropy": 0.31, "accuracy": 0.92}
                | {"added_flops": 0, "seeds": 3},
                {"cut": 1, "protection": "laplace", "scale": 0.2, "mse": 0.08, "cross_entropy": 0.36, "accuracy": 0.9}
                | {"added_flops": 10**8, "seeds": 3},
            ],
        },
    }


def approximately(expected: dict[str, Any]) -> Any:
    return pytest.approx(expected, rel=1e-12)


def figures(document: dict[str, Any], *plan: Any) -> dict[str, Any]:
    """Figures of a plan by `adapted_value`, the same as those of the enumeration."""
    found = adapted_value(document, *plan)
    plans = adapted_plans(document)
    asked = dict(zip(("placement", "thresholds", "ways", "variants"), (*plan, {}), strict=False))
    index = next(i for i in range(len(plans.cost)) if plans.describe(i) == asked)
    for name in (*OBJECTIVES, "accuracy"):
        assert plans.objective(name)[index] == pytest.approx(found[name], rel=1e-13)
    assert plans.keep()[index] == (not found["broken"])
    return found


# ----------------------------------------------------------------------------------------------------
# Arithmetic


def test_ways_to_hand_over() -> None:
    """Both hand-overs coded, half the requests leave before the second.

    Input: 3e5 B, 30 ms; decoding 1e8 FLOP, 5 ms. Hand-over: encoding 3e8 FLOP with the noise, 15 ms; 5e5 B, 25 + 20 ms;
    decoding 4e8 FLOP, 10 ms. Worst: 30 + 5 + 100 + 15 + 45 + 400 + 10 + 100.
    VM: 0.105 s + 0.5 x 0.06 s. Function: 0.5 x (2.3e-5 + 0.11 s x 2e-4). Link: 0.5 x 5e-5.
    Energy: 2e9 + 1e8 + 0.5 x 3e8 FLOP on the VM, 0.5 x 4.4e9 on the function, 0.5 x 5e5 B.
    Accuracy: -0.01 of all are lost at the input, 0.01 + 0.02 of half behind it.
    Privacy: leak 1 - 0.08 / 0.1 of half, weighed 2; cross-entropy -0.02 of all and 0.03 + 0.05 of half, weighed 0.5.
    """
    document = two_tiers()
    plan = ([V, F], {1: 0.5}, {0: SMALL_INPUT, 1: NOISY})
    expected = {
        "cost": 2.7e-4 + 1.15e-5 + 1.1e-5 + 2.5e-5,
        "latency": 705,
        "accuracy": 0.855,
        "privacy": 0.2 + 0.01,
        "energy": 0.225 + 0.11 + 0.025,
        "mse": 0.08,
        "entropy": 0.31 + 0.08,
    }
    found = figures(document, *plan)
    assert (found.pop("done"), found.pop("broken")) == (True, [])
    assert found == approximately(expected)
    document["workload"] = {"latency_measure": "mean"}
    assert figures(document, *plan)["latency"] == pytest.approx(135 + 0.5 * (15 + 45 + 100 + 10 + 100))
    document["workload"] = {"latency_measure": "p50"}  # half are done after stage 1, before any encoding
    assert figures(document, *plan)["latency"] == pytest.approx(135)
    document["workload"] = {"rate_per_s": 10.0}  # 0.135 s x 10/s / 0.8 = 1.7 machines
    document["objective"]["accounting"] = "reserved"
    assert figures(document, *plan)["cost"] == pytest.approx(4e-4 + 1.15e-5 + 1.1e-5 + 2.5e-5)


def test_which_plans_there_are() -> None:
    """VM only: 2 ways in. VM and function: times 2 x 2 ways across and `sparse` as it is. Function only: no link."""
    document = two_tiers()
    assert [len(here) for here in read_adapted(document).ways] == [2, 5]
    assert plans_of(document) == len(adapted_plans(document).cost) == 2 * (2 + 2 * 5 + 1)
    document["tier"][1]["payload_max_bytes"] = 1_000_000  # `none` is too large to cross, not to come from the client
    assert plans_of(document) == 2 * (2 + 2 * 3 + 1)
    document["tier"][1]["payload_max_bytes"] = 500_000
    assert plans_of(document) == 2 * (2 + 2 * 2)
    assert adapted_value(document, [V, F], {1: 0.5}, {0: PLAIN, 1: PLAIN}) == {"done": False}


def test_limits_and_optima() -> None:
    """On the function alone nothing crosses; only the smaller input on the VM makes the privacy loss negative."""
    document = two_tiers()
    cheap = 2.3e-5 + 2e-4 * (0.05 + 0.5 * 0.1)
    found = best(document)
    assert found is not None
    assert found.objective == pytest.approx(cheap)
    assert found.plan == {"placement": [F, F], "thresholds": {1: 0.5}, "ways": {}, "variants": {}}
    assert found.plans == 26
    private = best(document, "privacy")
    assert private is not None
    assert (private.objective, private.ties) == (pytest.approx(-0.01), 2)
    assert best(document, "energy").objective == pytest.approx(5e-11 * 4e9)  # type: ignore[union-attr]
    front = adapted_front(document, ("cost", "privacy"))
    assert same(front, np.array([[cheap, 0], [(0.105 + 0.5 * 0.2) * 2e-3, -0.01]]))

    plan = ([V, F], {1: 0.5}, {0: SMALL_INPUT, 1: NOISY})
    for name, kept, broken in (
        ("accuracy_min", 0.855, 0.856),
        ("latency_slo_ms", 705.0, 704.9),
        ("cost_max_usd", 3.175e-4, 3.174e-4),
        ("energy_max_j", 0.36, 0.359),
        ("privacy_max", 0.21, 0.209),
        ("mse_min", 0.08, 0.081),
        ("cross_entropy_max", 0.39, 0.389),
    ):
        document["workload"] = {name: kept}
        assert figures(document, *plan)["broken"] == []
        document["workload"] = {name: broken}
        assert figures(document, *plan)["broken"] == [name]
    document["workload"] = {"privacy_max": 0.0, "accuracy_min": 0.936}  # only with the input that makes it better
    found = best(document)
    assert found is not None
    assert found.plan == {"placement": [V, V], "thresholds": {1: 0.9}, "ways": {0: SMALL_INPUT}, "variants": {}}
    document["workload"]["cross_entropy_max"] = 0.27
    assert best(document) is None
    assert adapted_front(document, ("cost", "privacy", "energy")).shape == (0, 3)


def test_an_unknown_error_leaks_everything() -> None:
    """The table of protections has no row for the input."""
    document = two_tiers()
    document["link"][0]["trusted"] = False
    document["workload"]["mse_min"] = 1e-9
    found = figures(document, [V, F], {1: 0.5}, {0: PLAIN, 1: PLAIN})
    assert found["privacy"] == pytest.approx(2 * (1 + 0.5 * 0.8))
    assert (found["mse"], found["broken"]) == (-math.inf, ["mse_min"])
    found = figures(document, [F, F], {1: 0.5}, {})
    assert (found["privacy"], found["mse"], found["broken"]) == (0.0, math.inf, [])
    del document["privacy"], document["tables"]["privacy.csv"], document["workload"]["mse_min"]
    found = figures(document, [V, F], {1: 0.5}, {0: SMALL_INPUT, 1: PLAIN})
    assert found["privacy"] == pytest.approx(1 + 0.5)
    assert found["entropy"] == pytest.approx(0.3)
    del document["adaptation"], document["tables"]["compression.csv"]
    assert figures(document, [V, F], {1: 0.5}, {0: NONE, 1: NONE})["entropy"] == -math.inf


def test_variants() -> None:
    """The first stage in int8: 1e9 + 4e8 FLOP, 70 ms; 1e6 B, 50 + 20 ms; 60 % leave, 75 % of them right.

    VM: 0.07 s + 0.4 x 0.07 s. Function: 0.4 x (2.3e-5 + 0.1 s x 2e-4). Link: 0.4 x 1e-4.
    """
    document = two_tiers()
    document["variant"] = [
        {"name": "int8", "stages": [1, 1], "flops_factor": 0.5, "added_flops": 4e8, "parameters_kept": 0.25}
        | {"activations_kept": 0.5, "accuracy_loss": 0.01, "exits": "int8.csv"},
        {"name": "slim", "stages": [2, 2], "accuracy_loss": 0.005, "exits": "slim.csv"},
    ]
    document["tables"] |= {
        "int8.csv": [{"stage": 1, "threshold": 0.6, "exit_rate": 0.6, "accuracy": 0.75}],
        "slim.csv": [{"stage": 2, "threshold": 0, "exit_rate": 1, "accuracy": 0.9}],
    }
    ways = {0: PLAIN, 1: PLAIN}
    assert plans_of(document) == len(adapted_plans(document).cost) == 13 * (2 + 1) * 2
    found = figures(document, [V, F], {1: 0.6}, ways, {(1, 1): "int8"})
    expected = {
        "cost": 0.098 * 2e-3 + 0.4 * 4.3e-5 + 4e-5,
        "latency": 60 + 70 + 70 + 400 + 100,
        "accuracy": 0.6 * 0.75 + 0.4 * 0.92 - 0.01,
        "privacy": 0.4 * 2 * 0.8,
        "energy": 1.4e9 * 1e-10 + 0.4 * 4e9 * 5e-11 + 0.4 * 1e6 * 1e-7,
    }
    assert {name: found[name] for name in expected} == approximately(expected)
    found = figures(document, [V, F], {1: 0.5}, ways, {(2, 2): "slim"})
    assert found["accuracy"] == pytest.approx(0.5 * 0.8 + 0.5 * 0.9 - 0.5 * 0.005)

    times = ((1, 80.0), (2, 220.0))  # measured: 6e9 FLOP in 0.3 s, so that added FLOP take what they took before
    document["tier"][0]["stage_times"] = "times.csv"
    del document["tier"][0]["option"][0]["flops_per_s"]
    document["tables"]["times.csv"] = [{"stage": s, "option": "v", "mean_ms": ms} for s, ms in times]
    found = figures(document, [V, F], {1: 0.6}, ways, {(1, 1): "int8"})
    assert found["latency"] == pytest.approx(60 + 40 + 20 + 70 + 400 + 100)
    assert found["energy"] == pytest.approx(expected["energy"])

    # 12e6 B of parameters, 8.25e6 with the first stage in int8, and 2e6 of activations at full size whatever was kept
    plans = (({1: 0.5}, {}), ({1: 0.6}, {(1, 1): "int8"}))
    for memory_mb, expected_done in ((10, [False, True]), (9, [False, False])):  # 10,485,760 and 9,437,184 B
        document["tier"][0]["option"][0]["memory_mb"] = memory_mb
        done = [adapted_value(document, [V, V], thresholds, {0: PLAIN}, chosen)["done"] for thresholds, chosen in plans]
        assert done == expected_done


def test_no_way_is_chosen_inside_a_tier() -> None:
    """Two VMs of a tier that holds the input: nothing crosses. To the function the tier pays for sending."""
    document = two_tiers()
    document["tier"][0] |= {"stage_specific": True}
    document["tier"][0]["option"].append({"name": "w", "flops_per_s": 4e10, "usd_per_hour": 3.6})
    document["workload"]["source"] = "vm"
    found = figures(document, [V, W], {1: 0.5}, {})
    expected = {"cost": 0.1 * 2e-3 + 0.5 * 0.1 * 1e-3, "latency": 200, "privacy": 0, "energy": 4e9 * 1e-10}
    assert {name: found[name] for name in expected} == approximately(expected)
    found = figures(document, [F, F], {1: 0.5}, {0: SMALL_INPUT})  # encoding 1e9 FLOP is charged to nobody
    expected = {
        "cost": 2.3e-5 + 2e-4 * (1e8 / 4e10 + 0.1) + 3e5 * 1e-10,
        "latency": 15 + 20 + 2.5 + 400 + 50 + 100,
        "privacy": 2 * 1 + 0.5 * -0.02,
        "energy": (4e9 + 1e8) * 5e-11 + 3e5 * 1e-7,
        "accuracy": 0.87,
    }
    assert {name: found[name] for name in expected} == approximately(expected)


# ----------------------------------------------------------------------------------------------------
# Random documents


@pytest.mark.parametrize("seed", [0, 3, 12, 25])
def test_without_adaptation_nothing_changes(seed: int) -> None:
    """The adapted oracle agrees with the plain one where there is nothing to adapt."""
    document = random_document(seed)
    document["objective"]["accounting"] = "per-request"
    plans, table = adapted_plans(document), plan_table(document)
    assert plans.cost == pytest.approx(table.cost.ravel(), rel=1e-12)
    assert plans.latency == pytest.approx(table.latency.ravel() * 1000, rel=1e-12)
    assert plans.accuracy == pytest.approx(np.broadcast_to(table.accuracy, table.cost.shape).ravel(), rel=1e-12)
    for objectives in (("cost", "latency"), ("accuracy", "latency", "cost")):
        assert same(adapted_front(document, objectives, plans), enumerate_front(document, objectives))


def test_equal_seeds_give_equal_documents(tmp_path: Any) -> None:
    """A seed that fails can be looked at again, and its document survives being written."""
    for seed in (5, 6):
        document = adapted_document(seed)
        assert document == adapted_document(seed)
        text = write(document, tmp_path / str(seed)).read_text(encoding="utf-8")
        assert tomllib.loads(text) == {key: item for key, item in document.items() if key != "tables"}


def _features(document: dict[str, Any]) -> set[str]:
    """What a document tests, in words."""
    workload, tables = document["workload"], document["tables"]
    found = {f"minimize {document['objective']['minimize']}", workload.get("latency_measure", "worst")}
    found |= {document["objective"].get("accounting", "per-request")}
    found |= {name for name in ("adaptation", "privacy", "variant") if name in document}
    found |= {f"has {name}" for name in LIMITS if name in workload}
    found |= {"own exits" for variant in document.get("variant", []) if "exits" in variant}
    found |= {"source is a tier" for _ in [0] if workload.get("source", "client") != "client"}
    found |= {key for tier in document["tier"] for key in ("stage_specific", "stage_times") if tier.get(key)}
    rows = tables.get("compression.csv", [])
    found |= {"size that varies" for row in rows if row["kept_sd"]}
    ways = [way for here in read_adapted(document).ways for way in here]
    found |= {"better by coding" for way in ways if way.accuracy_lost < 0}
    found |= {"free way" for way in ways if way.key != NONE and way.encode + way.decode == 0}
    plans = adapted_plans(document)
    optimum = best(document, plans=plans)
    if optimum is None:
        return found | {"infeasible"}
    figures = adapted_value(document, **optimum.plan)
    minimize = document["objective"]["minimize"]
    assert figures["broken"] == []
    assert figures[minimize] == pytest.approx(optimum.objective, rel=1e-12)
    for name in LIMITS:
        freer = best(document, plans=plans, ignore={name})
        assert freer is not None
        if freer.objective < optimum.objective - 1e-6 * abs(optimum.objective):
            found.add(f"binding {name}")
    used = optimum.plan["ways"]
    found |= {"compression used" for way in used.values() if way[0] != "none"}
    found |= {"protection used" for way in used.values() if way[2] != "none"}
    found |= {"variant used" for _ in optimum.plan["variants"]}
    found |= {"two ways" for _ in [0] if len(used) > 1} | {"way in coded" for _ in [0] if used.get(0, NONE) != NONE}
    return found


LONG = {10, 40, 48, 50}
"""Seeds whose plans take a second and more to go through; the others have all that they have."""


def test_random_documents_cover_the_model() -> None:
    """The random documents use every adaptation and bind every limit somewhere."""
    quick = [seed for seed in SEEDS[::2] if seed not in LONG]
    seen = Counter(feature for seed in quick for feature in _features(adapted_document(seed)))
    least = {
        **{f"minimize {objective}": 5 for objective in OBJECTIVES},
        **{f"has {name}": 3 for name in LIMITS},
        **dict.fromkeys(("worst", "mean", "p50", "p95", "p99"), 2),
        **dict.fromkeys(("per-request", "reserved", "adaptation", "privacy", "variant"), 20),
        **dict.fromkeys(("own exits", "source is a tier", "stage_specific", "stage_times"), 8),
        **dict.fromkeys(("size that varies", "better by coding", "free way"), 8),
        **dict.fromkeys(("compression used", "protection used", "variant used", "two ways", "way in coded"), 5),
        "infeasible": 4,
        "binding accuracy_min": 8,
        "binding latency_slo_ms": 5,
        "binding privacy_max": 1,
        "binding energy_max_j": 1,
    }
    least = {feature: max(1, count // 2) for feature, count in least.items()}  # of every other seed
    short = {feature: (seen[feature], count) for feature, count in least.items() if seen[feature] < count}
    assert not short
    assert seen["infeasible"] <= 15
