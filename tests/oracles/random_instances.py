"""Random small instances for the comparison with exhaustive search, and a writer of instance folders.

An instance is a *document*: the content of its ``instance.toml`` as a plain dict and, under ``tables``, the
rows of each CSV file by file name. Equal seeds give equal documents.

Limits on accuracy and latency are set after looking at every plan of the instance, so that most of them cut
deep and about one instance in eight has no plan at all.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np

from oracles.brute_force import plan_table
from oracles.brute_placements import allowed, placements
from oracles.brute_reading import read

MEASURES = ("worst", "mean", "p50", "p90", "p95", "p99", "p99.9")
KINDS = ("device", "edge", "vm", "function")
MAX_PLACEMENTS = 2_500
MAX_PLANS = 150_000

Generator = np.random.Generator


def random_document(seed: int, thresholds: str = "menu") -> dict[str, Any]:
    """A random instance with menu, randomized or interpolated thresholds.

    Randomized and interpolated instances are smaller. Randomized ones with an even seed keep to per-request
    accounting and worst or mean latency, where one linear program a placement is the whole problem.
    """
    rng = np.random.default_rng([{"menu": 0, "randomized": 1, "interpolated": 2}[thresholds], seed])
    plain = thresholds == "randomized" and seed % 2 == 0
    for _ in range(100):
        document = _draw(rng, seed, thresholds, plain)
        _shrink(document, thresholds)
        if (
            allowed(read(document)) or rng.random() < 0.15
        ):  # most instances whose links or memory forbid all are redrawn
            break
    _set_rate(rng, document, thresholds)
    _set_limits(rng, document)
    return document


def ending_document(seed: int, thresholds: str = "menu") -> dict[str, Any]:
    """A random instance where at some classifiers everybody may leave, so that plans may end there.

    Half of the time they are nearly as right as the last stage; stages behind are at times too large for any option.
    """
    rng = np.random.default_rng([3, seed])
    while True:
        document = random_document(int(rng.integers(10**6)), thresholds)
        rows = document["tables"].get("exits.csv", [])
        stages = sorted({row["stage"] for row in rows})[:-1]
        if stages and document["objective"].get("accounting") != "as-printed":
            break
    document["name"] = f"ending-{seed}"
    for stage in stages:
        mine = [row for row in rows if row["stage"] == stage]
        if _chance(rng, 0.7):
            mine[0]["exit_rate"] = 1.0
            if _chance(rng, 0.5):
                mine[0]["accuracy"] = _digits(rows[-1]["accuracy"] * rng.uniform(0.9, 1.02))
                mine[0]["accuracy"] = min(1.0, mine[0]["accuracy"])
            if len(mine) > 2 and _chance(rng, 0.2):
                mine[1]["exit_rate"] = 1.0
    if _chance(rng, 0.3):
        document["tables"]["stages.csv"][-1]["parameter_bytes"] = int(_log(rng, 1e7, 1e10))
    for key in ("accuracy_min", "latency_slo_ms"):
        document["workload"].pop(key, None)
    _set_limits(rng, document)
    return document


def write(document: Mapping[str, Any], folder: Path) -> Path:
    """Write instance.toml and its tables into `folder`; the path of instance.toml."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in document["tables"].items():
        with (folder / name).open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    path = folder / "instance.toml"
    path.write_text(toml({key: item for key, item in document.items() if key != "tables"}), encoding="utf-8")
    return path


def toml(table: Mapping[str, Any], name: str = "") -> str:
    """TOML of nested dicts, lists of dicts and plain values."""
    lines, later = [], []
    for key, item in table.items():
        full = f"{name}.{key}" if name else key
        if isinstance(item, Mapping):
            later.append(f"\n[{full}]\n{toml(item, full)}")
        elif isinstance(item, list) and item and isinstance(item[0], Mapping):
            later.extend(f"\n[[{full}]]\n{toml(entry, full)}" for entry in item)
        else:
            lines.append(f"{key} = {_literal(item)}\n")
    return "".join(lines + later)


