"""The oracle of exhaustive search (`oracles.brute_force`) against arithmetic by hand."""

from __future__ import annotations

import math
from itertools import accumulate
from typing import Any

import pytest
from oracles.brute_force import enumerate_optimum, value
from oracles.brute_mixing import interpolated_bracket, randomized_optimum
from oracles.brute_placements import allowed
from oracles.brute_reading import read
from oracles.random_instances import random_document


def two_tiers(**objective: Any) -> dict[str, Any]:
    """Two stages, one VM, one function.

    VM: 1e9 and 2e9 FLOP at 1e10 FLOP/s take 0.1 and 0.2 s, at 3.6 USD/h = 1e-3 USD/s.
    Function: at 4e10 FLOP/s 0.025 and 0.05 s, at 2 GiB x 1e-4 USD/GiB-s = 2e-4 USD/s, fee 1e-6 USD;
    cold start 0.5 s, share 0.1.
    Hand-over: 1e6 bytes over 80 Mbit/s + 10 ms = 0.11 s, 0.05 USD/GB x 1e-3 GB = 5e-5 USD.
    Input to the VM: 5e5 bytes over 40 Mbit/s = 0.1 s; to the function: no link, free.
    Exits: at threshold 0.5 R_2 = 0.4 and accuracy 0.6 x 0.8 + 0.4 x 0.95 = 0.86,
           at threshold 0.9 R_2 = 0.75 and accuracy 0.25 x 0.9 + 0.75 x 0.95 = 0.9375.
    """
    return {
        "schema": 1,
        "name": "two-tiers",
        "network": {"stages": "stages.csv", "input_bytes": 500_000},
        "exits": {"table": "exits.csv"},
        "workload": {},
        "tier": [
            {
                "name": "vm",
                "kind": "vm",
                "option": [{"name": "v", "flops_per_s": 1e10, "usd_per_hour": 3.6}],
            },
            {
                "name": "fn",
                "kind": "function",
                "cold_start_ms": 500.0,
                "cold_share": 0.1,
                "option": [
                    {
                        "name": "f",
                        "flops_per_s": 4e10,
                        "memory_mb": 2048,
                        "usd_per_gb_s": 1e-4,
                        "usd_per_request": 1e-6,
                    }
                ],
            },
        ],
        "link": [
            {"from": "vm", "to": "fn", "bandwidth_mbit_s": 80.0, "round_trip_ms": 10.0, "usd_per_gb": 0.05},
            {"from": "client", "to": "vm", "bandwidth_mbit_s": 40.0, "round_trip_ms": 0.0},
        ],
        "objective": {"minimize": "cost", **objective},
        "tables": {
            "stages.csv": [
                {"stage": 1, "flops": 10**9, "activation_bytes": 10**6, "parameter_bytes": 0},
                {"stage": 2, "flops": 2 * 10**9, "activation_bytes": 10**3, "parameter_bytes": 0},
            ],
            "exits.csv": [
                {"stage": 1, "threshold": 0.5, "exit_rate": 0.6, "accuracy": 0.8},
                {"stage": 1, "threshold": 0.9, "exit_rate": 0.25, "accuracy": 0.9},
                {"stage": 2, "threshold": 0, "exit_rate": 1, "accuracy": 0.95},
            ],
        },
    }


SPOTS = {"v": {"tier": "vm", "option": "v"}, "f": {"tier": "fn", "option": "f"}}


def plan_of(spots: str, threshold: float) -> dict[str, Any]:
    """Plan document of a word such as "vf"."""
    return {
        "placement": [{"stage": s, **SPOTS[spot]} for s, spot in enumerate(spots, start=1)],
        "thresholds": [{"stage": 1, "threshold": threshold}],
    }


