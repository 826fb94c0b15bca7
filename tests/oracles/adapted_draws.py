"""Random ways, variants, trust and joules for the documents of `oracles.adapted_instances`.

Each function adds one of them to a document. Degenerate rows are drawn on purpose: ways that are equal or beaten in
everything, operations that cost nothing, compressions that make answers better, tables that leave cuts out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from oracles.drawing import chance, log_uniform, pick, rounded

Generator = np.random.Generator

METHODS = (("quantise-8", 8), ("quantise-4", 4), ("autoencoder", 0.5), ("autoencoder", 0.25), ("sparse", ""))
PROTECTIONS = (("laplace", 0.2), ("laplace", 1.3715), ("distance-correlation", 1), ("distance-correlation", 10))
UNTIMED = {"encode_ms": 0, "encode_sd_ms": 0, "decode_ms": 0, "decode_sd_ms": 0, "samples": 100}
"""The columns of a measured table that have no effect."""


def add_handovers(rng: Generator, document: dict[str, Any]) -> None:
    """[adaptation] handovers: at some cuts `none` and one to three compressions."""
    rows = []
    for cut in _some_cuts(rng, document):
        plain = {"accuracy": rounded(rng.uniform(0.8, 0.95)), "cross_entropy": rounded(rng.uniform(0.2, 0.4))}
        key = {"cut": cut, "method": "none", "width": ""}
        here: list[dict[str, Any]] = [
            key | {"kept_fraction": 1, "kept_sd": 0} | plain | {"encode_flops": 0, "decode_flops": 0} | UNTIMED
        ]
        count = int(pick(rng, (0, 1, 2, 3), (0.06, 0.34, 0.4, 0.2)))
        for which in sorted(rng.choice(len(METHODS), count, replace=False).tolist()):
            method, width = METHODS[which]
            varies = method == "sparse" or chance(rng, 0.1)  # the size depends on the values
            lossless = method == "sparse" and chance(rng, 0.6)
            loss = 0.0 if lossless else _loss(rng)
            here.append(
                {
                    "cut": cut,
                    "method": method,
                    "width": width,
                    "kept_fraction": rounded(rng.uniform(0.03, 0.8)),
                    "kept_sd": rounded(rng.uniform(0.01, 0.1)) if varies else 0,
                    "accuracy": rounded(plain["accuracy"] - loss, 6),
                    "cross_entropy": rounded(plain["cross_entropy"] + loss * rng.uniform(0.5, 6.0), 6),
                    "encode_flops": _operations(rng, document),
                    "decode_flops": _operations(rng, document),
                    **UNTIMED,
                }
            )
        _degenerate(rng, here, "kept_fraction", {"method": "quantise-2", "width": 2})
        rng.shuffle(here)  # `none` need not come first
        rows += here
    if rows:
        document["adaptation"] = {"handovers": "compression.csv"}
        document["tables"]["compression.csv"] = rows


def add_privacy(rng: Generator, document: dict[str, Any]) -> None:
    """[privacy] table: at some cuts `none` and one to three protections, and the weights."""
    baseline = rounded(rng.uniform(0.05, 0.12))
    rows = []
    for cut in _some_cuts(rng, document):
        plain = {"cross_entropy": rounded(rng.uniform(0.2, 0.4)), "accuracy": rounded(rng.uniform(0.8, 0.95))}
        error = 0 if cut == 0 else rounded(baseline * rng.uniform(0.02, 0.5), 3)
        key = {"cut": cut, "protection": "none", "scale": 0, "mse": error}
        here: list[dict[str, Any]] = [key | plain | {"added_flops": 0, "seeds": 3}]
        count = int(pick(rng, (0, 1, 2, 3), (0.06, 0.44, 0.35, 0.15)))
        for which in sorted(rng.choice(len(PROTECTIONS), count, replace=False).tolist()):
            protection, scale = PROTECTIONS[which]
            loss = _loss(rng)
            here.append(
                {
                    "cut": cut,
                    "protection": protection,
                    "scale": scale,
                    "mse": rounded(baseline * pick(rng, (rng.uniform(0.1, 0.9), rng.uniform(1.0, 1.3))), 3),
                    "cross_entropy": rounded(plain["cross_entropy"] + loss * rng.uniform(0.5, 6.0), 6),
                    "accuracy": rounded(plain["accuracy"] - loss, 6),
                    "added_flops": _operations(rng, document),
                    "seeds": 3,
                }
            )
        _degenerate(rng, here, "cross_entropy", {"protection": "laplace", "scale": 7.5})
        rng.shuffle(here)
        rows += here
    if not rows:
        return
    document["privacy"] = {"table": "privacy.csv", "baseline_mse": baseline}
    if chance(rng, 0.4):
        document["privacy"]["weight_mse"] = float(pick(rng, (0.0, 0.5, 1.0, 2.5)))
    if chance(rng, 0.5):
        document["privacy"]["weight_cross_entropy"] = rounded(rng.uniform(0.05, 2.0), 3)
    document["tables"]["privacy.csv"] = rows


def _some_cuts(rng: Generator, document: Mapping[str, Any]) -> list[int]:
    share = 1.0 if chance(rng, 0.4) else rng.uniform(0.4, 0.9)
    return [cut for cut in range(len(document["tables"]["stages.csv"])) if chance(rng, share)]


def _loss(rng: Generator) -> float:
    """Accuracy lost: mostly some, at times none, at times less than none."""
    return float(pick(rng, (rng.uniform(0.0, 0.06), 0.0, -rng.uniform(0.0, 0.02)), (0.75, 0.1, 0.15)))


def _operations(rng: Generator, document: Mapping[str, Any]) -> int:
    """FLOP that coding takes, from nothing to half of those of a stage."""
    middle = float(np.median([row["flops"] for row in document["tables"]["stages.csv"]]))
    return 0 if chance(rng, 0.2) else int(log_uniform(rng, max(1.0, middle * 1e-5), max(2.0, middle * 0.5)))


def _degenerate(rng: Generator, rows: list[dict[str, Any]], worse: str, key: Mapping[str, Any]) -> None:
    """At times add a row like the last one under another name, or one that is worse by the column `worse`."""
    if len(rows) < 2 or not chance(rng, 0.25):
        return
    factor = 1.0 if chance(rng, 0.5) else 1.1
    rows.append(rows[-1] | dict(key) | {worse: rounded(rows[-1][worse] * factor, 6)})


# ----------------------------------------------------------------------------------------------------
# Variants


def add_variants(rng: Generator, document: dict[str, Any]) -> None:
    """One to three variants in one or two blocks."""
    stages = len(document["tables"]["stages.csv"])
    count = int(pick(rng, (1, 2, 3), (0.4, 0.4, 0.2)))
    blocks = [sorted(int(s) for s in rng.integers(1, stages + 1, 2))]
    if chance(rng, 0.3):
        blocks[0][1] = stages
    first, last = blocks[0]
    if count > 1 and chance(rng, 0.5):  # a second block beside the first
        if first > 1:
            blocks.append([int(rng.integers(1, first)), first - 1])
        elif last < stages:
            blocks.append([last + 1, int(rng.integers(last + 1, stages + 1))])
    document["variant"] = [
        _variant(rng, document, name, blocks[i % len(blocks)])
        for i, name in enumerate(("int8", "pruned", "slim")[:count])
    ]


def _variant(rng: Generator, document: dict[str, Any], name: str, block: Sequence[int]) -> dict[str, Any]:
    variant: dict[str, Any] = {"name": name, "stages": list(block)}
    if chance(rng, 0.85):
        variant["flops_factor"] = rounded(rng.uniform(0.2, 1.0), 3)
    if chance(rng, 0.4):
        variant["added_flops"] = float(_operations(rng, document))
    if chance(rng, 0.6):
        variant["parameters_kept"] = rounded(rng.uniform(0.1, 1.0), 3)
    if chance(rng, 0.4):
        variant["activations_kept"] = rounded(rng.uniform(0.2, 1.0), 3)
    if chance(rng, 0.75):
        variant["accuracy_loss"] = rounded(rng.uniform(0.0, 0.06), 3)
    if "exits" in document and chance(rng, 0.45):
        rows = _own_exits(rng, document, block)
        if rows:
            variant["exits"] = f"exits-{name}.csv"
            document["tables"][variant["exits"]] = rows
    return variant


def _own_exits(rng: Generator, document: Mapping[str, Any], block: Sequence[int]) -> list[dict[str, Any]]:
    """Rows for some classifiers of the block that the main table has, the last stage's among them."""
    found = []
    stages = len(document["tables"]["stages.csv"])
    for s in range(block[0], block[1] + 1):
        menu = [row for row in document["tables"]["exits.csv"] if row["stage"] == s]
        if not menu or not chance(rng, 0.75):
            continue
        if s == stages:
            found.append(menu[0] | {"accuracy": _near(rng, menu[0]["accuracy"])})
            continue
        if len(menu) > 1 and chance(rng, 0.3):
            menu = menu[1:]  # menus of variants may be of another length
        rates = sorted((_near(rng, row["exit_rate"]) for row in menu), reverse=True)
        levels = [min(0.995, rounded(row["threshold"] + 0.002, 3)) for row in menu]
        if any(a >= b for a, b in pairwise(levels)):
            levels = [row["threshold"] for row in menu]
        found += [
            {"stage": s, "threshold": level, "exit_rate": rate, "accuracy": _near(rng, row["accuracy"])}
            for level, rate, row in zip(levels, rates, menu, strict=True)
        ]
    return found