def _literal(item: Any) -> str:
    if isinstance(item, bool):
        return "true" if item else "false"
    if isinstance(item, int | float):
        return repr(item)
    if isinstance(item, str):
        return json.dumps(item)
    if isinstance(item, list):
        return "[" + ", ".join(_literal(entry) for entry in item) + "]"
    raise TypeError(f"cannot write {item!r}")


# ----------------------------------------------------------------------------------------------------
# Draws


def _digits(number: float, digits: int = 4) -> float:
    return float(f"{number:.{digits}g}")


def _log(rng: Generator, low: float, high: float) -> float:
    return _digits(math.exp(rng.uniform(math.log(low), math.log(high))))


def _chance(rng: Generator, share: float) -> bool:
    return bool(rng.random() < share)


def _pick(rng: Generator, items: Any, weights: Any = None) -> Any:
    return items[int(rng.choice(len(items), p=weights))]


def _draw(rng: Generator, seed: int, thresholds: str, plain: bool) -> dict[str, Any]:
    """An instance without rate and limits; possibly too large."""
    menu = thresholds == "menu"
    accounting = "per-request"
    if not plain:
        shares = (0.42, 0.38, 0.20) if menu else (0.5, 0.3, 0.2)
        accounting = _pick(rng, ("per-request", "reserved", "as-printed"), shares)
    stages = int(rng.integers(1, 7)) if menu else int(rng.integers(2, 6))
    tiers = 2 if accounting == "as-printed" else int(_pick(rng, (1, 2, 3, 4), (0.12, 0.33, 0.33, 0.22)))
    tables: dict[str, list[dict[str, Any]]] = {}

    largest_flops = _log(rng, 1e8, 1e11)
    tables["stages.csv"] = [
        {
            "stage": s,
            "flops": int(_log(rng, max(1e6, largest_flops / 300), largest_flops)),
            "activation_bytes": int(_log(rng, 1e2, 1e6)),
            "parameter_bytes": 0 if _chance(rng, 0.1) else int(_log(rng, 1e4, 1e8)),
        }
        for s in range(1, stages + 1)
    ]
    document: dict[str, Any] = {
        "schema": 1,
        "name": f"random-{thresholds}-{seed}",
        "description": "random numbers",
        "network": {"stages": "stages.csv", "input_bytes": int(_log(rng, 1e2, 1e6))},
        "tables": tables,
    }
    if not menu or _chance(rng, 0.96):
        document["exits"] = {"table": "exits.csv"}
        if not menu or _chance(rng, 0.5):
            document["exits"]["thresholds"] = thresholds
        tables["exits.csv"] = _exits(rng, stages, thresholds)
    document["workload"] = _workload(rng, accounting, menu, plain)
    # with a level: options of like speed and like price per operation, so that the best plans are mixtures
    level = _log(rng, 2e9, 3e11) if _chance(rng, 0.65) else None
    cramped = tiers > 1 and _chance(rng, 0.35)
    document["tier"] = [_tier(rng, t, accounting, tables, document["workload"], level, cramped) for t in range(tiers)]
    names = [tier["name"] for tier in document["tier"]]
    if _chance(rng, 0.3):
        document["workload"]["source"] = names[0] if _chance(rng, 0.6) else _pick(rng, names)
    elif _chance(rng, 0.3):
        document["workload"]["source"] = "client"
    links = _links(rng, names)
    if links:
        document["link"] = links
    document["objective"] = {
        "minimize": "cost" if _chance(rng, 0.65 if menu else 0.8) else "latency",
        "accounting": accounting,
    }
    if accounting == "per-request" and _chance(rng, 0.3):
        del document["objective"]["accounting"]
    return document


def _workload(rng: Generator, accounting: str, menu: bool, plain: bool) -> dict[str, Any]:
    workload: dict[str, Any] = {}
    measure = (
        _pick(rng, MEASURES)
        if menu
        else _pick(rng, ("worst", "mean") if plain else ("worst", "mean", "mean", "p50", "p95"))
    )
    if measure != "worst" or _chance(rng, 0.5):
        workload["latency_measure"] = measure
    if accounting == "reserved" and _chance(rng, 0.7):
        workload["utilisation_cap"] = float(_pick(rng, (0.5, 0.65, 0.7, 0.9, 1.0)))
    return workload


