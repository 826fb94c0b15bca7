"""Random small documents with ways to hand over, variants, trust, energy and their limits (docs/adaptation.md).

Limits are set one after the other, each on what the plans that keep the ones before it have, so that they cut deep and
together; in about one document in eight the last one is out of reach.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from oracles.adapted import LIMITS, Plans, adapted_plans, can_be_done, choices, crossings
from oracles.adapted_draws import add_energy, add_handovers, add_privacy, add_variants, set_trust
from oracles.adapted_reading import cases, read_adapted
from oracles.brute_placements import allowed, moves, placements
from oracles.brute_reading import read
from oracles.drawing import chance, log_uniform, pick, rounded
from oracles.random_instances import draw, set_rate, shrink

Generator = np.random.Generator


def adapted_document(seed: int, limits: bool = True) -> dict[str, Any]:
    """A random document; equal seeds give equal ones. At most 80,000 plans.

    Without `limits` it is the same document but for them: fronts are longer then.
    """
    rng = np.random.default_rng([2026, seed])
    document = _base(rng, seed)
    if chance(rng, 0.75):
        add_handovers(rng, document)
    if chance(rng, 0.65):
        add_privacy(rng, document)
    if chance(rng, 0.6):
        add_variants(rng, document)
    set_trust(rng, document)
    if chance(rng, 0.6):
        add_energy(rng, document)
    _few_plans(rng, document, int(pick(rng, (4_000, 20_000, 80_000), (0.5, 0.3, 0.2))))
    document["objective"]["minimize"] = _objective(rng, document)
    set_rate(rng, document, "menu")
    if limits:
        set_limits(rng, document)
    return document


def plans_of(document: dict[str, Any]) -> int:
    """The number of plans that can be done."""
    adapted = read_adapted(document)
    spots = list(placements(adapted.problem))
    return sum(
        math.prod(len(menu) for menu in case.problem.menus)
        * math.prod(len(here) for here in choices(adapted, case, placement, crossings(case, placement)))
        for case in cases(adapted)
        for placement in spots
        if can_be_done(case, placement)
    )


# ----------------------------------------------------------------------------------------------------
# What is placed where


def _base(rng: Generator, seed: int) -> dict[str, Any]:
    """A document without adaptation, rate and limits. Most of them can send something over a link."""
    for _ in range(100):
        document = draw(rng, seed, "menu", plain=False)
        if document["objective"].get("accounting") == "as-printed":
            continue
        if chance(rng, 0.4):
            _link_the_client(rng, document)
        if chance(rng, 0.5):
            _cramp(rng, document)
        shrink(document, "menu")
        _shorten(rng, document)
        problem = read(document)
        sending = any(move in problem.links for placement in allowed(problem) for move in moves(problem, placement))
        if sending or chance(rng, 0.05):
            break
    else:
        raise AssertionError("no document that sends anything in 100 draws")
    document["name"] = f"adapted-{seed}"
    return document


def _shorten(rng: Generator, document: dict[str, Any]) -> None:
    """Leave few options and thresholds, so that there is room for ways and variants."""
    most = int(pick(rng, (30, 120, 400)))
    while sum(1 for _ in placements(read(document))) > most and _drop_option(document):
        pass
    most = int(pick(rng, (4, 12, 40)))
    while math.prod(len(menu) for menu in read(document).menus) > most and _drop_threshold(document):
        pass


def _drop_option(document: dict[str, Any]) -> bool:
    """Take the last option from a tier with most; False where each has one."""
    wide = max(document["tier"], key=lambda tier: len(tier["option"]))
    if len(wide["option"]) == 1:
        return False
    gone = wide["option"].pop()["name"]
    if "stage_times" in wide:
        rows = document["tables"][wide["stage_times"]]
        rows[:] = [row for row in rows if row["option"] != gone]
    return True


def _link_the_client(rng: Generator, document: dict[str, Any]) -> None:
    """Add the links from the client that are missing, so that its input crosses one wherever it goes."""
    links = document.setdefault("link", [])
    linked = {link["to"] for link in links if link["from"] == "client"}
    links += [
        {"from": "client", "to": tier["name"], "bandwidth_mbit_s": log_uniform(rng, 5.0, 5000.0), "round_trip_ms": 1.5}
        for tier in document["tier"]
        if tier["name"] not in linked
    ]


def _drop_threshold(document: dict[str, Any]) -> bool:
    """Take the first row from a longest menu of the document or a variant; False where each has one row."""
    tables = [rows for name, rows in document["tables"].items() if name.startswith("exits")]
    menus = [(rows, [row for row in rows if row["stage"] == s]) for rows in tables for s in {r["stage"] for r in rows}]
    rows, longest = max(menus, key=lambda pair: len(pair[1]), default=([], []))
    if len(longest) < 2:
        return False
    rows.remove(longest[0])
    return True


def _drop_way(rng: Generator, document: dict[str, Any], name: str, column: str) -> bool:
    """Take a row other than `none` from a table of ways; False where there is none."""
    rows = document["tables"].get(name, [])
    extra = [row for row in rows if row[column] != "none"]
    if not extra:
        return False
    rows.remove(pick(rng, extra))
    return True


def _cramp(rng: Generator, document: dict[str, Any]) -> None:
    """Let no option hold the whole network as it is, so that activations have to move."""
    stages = document["tables"]["stages.csv"]
    for row in stages:
        row["parameter_bytes"] += 3_000_000
    total = sum(row["parameter_bytes"] for row in stages)
    for tier in document["tier"]:
        for option in tier["option"]:
            option["memory_mb"] = max(1, int(total / 2**20 * rng.uniform(0.4, 1.0)))


def _few_plans(rng: Generator, document: dict[str, Any], most: int) -> None:
    """Drop options, thresholds and ways at random until there are few plans."""
    drops: list[Callable[[], bool]] = [
        lambda: _drop_option(document),
        lambda: _drop_threshold(document),
        lambda: _drop_way(rng, document, "compression.csv", "method"),
        lambda: _drop_way(rng, document, "privacy.csv", "protection"),
    ]
    while plans_of(document) > most:
        if not any(drops[which]() for which in rng.permutation(len(drops)).tolist()):
            raise AssertionError("one option, threshold and way each is always few plans")


# ----------------------------------------------------------------------------------------------------
# What is asked


def _objective(rng: Generator, document: dict[str, Any]) -> str:
    """Privacy only where something can leak or is protected, energy only where something takes some."""
    names, weights = ["cost", "latency"], [0.3, 0.25]
    if _leaks(document):
        names.append("privacy")
        weights.append(0.25)
    if _takes_energy(document):
        names.append("energy")
        weights.append(0.3)
    return str(pick(rng, names, np.array(weights) / sum(weights)))


def _leaks(document: dict[str, Any]) -> bool:
    return "privacy" in document or any(not link.get("trusted", True) for link in document.get("link", []))


def _takes_energy(document: dict[str, Any]) -> bool:
    return any(
        "joules_per_flop" in tier
        or "joules_per_byte" in tier
        or any("joules_per_flop" in option for option in tier["option"])
        for tier in document["tier"]
    )


def set_limits(rng: Generator, document: dict[str, Any]) -> None:
    """Limits on what the document has, in random order; about one document in eight keeps none of its plans."""
    plans = adapted_plans(document)
    workload = document["workload"]
    shares = dict(zip(LIMITS, (0.75, 0.6, 0.3, 0.4, 0.4, 0.5, 0.3), strict=True))
    if "exits" not in document:
        del shares["accuracy_min"]
    if not _takes_energy(document):
        del shares["energy_max_j"]
    if not _leaks(document):
        del shares["privacy_max"]
    if "privacy" not in document:
        del shares["mse_min"]
    if "privacy" not in document and "adaptation" not in document:
        del shares["cross_entropy_max"]
    names = [name for name in shares if chance(rng, shares[name])]
    rng.shuffle(names)
    if not plans.groups:
        workload["latency_slo_ms"] = 500.0
        return
    kept = np.ones(plans.cost.shape, dtype=bool)
    objective = plans.objective(document["objective"]["minimize"])
    impossible = chance(rng, 0.15)
    for i, name in enumerate(names):
        out_of_reach = impossible and i == len(names) - 1
        values = plans.limited(name)
        worse = -1 if name in ("accuracy_min", "mse_min") else 1
        at_best = float(values[np.argmin(np.where(kept, objective, math.inf))]) * worse
        binding = kept & (values * worse < at_best - 1e-6 * abs(at_best))  # limits that the best plan so far breaks
        aimed = not out_of_reach and binding.any() and chance(rng, 0.7)
        limit = _limit(rng, plans, binding if aimed else kept, name, out_of_reach)
        if limit is None:
            continue
        workload[name] = limit
        kept &= values >= limit * (1 - 1e-9) if name in ("accuracy_min", "mse_min") else values <= limit * (1 + 1e-9)
        if not kept.any():
            return


def _limit(rng: Generator, plans: Plans, kept: np.ndarray, name: str, out_of_reach: bool) -> float | None:
    """A limit that leaves a part of the plans that are kept, or none of them; None where that makes no sense."""
    floor = name in ("accuracy_min", "mse_min")
    values = plans.limited(name)[kept] * (-1 if floor else 1)  # less is better
    if out_of_reach:
        limit = float(values.min())
        limit -= abs(limit) * float(rng.uniform(0.001, 0.2))
    else:
        share = rng.uniform(0.0, 0.25) if chance(rng, 0.6) else rng.uniform(0.0, 0.9)
        limit = float(np.quantile(values, share, method="lower"))
    if not math.isfinite(limit):  # nothing crosses such a link, or its error is unknown, in that many plans
        finite = values[np.isfinite(values)]
        if out_of_reach or not len(finite):
            return None
        limit = float(np.quantile(finite, rng.uniform(0.0, 0.6), method="lower"))
    if chance(rng, 0.7):  # otherwise exactly the figure of a plan
        limit = rounded(limit + abs(limit) * (0 if out_of_reach else 5e-4), 4)
    limit = -limit if floor else limit
    if name == "accuracy_min":
        return min(1.0, max(0.0, limit))
    if name == "privacy_max":
        return max(0.0, limit)
    return limit if limit > 0 else None
