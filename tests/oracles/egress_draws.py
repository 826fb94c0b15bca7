"""Random instances whose links share prices by volume, drawn so that tiers decide."""

from __future__ import annotations

from typing import Any

import numpy as np

from oracles.brute_force import plan_table
from oracles.brute_reading import read
from oracles.drawing import chance, log_uniform, rounded
from oracles.random_instances import random_document


def egress_document(seed: int) -> dict[str, Any]:
    """A random instance of `random_instances` with one or two tariffs on its links.

    Ends of tiers lie within what plans send, prices are of the size of all else, one tariff in three has something
    free, one in three is used by others, too, and one in six rises in the middle.
    """
    rng = np.random.default_rng([17, seed])
    while True:
        document = random_document(int(rng.integers(10**6)))
        if document["objective"].get("accounting") == "as-printed" or not document.get("link"):
            continue
        document["workload"].setdefault("rate_per_s", rounded(log_uniform(rng, 0.5, 50)))
        table = plan_table(document)
        finite = table.cost[np.isfinite(table.cost)]
        if len(table.placements) > 400 or not len(finite):
            continue
        break
    document["name"] = f"egress-{seed}"
    problem = read(document)
    largest = max(problem.activation[: problem.stages])
    gigabytes = largest * document["workload"]["rate_per_s"] * 730 * 3600 / 1e9
    per_gb = max(float(np.quantile(finite, rng.uniform(0.0, 0.5))), 1e-9) / (largest / 1e9)
    count = 2 if chance(rng, 0.4) else 1
    document["egress"] = []
    for j in range(count):
        ends = np.sort(rng.uniform(0.02, 1.2, int(rng.integers(1, 4)))) * gigabytes
        prices = np.sort(rng.uniform(0.05, 3.0, len(ends) + 1))[::-1] * per_gb
        if chance(rng, 0.33):
            prices[0] = 0.0
        elif chance(rng, 0.25) and len(prices) > 2:
            prices[1], prices[2] = prices[2], prices[1]
        tiers: list[dict[str, float]] = [
            {"up_to_gb": rounded(float(end)), "usd_per_gb": rounded(float(usd))}
            for end, usd in zip(ends, prices[:-1], strict=True)
        ]
        tariff: dict[str, Any] = {"name": f"t{j}", "tiers": [*tiers, {"usd_per_gb": rounded(float(prices[-1]))}]}
        if chance(rng, 0.33):
            tariff["other_gb_per_month"] = rounded(float(rng.uniform(0.01, 0.8)) * gigabytes)
        document["egress"].append(tariff)
    for link in document["link"]:
        link["egress"] = f"t{int(rng.integers(count))}"
        if chance(rng, 0.5):
            link.pop("usd_per_gb", None)
    named = {link["egress"] for link in document["link"]}
    document["egress"] = [tariff for tariff in document["egress"] if tariff["name"] in named]
    most = rounded(float(np.quantile(finite, rng.uniform(0.1, 0.6))))
    if chance(rng, 0.25) and most > 0:
        document["workload"]["cost_max_usd"] = most
    return document