def _exits(rng: Generator, stages: int, thresholds: str) -> list[dict[str, Any]]:
    rows = []
    share = rng.uniform(0.3 if thresholds == "menu" else 0.8, 1.0)
    calibrated = _chance(rng, 0.75)  # later answers are better than earlier ones, but for noise
    most = 5 if thresholds == "menu" else 4
    classifiers = 0
    base = rng.uniform(0.45, 0.7)
    for s in range(1, stages):
        if not _chance(rng, share) or (thresholds == "interpolated" and classifiers == 3):
            continue
        classifiers += 1
        count = int(rng.integers(1, most + 1))
        if thresholds != "menu":
            count = max(2, count)
        levels = sorted({_digits(a, 3) for a in rng.uniform(0.05, 0.99, count)})
        rates = sorted((_digits(e, 4) for e in rng.beta(1.2, 1.2, len(levels))), reverse=True)
        centre, spread = (base + 0.02 * s, 0.06) if calibrated else (base + 0.05 * s, 0.12)
        drawn = np.clip(rng.normal(centre, spread, len(levels)), 0.05, 1.0)
        accuracies = sorted(_digits(r, 4) for r in drawn)
        if _chance(rng, 0.1):
            rng.shuffle(accuracies)  # real classifiers are not always calibrated
        if _chance(rng, 0.08):
            rates[0] = 1.0
        if _chance(rng, 0.15):
            rates[-1] = 0.0
        if len(rates) > 1 and _chance(rng, 0.08):
            rates[1] = rates[0]
        if len(rates) > 1 and _chance(rng, 0.08):
            rates[-1] = min(rates[-2], 0.5)  # half, so that reaches sit exactly on a percentile
        rows += [
            {"stage": s, "threshold": level, "exit_rate": rate, "accuracy": float(accuracy)}
            for level, rate, accuracy in zip(levels, rates, accuracies, strict=True)
        ]
    final = _digits(min(1.0, base + (rng.uniform(0.12, 0.3) if calibrated else rng.uniform(0.0, 0.3))), 4)
    return [*rows, {"stage": stages, "threshold": 0, "exit_rate": 1, "accuracy": final}]


def _tier(
    rng: Generator,
    t: int,
    accounting: str,
    tables: dict[str, list[dict[str, Any]]],
    workload: Mapping[str, Any],
    level: float | None,
    cramped: bool,
) -> dict[str, Any]:
    """A tier with its options; `level`, if any, is the speed in FLOP/s that all options are near.

    `cramped`: few options have the memory for the whole network.
    """
    kind = _pick(rng, KINDS, (0.18, 0.18, 0.27, 0.37))
    tier: dict[str, Any] = {"name": f"{kind}{t + 1}", "kind": kind}
    if kind == "function":
        form = int(rng.integers(5))
        if form > 0:
            tier["cold_start_ms"] = 0 if form == 1 else _log(rng, 5.0, 2000.0)
        if form == 3:
            tier["cold_share"] = float(_pick(rng, (0.0, 1.0)))
        if form == 4:
            tier["cold_share"] = _digits(rng.uniform(0.01, 0.6), 3)
    if _chance(rng, 0.2):
        tier["payload_max_bytes"] = int(_log(rng, 5e3, 1e6))
    if accounting != "as-printed" and _chance(rng, 0.25):
        tier["stage_specific"] = True
    elif _chance(rng, 0.1):
        tier["stage_specific"] = False

    total_bytes = sum(stage["parameter_bytes"] for stage in tables["stages.csv"])
    options = [_option(rng, kind, o, level, cramped, total_bytes) for o in range(int(rng.integers(1, 5)))]
    for before, after in pairwise(options):
        if _chance(rng, 0.15):  # the same speed at another price, or the same price at another speed
            same = (
                ("flops_per_s",)
                if _chance(rng, 0.5)
                else ("usd_per_hour", "usd_per_gb_s", "usd_per_request", "memory_mb")
            )
            after.update({key: before[key] for key in same if key in before})
    if _chance(rng, 0.2 if level is None else 0.5):
        tier["stage_times"] = f"times{t + 1}.csv"
        spread = workload.get("latency_measure", "worst") in ("worst", "mean") and _chance(rng, 0.3)
        rows = []
        unlike = 0.4 if level is None else 1.0  # how differently the options take to the stages
        for option in options:
            for stage in tables["stages.csv"]:
                mean = stage["flops"] / option["flops_per_s"] * 1000 * math.exp(rng.normal(0.0, unlike))
                row = {"stage": stage["stage"], "option": option["name"], "mean_ms": _digits(mean, 5)}
                if spread:
                    row |= {
                        "sd_ms": _digits(mean / 5, 3),
                        "p95_ms": _digits(mean * 1.4, 3),
                        "p99_ms": _digits(mean * 2, 3),
                    }
                rows.append(row)
        if _chance(rng, 0.5):
            rows.sort(key=lambda row: (row["stage"], row["option"]))
        tables[tier["stage_times"]] = rows
        for option in options:
            del option["flops_per_s"]
    tier["option"] = options
    return tier


