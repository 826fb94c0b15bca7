"""What draws of `enumeration_draws` may be asked instead: machines rented whole, percentiles, mixes, carbon."""

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


def counted(drawn: Draw) -> bool:
    """Have machines rented whole, few of each, whatever is minimised and however the latency is measured."""
    machines = [tier for tier in drawn.body["tier"] if tier["kind"] != "function"]
    if drawn.body["objective"]["accounting"] == "as-printed" or not machines:
        return False
    drawn.body["objective"]["accounting"] = "reserved"
    drawn.body["workload"].setdefault("rate_per_s", drawn.size(1, 1e3, 1e-6, 1e6))
    for tier in machines:
        tier["machines_max"] = drawn.rng.choice((1, 2, 3, 8))
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


def emitting(drawn: Draw) -> bool:
    """Have carbon counted and, where it is not limited alone, minimised; machines are often rented whole."""
    rng, objective = drawn.rng, drawn.body["objective"]
    if objective["accounting"] == "as-printed" or (rng.random() < 0.5 and not rented(drawn)):
        return False
    drawn.body["carbon"] = {"embodied": rng.random() < 0.8}
    for tier in drawn.body["tier"]:
        tier["g_per_kwh"] = rng.choice((0.0, 30.0, 415.755, drawn.size(1, 1e3, 1e-9, 1e9)))
        tier["pue"] = rng.choice((1.0, 1.135, 1.5))
        if "option" not in tier:
            tier.pop("joules_per_flop", None)
            tier["watts_per_vcpu"] = sorted(drawn.size(0.1, 10, 1e-9, 1e6) for _ in range(2))
            tier["embodied_g_per_vcpu_hour"] = drawn.size(0.01, 10, 1e-9, 1e6)
            continue
        if "joules_per_flop" in tier:
            continue
        for option in tier["option"]:
            option.pop("joules_per_flop", None)
            option["watts"] = sorted(drawn.size(1, 300, 1e-9, 1e6) for _ in range(2))
            if rng.random() < 0.7:
                option["embodied_g_per_hour"] = drawn.size(0.1, 10, 1e-9, 1e6)
    if rng.random() < 0.6:
        objective["minimize"] = "carbon"
        objective.pop("weights", None)
        objective["then"] = []
    return True
