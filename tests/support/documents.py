"""Random documents whose requests are paid for one by one, and what an oracle says of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from oracles.adapted import Plans
from oracles.adapted_instances import adapted_document
from oracles.random_instances import random_document

from serflow_opt.formulations.coefficients import Data
from serflow_opt.formulations.reductions import ending_matters
from serflow_opt.search.placements import NOWHERE

NOT_LISTED: tuple[tuple[int, ...], tuple[int, ...]] = ((), ())


def per_request(document: Mapping[str, Any], seed: int) -> dict[str, Any]:
    """A document paid per request, in worst-case or mean latency, that does not minimise what no sweep is for."""
    workload, objective = dict(document["workload"]), dict(document["objective"])
    objective.pop("accounting", None)
    if workload.get("latency_measure", "worst") not in ("worst", "mean"):
        workload["latency_measure"] = ("worst", "mean")[seed % 2]
    if objective["minimize"] == "latency" and workload.get("latency_measure", "worst") == "worst":
        objective["minimize"] = "cost"
    return {**document, "workload": workload, "objective": objective}


def document_of(kind: str, seed: int) -> dict[str, Any]:
    return per_request(random_document(seed) if kind == "plain" else adapted_document(seed), seed)


def adapted_keys(data: Data, plans: Plans) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """For each plan of the oracle its runners and ways, as positions in the instance, as far as somebody gets.

    `NOT_LISTED`: it ends where no plan keeps the accuracy floor.
    """
    instance, ends = data.instance, {s for s, _ in data.ends}
    matters = ending_matters(instance)
    names = [(instance.tiers[option.tier].name, option.name) for option in instance.options]
    variants = [(variant.name, variant.first + 1, variant.last + 1) for variant in instance.variants]
    keys = []
    for group in plans.groups:
        chosen = {
            s: variants.index((variant.name, variant.first, variant.last))
            for variant in group.case.chosen
            for s in range(variant.first - 1, variant.last)
        }
        options = [group.case.problem.option(spot) for spot in group.placement]
        runners = tuple(
            names.index((option.tier, option.name)) + len(names) * (chosen.get(s, -1) + 1)
            for s, option in enumerate(options)
        )
        known = [[way.key for way in ways] for ways in plans.adapted.ways]
        for picked in group.picked_ways.T.tolist():
            ways = tuple(known[s].index(group.ways[s][w].key) if group.crosses[s] else 0 for s, w in enumerate(picked))
            for rows in group.picked_rows.T.tolist():
                leave = [menu[row][1] for menu, row in zip(group.case.problem.menus, rows, strict=True)]
                end = leave.index(1.0) + 1 if matters else len(leave)
                behind = (NOWHERE,) * (len(leave) - end)
                listed = not behind or end in ends
                keys.append((runners[:end] + behind, ways[:end] + (0,) * len(behind)) if listed else NOT_LISTED)
    return keys