def _option(rng: Generator, kind: str, o: int, level: float | None, cramped: bool, total_bytes: int) -> dict[str, Any]:
    span = {"device": (3e8, 2e10), "edge": (2e9, 1e11), "vm": (5e9, 1e12), "function": (2e9, 1e11)}[kind]
    speed = _log(rng, *span) if level is None else _digits(level * math.exp(rng.normal(0.0, 0.8)))
    option: dict[str, Any] = {"name": f"{kind[0]}-{o + 1}", "flops_per_s": speed}
    # faster costs more, loosely; USD per hour
    price = speed * (1e-12 if level is None else 5e-12) * math.exp(rng.normal(0.0, 1.0 if level is None else 0.5))
    price = _digits(min(5.0, max(1e-6, price)))
    some_megabytes = max(1, int(total_bytes / 2**20 * (rng.uniform(0.25, 0.85) if cramped else rng.uniform(0.4, 1.3))))
    if kind == "function":
        option["memory_mb"] = some_megabytes if cramped and _chance(rng, 0.8) else int(_log(rng, 128, 10240))
        option["usd_per_gb_s"] = _log(rng, 1e-6, 5e-5)
        if level is not None:
            option["usd_per_gb_s"] = _digits(price * rng.uniform(0.8, 2.5) / 3600.0 / (option["memory_mb"] / 1024.0))
        if _chance(rng, 0.7):
            option["usd_per_request"] = _log(rng, 5e-8, 1e-5) if level is None else _log(rng, 1e-9, 1e-6)
        return option
    if kind == "vm" or _chance(rng, 0.7):
        option["usd_per_hour"] = price
    if _chance(rng, 0.9 if cramped else 0.4):
        option["memory_mb"] = some_megabytes if cramped or _chance(rng, 0.6) else int(_log(rng, 8, 512))
    return option


def _links(rng: Generator, names: list[str]) -> list[dict[str, Any]]:
    links = []
    near = _chance(rng, 0.5)  # moving costs little
    for i, sender in enumerate(["client", *names]):
        for j, receiver in enumerate(names, start=1):
            if j <= i or not _chance(rng, 0.5 if i == 0 else (0.9 if j == i + 1 else 0.6)):
                continue
            link: dict[str, Any] = {
                "from": sender,
                "to": receiver,
                "bandwidth_mbit_s": _log(rng, 1000.0 if near else 5.0, 10_000.0),
                "round_trip_ms": 0.0 if _chance(rng, 0.1) else _log(rng, 0.05, 1.0 if near else 50.0),
            }
            if _chance(rng, 0.6):
                link["usd_per_gb"] = _log(rng, 1e-4, 0.002 if near else 0.2)
            if _chance(rng, 0.2):
                link["trusted"] = _chance(rng, 0.5)
            links.append(link)
    rng.shuffle(links)
    return links


# ----------------------------------------------------------------------------------------------------
# Size, rate and limits


