"""The least that drawing lots between thresholds comes to, by linear programs over all rows of the menus.

Of a placement every request meets each stage once, so what lots drawn stage by stage do on average, a mix of choices of
one row a stage does, too, and the other way round. Where only neighbours of a menu may be mixed, there is a program for
each pair of them at every stage. Machines rented whole are whole variables.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import numpy as np
from scipy.optimize import LinearConstraint, milp

from oracles.enumeration import fits, menu, placements, ways_of
from oracles.enumeration_reading import MACHINES, Documents, Row
from oracles.enumeration_valuation import KEPT, Decision, Valuation

LINEAR = {"accuracy_min": ("accuracy", -1), "cost_max_usd": ("cost", 1), "energy_max_j": ("energy", 1),
          "privacy_max": ("privacy", 1)}  # fmt: skip
Rows = tuple[tuple[Row | None, ...], ...]


def least(doc: Documents, mode: str, opened: float) -> float:
    """The least of what is minimised, infinite where no plan keeps the limits, each wider by a share `opened`."""
    found = math.inf
    forms = [(None, *doc.forms[block]) for block in sorted(doc.forms)]
    for chosen in itertools.product(*forms):
        running = tuple(form for form in chosen if form)
        menus = [menu(doc, running, s) for s in range(doc.depth)]
        for length in range(1, doc.depth + 1):
            ends = tuple(row for row in menus[length - 1] if row is not None and row.exit_rate == 1)
            if length < doc.depth and not ends:
                continue
            rows = (*menus[: length - 1], ends) if length < doc.depth else tuple(menus)
            for placement in placements(doc, length):
                if not fits(doc, running, placement):
                    continue
                for ways in itertools.product(*ways_of(doc, running, placement)):
                    for some in parts(rows, mode):
                        many = [Decision(each, running, placement, ways) for each in itertools.product(*some)]
                        found = min(found, mixed(doc, many, opened))
    return found


def parts(rows: Rows, mode: str) -> Iterator[Rows]:
    """Rows that may be mixed with one another."""
    if mode == "randomized":
        yield rows
        return
    neighbours = [[own] if len(own) == 1 else list(itertools.pairwise(own)) for own in rows]
    yield from itertools.product(*neighbours)


def mixed(doc: Documents, many: list[Decision], opened: float) -> float:
    """The least of all mixes of decisions that differ in rows alone."""
    valued = [Valuation(doc, decision) for decision in many]
    worths = [value.worth() for value in valued]
    work = doc.workload
    if any(work[name] > worths[0].least_mse * (1 + KEPT) for name in ("mse_min",) if name in work):
        return math.inf
    if "cross_entropy_max" in work and worths[0].most_nats > work["cross_entropy_max"] * (1 + KEPT):
        return math.inf
    machines = [c for c in dict.fromkeys(many[0].placement) if doc.groups[c.tier].kind in MACHINES]
    machines = machines if doc.accounting == "reserved" else []
    rate = float(work.get("rate_per_s", 1.0))
    cap = float(work.get("utilisation_cap", 0.8))
    by_use = [v.cost() - sum(v.machine_cost(c) for c in machines) for v in valued]
    figures = {name: [getattr(worth, name) for worth in worths] for name in ("accuracy", "energy", "privacy")}
    figures["cost"] = by_use
    rents = [c.usd_per_hour / 3600 / rate for c in machines]
    lines: list[list[float]] = []
    most: list[float] = []

    def line(left: list[float], right: list[float], bound: float) -> None:
        scale = max(abs(bound), *(abs(x) for x in left), 1e-300)
        lines.append([x / scale for x in (*left, *right)])
        most.append(bound / scale)

    none = [0.0] * len(machines)
    for key, (name, sign) in LINEAR.items():
        if key in work:
            bound = sign * float(work[key])
            bought = [sign * rent for rent in rents] if name == "cost" else none
            line([sign * x for x in figures[name]], bought, bound + opened * abs(bound))
    if "latency_slo_ms" in work:
        slo = float(work["latency_slo_ms"]) * (1 + opened)
        measure = work.get("latency_measure", "worst")
        if measure == "mean":
            line([worth.mean for worth in worths], none, slo)
        elif measure == "worst":
            if worths[0].worst > slo:
                return math.inf
        else:
            line([late(value, slo / 1000) for value in valued], none, 1 - float(measure[1:]) / 100 + opened)
    for n, choice in enumerate(machines):
        needed = [rate * (v.charged(choice) + v.passing(choice)) / (choice.workers * cap) for v in valued]
        scale = max(*needed, 1.0)
        lines.append(
            [*(x / scale for x in needed), *(-(1 + opened) / scale if m == n else 0.0 for m in range(len(none)))]
        )
        most.append(0.0)
    values = [*figures[doc.minimize], *(rents if doc.minimize == "cost" else none)]
    size = max(map(abs, values)) or 1.0
    one = [*(1.0 for _ in many), *none]
    rows = [LinearConstraint(np.array([one]), 1, 1)]
    if lines:
        rows.append(LinearConstraint(np.array(lines), -math.inf, most))
    whole = [*(0 for _ in many), *(1 for _ in machines)]
    found = milp(np.array(values) / size, constraints=rows, integrality=whole,
                 options={"mip_rel_gap": 1e-9})  # fmt: skip
    return float(found.fun) * size if found.status == 0 else math.inf


def late(value: Valuation, seconds: float) -> float:
    """Share of the requests that is inside after so many seconds."""
    total, passed = 0.0, 0.0
    meets: list[tuple[float, float]] = []
    for s, row in enumerate(value.decision.rows):
        passed += value.encode[s] + value.hop[s] + value.decode[s] + value.time[s]
        if value.cold[s]:
            meets.append((value.cold[s], float(value.doc.groups[value.at[s].tier].cold_share)))
        leaves = float(value.exact_reach[s] * row.exit_rate) if row else 0.0
        for met in itertools.product((False, True), repeat=len(meets)):
            mass = leaves * math.prod(part if hit else 1 - part for hit, (_, part) in zip(met, meets, strict=True))
            if passed + sum(cold for hit, (cold, _) in zip(met, meets, strict=True) if hit) > seconds:
                total += mass
    return total