def test_hand_per_request() -> None:
    """The oracle itself is right: money, times, percentiles and optima per request by hand."""
    document = two_tiers()
    both = value(document, plan_of("vf", 0.5))
    assert both["accuracy"] == pytest.approx(0.86)
    assert both["reach"] == pytest.approx([1.0, 0.4])
    assert both["exit_share"] == pytest.approx([0.6, 0.4])
    # VM 1e-3 x 0.1; its wait 1e-3 x 0.11 x 0.4; link 5e-5 x 0.4;
    # function 0.4 x (1e-6 + 2e-4 x 0.1 x 0.5) + 2e-4 x 0.05 x 0.4
    assert both["cost_usd_per_request"] == pytest.approx(1e-4 + 4.4e-5 + 2e-5 + 4.4e-6 + 4e-6, rel=1e-12)
    # input 0.1, stage 0.1, hand-over 0.11, cold start 0.5, stage 0.05
    assert both["latency_worst_ms"] == pytest.approx(860.0, rel=1e-12)
    # 0.1 + 0.1 + 0.4 x (0.11 + 0.1 x 0.5 + 0.05)
    assert both["latency_mean_ms"] == pytest.approx(284.0, rel=1e-12)
    # 40 % are inside after stage 1: p50 is its end; of those, a tenth meets the cold start: 4 % take longer than 360 ms
    assert both["latency_p50_ms"] == pytest.approx(200.0, rel=1e-12)
    assert both["latency_p95_ms"] == pytest.approx(360.0, rel=1e-12)
    assert both["latency_p99_ms"] == pytest.approx(860.0, rel=1e-12)
    assert both["cut"] == 1
    assert both["violation"] == 0.0
    assert value(document, plan_of("fv", 0.5))["violation"] == math.inf

    # thresholds 0.5 | 0.9: VM only 1e-3 x (0.1 + 0.2 R_2) = 1.8e-4 | 2.5e-4 (400 ms);
    # function only 1e-6 + 1e-5 + 2e-4 x (0.025 + 0.05 R_2) = 2e-5 | 2.35e-5 (575 ms)
    best = enumerate_optimum(document)
    assert best is not None
    assert (best.objective, best.tie_break) == (pytest.approx(2e-5), pytest.approx(575.0))
    document["workload"]["accuracy_min"] = 0.9
    best = enumerate_optimum(document)
    assert best is not None
    assert best.objective == pytest.approx(2.35e-5)
    assert best.thresholds == [{"stage": 1, "threshold": 0.9}]
    document["workload"]["latency_slo_ms"] = 500.0
    best = enumerate_optimum(document)
    assert best is not None
    assert (best.objective, best.tie_break) == (pytest.approx(2.5e-4), pytest.approx(400.0))
    document["workload"]["latency_slo_ms"] = 399.0
    assert enumerate_optimum(document) is None


def test_hand_source_tier() -> None:
    """From the VM, the input reaches the function over the link: 0.06 s, 2.5e-5 USD, no wait paid."""
    document = two_tiers()
    document["workload"]["source"] = "vm"
    alone = value(document, plan_of("ff", 0.5))
    assert alone["cost_usd_per_request"] == pytest.approx(2e-5 + 2.5e-5)
    assert alone["latency_worst_ms"] == pytest.approx(60.0 + 575.0)
    assert value(document, plan_of("vv", 0.5))["latency_worst_ms"] == pytest.approx(300.0)
    document["workload"]["source"] = "fn"
    assert value(document, plan_of("vv", 0.5))["violation"] == math.inf
    assert value(document, plan_of("ff", 0.5))["cost_usd_per_request"] == pytest.approx(2e-5)
    document["tier"][1]["payload_max_bytes"] = 400_000  # the input does not move; the hand-over is 1.5 x too big
    assert value(document, plan_of("ff", 0.5))["violation"] == 0.0
    document["workload"]["source"] = "client"
    assert value(document, plan_of("ff", 0.5))["violation"] == pytest.approx(0.25)
    assert value(document, plan_of("vf", 0.5))["violation"] == pytest.approx(1.5)


def test_hand_reserved() -> None:
    """The oracle counts whole machines by hand, and one where rounding alone would make two."""
    document = two_tiers(accounting="reserved")
    document["workload"]["rate_per_s"] = 10.0
    # VM only, R_2 = 0.4: busy 0.18 s, 1.8 / 0.8 = 2.25, so 3 VMs: 3 x 1e-3 / 10
    alone = value(document, plan_of("vv", 0.5))
    assert alone["machines"] == [{"tier": "vm", "option": "v", "count": 3}]
    assert alone["cost_usd_per_request"] == pytest.approx(3e-4)
    assert alone["cost_usd_per_hour"] == pytest.approx(3e-4 * 36_000)
    # both: busy 0.1 + 0.044 s, 1.44 / 0.8 = 1.8, so 2 VMs; function and link as per request
    both = value(document, plan_of("vf", 0.5))
    assert both["machines"] == [{"tier": "vm", "option": "v", "count": 2}]
    assert both["cost_usd_per_request"] == pytest.approx(2e-4 + 2e-5 + 4.4e-6 + 4e-6)
    assert value(document, plan_of("ff", 0.5))["machines"] == []
    # 3 x 0.1 / 0.3 is a hair above 1 in floating point, and one machine is enough
    document["workload"] |= {"rate_per_s": 3.0, "utilisation_cap": 0.3}
    document["tables"]["exits.csv"][0]["exit_rate"] = 1.0
    assert 3.0 * 0.1 / 0.3 > 1.0
    assert value(document, plan_of("vv", 0.5))["machines"][0]["count"] == 1


