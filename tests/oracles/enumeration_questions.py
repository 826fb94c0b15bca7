"""What draws of `enumeration_draws` may be asked instead: machines rented whole, percentiles, thresholds mixed."""

from __future__ import annotations

from oracles.enumeration_draws import Draw


def rented(drawn: Draw) -> bool:
    """Have machines rented whole, of one type a tier, and the latency that of the worst case or the mean."""
    rng, workload, objective = drawn.rng, drawn.body["workload"], drawn.body["objective"]
    machines = [tier for tier in drawn.body["tier"] if tier["kind"] != "function"]
    if objective["accounting"] == "as-printed" or not machines:
        return False
    for tier in machines:
        tier.pop("stage_specific", None)
        if rng.random() < 0.2:
            tier["machines_max"] = rng.choice((1, 2, 3, 5))
    objective["accounting"] = "reserved"
    workload.setdefault("rate_per_s", drawn.size(1, 1e3, 1e-6, 1e6))
    if workload["latency_measure"] not in ("worst", "mean"):
        workload["latency_measure"] = rng.choice(("worst", "mean"))
        workload.pop("tail", None)
    if objective["minimize"] not in ("cost", "energy", "privacy"):
        objective["minimize"] = "cost"
        objective.pop("weights", None)
        objective["then"] = []
    return True


def late(drawn: Draw) -> bool:
    """Have the latency that of a percentile of fixed times, with one share of cold starts at most."""
    rng, workload, objective = drawn.rng, drawn.body["workload"], drawn.body["objective"]
    if objective["accounting"] == "as-printed" or (rng.random() < 0.5 and not rented(drawn)):
        return False
    workload["latency_measure"] = rng.choice(("p50", "p75", "p90", "p95", "p99", "p99.9"))
    workload.pop("tail", None)
    functions = [tier for tier in drawn.body["tier"] if tier["kind"] == "function"]
    for tier in functions[1:]:
        tier.pop("cold_share", None)
        tier.pop("cold_start_ms", None)
    for tier in functions[:1]:
        tier.pop("stage_specific", None)
    if objective["minimize"] not in ("cost", "energy", "privacy"):
        objective["minimize"] = "cost"
        objective.pop("weights", None)
        objective["then"] = []
    return True


def lots(drawn: Draw) -> bool:
    """Have thresholds mixed, of neighbours or any, under one of the questions above or paid per request."""
    rng, objective = drawn.rng, drawn.body["objective"]
    kind = rng.choice((rented, late, None))
    if kind is not None and not kind(drawn):
        return False
    if "exits" not in drawn.body or objective["accounting"] == "as-printed":
        return False
    if objective["minimize"] not in ("cost", "energy", "privacy"):
        objective["minimize"] = "cost"
        objective.pop("weights", None)
    objective["then"] = []
    drawn.body["exits"]["thresholds"] = rng.choice(("interpolated", "randomized"))
    return True
