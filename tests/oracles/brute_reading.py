"""From a document to numbers.

A *document* is the content of an ``instance.toml`` as a plain dict, plus ``document["tables"]``, which maps the file
name of each CSV table to its rows (dicts with its column names). Only what the random instances use is understood:
inline options, exit tables (no samples), no catalogue.
"""

from __future__ import annotations

import math

from oracles.brute_problem import Document, Link, Option, Problem, Row, Tariff


def read(document: Document) -> Problem:
    """Turn a document into numbers; no checks, no defaults but the documented ones."""
    tables = document["tables"]
    network, workload, objective = document["network"], document["workload"], document["objective"]
    stage_rows = sorted(tables[network["stages"]], key=lambda row: row["stage"])
    count = len(stage_rows)
    flops = [float(row["flops"]) for row in stage_rows]

    options: list[list[Option]] = []
    for tier in document["tier"]:
        measured: dict[tuple[int, str], float] = {}
        if "stage_times" in tier:
            for row in tables[tier["stage_times"]]:
                measured[row["stage"], row["option"]] = row["mean_ms"] / 1000.0
        cold_ms = tier.get("cold_start_ms", 0.0)
        cold_share = tier.get("cold_share", 1.0 if cold_ms > 0 else 0.0)
        here: list[Option] = []
        for option in tier["option"]:
            if measured:
                seconds = tuple(measured[s, option["name"]] for s in range(1, count + 1))
            else:
                seconds = tuple(work / option["flops_per_s"] for work in flops)
            memory_mb = option.get("memory_mb")
            here.append(
                Option(
                    tier=tier["name"],
                    name=option["name"],
                    kind=tier["kind"],
                    seconds=seconds,
                    usd_per_s=option.get("usd_per_hour", 0.0) / 3600.0,
                    workers=option.get("workers", tier.get("workers", 1)),
                    usd_per_busy_s=option.get("usd_per_gb_s", 0.0) * (memory_mb or 0.0) / 1024.0,
                    usd_per_request=option.get("usd_per_request", 0.0),
                    memory_bytes=math.inf if memory_mb is None else memory_mb * 2.0**20,
                    cold_s=cold_ms / 1000.0,
                    cold_share=cold_share,
                )
            )
        options.append(here)

    menus: list[list[Row]] = [[] for _ in range(count)]
    exits = document.get("exits")
    if exits is not None:
        for row in tables[exits["table"]]:
            rate = float(row["exit_rate"])
            menus[row["stage"] - 1].append((float(row["threshold"]), rate, rate * row["accuracy"]))
    classifiers = [s for s in range(1, count) if menus[s - 1]]
    for s in range(1, count + 1):
        if not menus[s - 1]:
            menus[s - 1] = [(math.nan, 1.0 if s == count else 0.0, 0.0)]
        menus[s - 1].sort()

    slo_ms = workload.get("latency_slo_ms")
    return Problem(
        stages=count,
        flops=flops,
        activation=[float(network["input_bytes"])] + [float(row["activation_bytes"]) for row in stage_rows],
        parameters=[float(row["parameter_bytes"]) for row in stage_rows],
        tier_names=[tier["name"] for tier in document["tier"]],
        stage_specific=[bool(tier.get("stage_specific", False)) for tier in document["tier"]],
        payload_max=[float(tier.get("payload_max_bytes", math.inf)) for tier in document["tier"]],
        options=options,
        links={
            (link["from"], link["to"]): Link(
                link["bandwidth_mbit_s"] * 1e6,
                link.get("round_trip_ms", 0.0) / 1000.0,
                link.get("usd_per_gb", 0.0) / 1e9,
                link.get("egress", ""),
            )
            for link in document.get("link", [])
        },
        tariffs={
            table["name"]: Tariff(
                tuple(tier.get("up_to_gb", math.inf) for tier in table["tiers"]),
                tuple(tier["usd_per_gb"] for tier in table["tiers"]),
                table.get("other_gb_per_month", 0.0),
            )
            for table in document.get("egress", [])
        },
        source=workload.get("source", "client"),
        has_exits=exits is not None,
        menus=menus,
        classifiers=classifiers,
        thresholds="menu" if exits is None else exits.get("thresholds", "menu"),
        accuracy_min=workload.get("accuracy_min"),
        slo_s=None if slo_ms is None else slo_ms / 1000.0,
        measure=workload.get("latency_measure", "worst"),
        rate=workload.get("rate_per_s"),
        cap=workload.get("utilisation_cap", 0.8),
        minimize=objective["minimize"],
        accounting=objective.get("accounting", "per-request"),
        rules=document.get("rule", []),
    )