def test_hand_as_printed() -> None:
    """The oracle follows the survey's formula at each cut by hand."""
    document = two_tiers(accounting="as-printed")
    # cut 1: 1e-3 x (0.1 + 0.11) x 0.6 + 2e-4 x (0.05 + 0.5) x 0.4
    assert value(document, plan_of("vf", 0.5))["cost_usd_per_request"] == pytest.approx(1.26e-4 + 4.4e-5)
    # cut 2: 1e-3 x 0.3; cut 0: 2e-4 x (0.075 + 0.5)
    assert value(document, plan_of("vv", 0.5))["cost_usd_per_request"] == pytest.approx(3e-4)
    assert value(document, plan_of("ff", 0.5))["cost_usd_per_request"] == pytest.approx(1.15e-4)


def test_hand_stage_specific_runs_and_memory() -> None:
    """Options f, g, f of one function tier: three invocations, two of them on f."""
    document = two_tiers()
    del document["exits"], document["link"], document["tier"][0]
    tier = document["tier"][0]
    tier["stage_specific"] = True
    f = tier["option"][0] | {"memory_mb": 2, "usd_per_gb_s": 0.1024}  # 2e-4 USD/s
    tier["option"] = [f, f | {"name": "g", "usd_per_request": 3e-6, "usd_per_gb_s": 0.2048}]  # 4e-4 USD/s
    document["network"]["input_bytes"] = 2**10
    document["tables"] = {
        "stages.csv": [
            {"stage": s, "flops": 4 * 10**9, "activation_bytes": 2**18, "parameter_bytes": 2**20} for s in (1, 2, 3)
        ]
    }
    plan = {
        "placement": [{"stage": s, "tier": "fn", "option": o} for s, o in enumerate("fgf", start=1)],
        "thresholds": [],
    }
    exact = value(document, plan)
    # fees 1e-6, 3e-6, 1e-6; cold starts 0.1 x 0.5 s and stages 0.1 s at 2e-4, 4e-4, 2e-4 USD/s
    assert exact["cost_usd_per_request"] == pytest.approx(5e-6 + 0.15 * 8e-4)
    assert exact["latency_worst_ms"] == pytest.approx(3 * 600.0)
    assert exact["latency_mean_ms"] == pytest.approx(3 * 150.0)
    assert exact["accuracy"] is None
    # f holds 2 x 2^20 + 2^18 bytes, 1/8 more than 2 x 2^20; g holds 2^20 + 2^18
    assert exact["violation"] == pytest.approx(1 / 8)
    # on f alone all is one invocation
    for entry in plan["placement"]:
        entry["option"] = "f"
    once = value(document, plan)
    assert once["cost_usd_per_request"] == pytest.approx(1e-6 + (0.05 + 0.3) * 2e-4)
    assert once["violation"] == pytest.approx((3 * 2**20 + 2**18) / 2**21 - 1)
    tier["stage_specific"] = False
    plan["placement"][1]["option"] = "g"
    assert value(document, plan)["violation"] == math.inf