def _near(rng: Generator, share: float) -> float:
    return rounded(min(1.0, max(0.0, share + rng.normal(-0.01, 0.03))), 4)


# ----------------------------------------------------------------------------------------------------
# Trust and energy


def set_trust(rng: Generator, document: dict[str, Any]) -> None:
    """Some links, all or none are not trusted."""
    share = float(pick(rng, (0.0, 0.5, 0.8, 1.0), (0.15, 0.4, 0.25, 0.2)))
    for link in document.get("link", []):
        link.pop("trusted", None)
        if chance(rng, share):
            link["trusted"] = False
        elif chance(rng, 0.2):
            link["trusted"] = True


def add_energy(rng: Generator, document: dict[str, Any]) -> None:
    """Joules per FLOP for tiers, options or neither, and joules per byte."""
    for tier in document["tier"]:
        if chance(rng, 0.75):
            tier["joules_per_flop"] = log_uniform(rng, 1e-12, 1e-9)
        for option in tier["option"]:
            if chance(rng, 0.3):
                option["joules_per_flop"] = 0.0 if chance(rng, 0.1) else log_uniform(rng, 1e-12, 1e-9)
        if chance(rng, 0.6):
            tier["joules_per_byte"] = log_uniform(rng, 1e-8, 1e-5)