def _shrink(document: dict[str, Any], thresholds: str) -> None:
    """Drop options, then menu rows, until exhaustive search is quick."""
    most = {"menu": MAX_PLACEMENTS, "randomized": 120, "interpolated": 60}[thresholds]
    while True:
        problem = read(document)
        found = sum(1 for _ in islice(placements(problem), most + 1))
        choices = math.prod(len(menu) for menu in problem.menus)
        if found <= most and found * choices <= MAX_PLANS:
            return
        wide = max(document["tier"], key=lambda tier: len(tier["option"]))
        if len(wide["option"]) > 1:
            gone = wide["option"].pop()["name"]
            if "stage_times" in wide:
                rows = document["tables"][wide["stage_times"]]
                rows[:] = [row for row in rows if row["option"] != gone]
            continue
        if found > most:
            raise AssertionError("one option a tier is always few placements")
        rows = document["tables"]["exits.csv"]
        longest = max(problem.classifiers, key=lambda s: len(problem.menus[s - 1]))
        rows.remove(next(row for row in rows if row["stage"] == longest))


def _set_rate(rng: Generator, document: dict[str, Any], thresholds: str) -> None:
    """A rate that keeps up to some tens of machines busy; optional where only reports per hour need it."""
    reserved = document["objective"].get("accounting") == "reserved"
    if not reserved and _chance(rng, 0.5):
        return
    options = [option for tier in read(document).options for option in tier]
    path = float(np.median([sum(option.seconds) for option in options]))
    document["workload"]["rate_per_s"] = _digits(10 ** rng.uniform(-0.7, 1.9 if thresholds == "menu" else 0.3) / path)
    if thresholds == "menu" or not reserved:
        return
    while max(_most_machines(document)) > 6:  # few machines, so that all their counts can be tried
        document["workload"]["rate_per_s"] = _digits(document["workload"]["rate_per_s"] / 2)


def _most_machines(document: Mapping[str, Any]) -> list[float]:
    """Machines an option would need if every request ran all stages on it."""
    problem = read(document)
    assert problem.rate is not None
    return [problem.rate * sum(option.seconds) / problem.cap for tier in problem.options for option in tier]


def _set_limits(rng: Generator, document: dict[str, Any]) -> None:
    """accuracy_min and latency_slo_ms, from the values of all plans: mostly tight, at times out of reach."""
    table = plan_table(document)
    workload = document["workload"]
    fate = _pick(rng, ("plain", "accuracy", "latency", "together"), (0.88, 0.035, 0.035, 0.05))
    if not table.placements:
        workload["latency_slo_ms"] = 500.0
        return
    has_exits = "exits" in document
    accurate = np.ones_like(table.accuracy, dtype=bool)
    if has_exits and (fate in ("accuracy", "together") or _chance(rng, 0.93)):
        if fate == "accuracy":
            floor = _digits(min(1.0, table.accuracy.max() + 10 ** rng.uniform(-4, -1)), 5)
        else:
            menu = document["exits"].get("thresholds", "menu") == "menu"
            quantiles = [rng.uniform(0.3, 0.95), rng.uniform(0.95, 1.0)]
            floor = float(np.quantile(table.accuracy, rng.choice(quantiles), method="lower"))
            if not menu or _chance(rng, 0.7):  # otherwise exactly the accuracy of a plan
                floor = math.floor(floor * 1e4) / 1e4
        workload["accuracy_min"] = min(1.0, max(0.0, floor))
        accurate = table.accuracy >= workload["accuracy_min"] - 1e-9
    if not accurate.any():
        accurate[:] = True
    if fate in ("latency", "together") or _chance(rng, 0.75):
        good = table.latency[:, accurate].ravel() * 1000.0
        good = good[np.isfinite(good)]
        if not len(good):
            return
        if fate == "latency":
            limit = _digits(table.latency.min() * 1000.0 * rng.uniform(0.5, 0.999))
        elif fate == "together":
            limit = _digits(good.min() * rng.uniform(0.8, 0.999))
        else:
            share = rng.uniform(0.0, 0.15) if _chance(rng, 0.6) else rng.uniform(0.0, 1.0)
            limit = float(np.quantile(good, share, method="lower"))
            if _chance(rng, 0.7):
                limit = _digits(limit * 1.0005)
        workload["latency_slo_ms"] = limit