@pytest.mark.parametrize("seed", range(0, 320, 16))
def test_value_is_the_expectation_over_requests(seed: int) -> None:
    """Metrics again, from the requests' own paths: one that leaves at stage s meets all that lies on its way.

    Nothing here uses reach: a path has a probability, a price and a duration; costs and latencies are means
    and quantiles of these. Per-request accounting whatever the instance says.
    """
    document = random_document(seed)
    document["objective"]["accounting"] = "per-request"
    problem = read(document)
    places = allowed(problem)
    for pick in range(min(5, len(places))):
        where = places[(pick * 7919) % len(places)]
        rows = [menu[(pick + s) % len(menu)] for s, menu in enumerate(problem.menus)]
        plan = {
            "placement": [
                {"stage": s, "tier": problem.option(spot).tier, "option": problem.option(spot).name}
                for s, spot in enumerate(where, start=1)
            ],
            "thresholds": [{"stage": s, "threshold": rows[s - 1][0]} for s in problem.classifiers],
        }
        stay, paid, mean, worst, warm, before = 1.0, 0.0, 0.0, 0.0, 0.0, None
        paths = []  # probability, USD, mean seconds, seconds with every cold start
        luck = [(1.0, 0.0)]  # probability and seconds of the cold starts met so far
        times = []  # seconds and probability, by cold starts met
        for s, spot in enumerate(where):
            option = problem.option(spot)
            origin = problem.source if before is None else before.tier
            seconds = usd = 0.0
            if origin != option.tier and (origin, option.tier) in problem.links:
                link = problem.links[origin, option.tier]
                size = problem.activation[s]
                seconds += size * 8 / link.bits_per_s + link.round_trip_s
                usd += size * link.usd_per_byte
                if before is not None and before.kind in ("vm", "edge"):
                    usd += before.usd_per_s * seconds
            seconds += option.seconds[s]
            worst += seconds
            if option.kind != "function":
                usd += option.usd_per_s * option.seconds[s]
            else:
                usd += option.usd_per_busy_s * option.seconds[s]
                if before != option:
                    usd += option.usd_per_request + option.usd_per_busy_s * option.cold_share * option.cold_s
                    seconds += option.cold_share * option.cold_s
                    worst += option.cold_s if option.cold_share > 0 else 0.0
                    met = [(p * option.cold_share, late + option.cold_s) for p, late in luck]
                    luck = [(p * (1 - option.cold_share), late) for p, late in luck] + met
            warm += seconds - (
                option.cold_share * option.cold_s if option.kind == "function" and before != option else 0
            )
            times += [(warm + late, stay * rows[s][1] * p) for p, late in luck]
            paid, mean, before = paid + usd, mean + seconds, option
            # what lies behind an exit where everybody leaves is on nobody's way
            paths.append((stay * rows[s][1], paid, mean, worst if stay > 0 else paths[-1][3]))
            stay *= 1 - rows[s][1]
        assert sum(path[0] for path in paths) == pytest.approx(1.0)

        exact = value(document, plan)
        assert exact["exit_share"] == pytest.approx([path[0] for path in paths], abs=1e-12)
        assert exact["cost_usd_per_request"] == pytest.approx(sum(p * usd for p, usd, _, _ in paths), rel=1e-9)
        assert exact["latency_mean_ms"] == pytest.approx(1000 * sum(p * t for p, _, t, _ in paths), rel=1e-9)
        assert exact["latency_worst_ms"] == pytest.approx(1000 * paths[-1][3], rel=1e-9)
        for percent in (50, 95, 99):
            done = list(accumulate(share for _, share in sorted(times)))
            last = next(i for i, share in enumerate(done) if share >= percent / 100 - 1e-9)
            assert exact[f"latency_p{percent}_ms"] == pytest.approx(1000 * sorted(times)[last][0], rel=1e-9)


def test_hand_mixed_thresholds() -> None:
    """Accuracy 0.86 p + 0.9375 (1 - p) >= 0.9 at p = 15/31; then R_2 = 0.75 - 0.35 p = 18/31."""
    document = two_tiers()
    document["workload"] |= {"accuracy_min": 0.9, "latency_slo_ms": 500.0}
    cost = 1e-3 * (0.1 + 0.2 * 18 / 31)
    document["exits"]["thresholds"] = "randomized"
    best = randomized_optimum(document)
    assert best is not None
    assert best.objective == pytest.approx(cost, rel=1e-9)
    mix = {part["threshold"]: part["probability"] for part in best.thresholds[0]["mix"]}
    assert mix == pytest.approx({0.5: 15 / 31, 0.9: 16 / 31})
    exact = value(document, {"placement": best.placement, "thresholds": best.thresholds})
    assert exact["accuracy"] == pytest.approx(0.9)
    assert exact["cost_usd_per_request"] == pytest.approx(cost)

    document["exits"]["thresholds"] = "interpolated"
    bracket = interpolated_bracket(document, pieces=1000)
    assert bracket is not None
    assert bracket.exact
    assert bracket.lower == pytest.approx(cost, rel=1e-9)
    assert cost <= bracket.upper <= cost * (1 + 1e-3)
    exact = value(document, plan_of("vv", 0.5 + 0.4 * 16 / 31))
    assert exact["accuracy"] == pytest.approx(0.9)
    assert exact["cost_usd_per_request"] == pytest.approx(cost)

    # reserved at 10/s: busy is 0.1 + 0.2 R_2; 2 VMs hold 0.16 s, R_2 <= 0.3; 3 VMs hold 0.24 s, R_2 <= 0.7
    document["objective"]["accounting"] = "reserved"
    document["workload"]["rate_per_s"] = 10.0
    bracket = interpolated_bracket(document, pieces=100)
    assert bracket is not None
    assert bracket.lower == pytest.approx(3e-4)
    assert bracket.upper == pytest.approx(3e-4)
    assert enumerate_optimum(document).objective == pytest.approx(4e-4)  # type: ignore[union-attr]
