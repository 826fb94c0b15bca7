"""What docs/adaptation.md adds to a document: ways to hand over, variants of stages, trust, joules and limits.

`oracles.brute_reading` reads the rest. Nothing here is shared with the package. Units: bytes, FLOP, seconds, joules;
errors (mse) and cross-entropies as the tables have them.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from oracles.brute_problem import Document, Problem, Row
from oracles.brute_reading import read

WayKey = tuple[str, str, str, float]
"""Method, width as it is printed ("" without one), protection, scale."""


@dataclass(frozen=True)
class Way:
    """How an activation is handed over: a compression and a protection."""

    key: WayKey = ("none", "", "none", 0.0)
    kept: float = 1.0  # share of the bytes that stay
    encode: float = 0.0  # FLOP on the option that sends, those of the protection included
    decode: float = 0.0  # FLOP on the option that receives
    accuracy_lost: float = 0.0  # of a request that crosses
    entropy_added: float = 0.0  # cross-entropy over that of `none`
    entropy: float = -math.inf  # cross-entropy with this way; -inf where the cut has none, which keeps any ceiling
    mse: float = -math.inf  # of an attacker who rebuilds the input; -inf where unknown, which keeps no floor
    known: bool = False  # whether the error is known


@dataclass(frozen=True)
class Variant:
    """Another form of the stages `first` to `last` (1-based)."""

    name: str
    first: int
    last: int
    flops_factor: float
    added_flops: float
    parameters_kept: float
    activations_kept: float
    accuracy_loss: float
    menus: Mapping[int, list[Row]]  # own rows by stage


@dataclass(frozen=True)
class Case:
    """A document with its variants chosen."""

    problem: Problem  # stages as these variants have them
    work: tuple[float, ...]  # FLOP of each stage
    chosen: tuple[Variant, ...]
    held: tuple[float, ...]  # bytes of activations in memory: at full size, whatever variants keep of them


@dataclass
class Adapted:
    """A document, read, with all that docs/adaptation.md adds."""

    problem: Problem  # stages as they are
    speeds: list[list[float]]  # FLOP/s, by tier and option
    joules_per_flop: list[list[float]]  # by tier and option
    joules_per_byte: dict[str, float]  # by name of the tier that sends
    untrusted: set[tuple[str, str]]  # links
    ways: list[list[Way]]  # by cut 0..M-1
    blocks: list[list[Variant]]  # variants by block
    baseline_mse: float
    weight_mse: float
    weight_cross_entropy: float
    limits: dict[str, float] = field(default_factory=dict)  # cost_max_usd, energy_max_j, ...: those that are set


NEW_LIMITS = ("cost_max_usd", "energy_max_j", "privacy_max", "mse_min", "cross_entropy_max")


def read_adapted(document: Document) -> Adapted:
    """Turn a document into numbers; no checks."""
    problem = read(document)
    privacy = document.get("privacy", {})
    tiers = document["tier"]
    blocks: dict[tuple[int, int], list[Variant]] = {}
    for entry in document.get("variant", []):
        variant = _variant(entry, document["tables"])
        blocks.setdefault((variant.first, variant.last), []).append(variant)
    return Adapted(
        problem=problem,
        speeds=[
            [
                sum(problem.flops) / sum(option.seconds) if "stage_times" in tier else float(entry["flops_per_s"])
                for option, entry in zip(options, tier["option"], strict=True)
            ]
            for options, tier in zip(problem.options, tiers, strict=True)
        ],
        joules_per_flop=[
            [float(entry.get("joules_per_flop", tier.get("joules_per_flop", 0.0))) for entry in tier["option"]]
            for tier in tiers
        ],
        joules_per_byte={tier["name"]: float(tier.get("joules_per_byte", 0.0)) for tier in tiers},
        untrusted={(link["from"], link["to"]) for link in document.get("link", []) if not link.get("trusted", True)},
        ways=[ways_at(document, cut) for cut in range(problem.stages)],
        blocks=[blocks[block] for block in sorted(blocks)],
        baseline_mse=float(privacy.get("baseline_mse", math.nan)),
        weight_mse=float(privacy.get("weight_mse", 1.0)),
        weight_cross_entropy=float(privacy.get("weight_cross_entropy", 0.0)),
        limits={name: float(document["workload"][name]) for name in NEW_LIMITS if name in document["workload"]},
    )


# ----------------------------------------------------------------------------------------------------
# Ways


def ways_at(document: Document, cut: int) -> list[Way]:
    """Every pair of a compression and a protection that may be used at a cut; `none` + `none` first."""
    return [
        _way(compression, protection, _none(compressions, "method"), _none(protections, "protection"))
        for compressions, protections in [_rows_at(document, cut)]
        for compression in compressions or [None]
        for protection in protections or [None]
        # a size that depends on the values is not known for protected values
        if protection is None
        or protection["protection"] == "none"
        or compression is None
        or not compression.get("kept_sd", 0.0)
    ]


def _rows_at(document: Document, cut: int) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
    """The rows of a cut in the table of compressions and in that of protections; `none` first."""
    names = (document.get("adaptation", {}).get("handovers"), document.get("privacy", {}).get("table"))
    found = []
    for name, column in zip(names, ("method", "protection"), strict=True):
        rows = [row for row in document["tables"][name] if row["cut"] == cut] if name else []
        found.append(sorted(rows, key=lambda row: row[column] != "none"))
    return found[0], found[1]


def _none(rows: list[Mapping[str, Any]], column: str) -> Mapping[str, Any] | None:
    return next((row for row in rows if row[column] == "none"), None)


def _way(
    compression: Mapping[str, Any] | None,
    protection: Mapping[str, Any] | None,
    plain: Mapping[str, Any] | None,
    bare: Mapping[str, Any] | None,
) -> Way:
    """The way of two rows; `plain` and `bare` are the rows `none` of their tables. None: no rows at this cut."""
    way = Way()
    if compression is not None and plain is not None:
        added = compression["cross_entropy"] - plain["cross_entropy"]
        way = replace(
            way,
            key=(compression["method"], str(compression["width"]), *way.key[2:]),
            kept=float(compression["kept_fraction"]),
            encode=float(compression["encode_flops"]),
            decode=float(compression["decode_flops"]),
            accuracy_lost=plain["accuracy"] - compression["accuracy"],
            entropy_added=added,
            entropy=plain["cross_entropy"] + added,
        )
    if protection is not None and bare is not None:
        added = way.entropy_added + (protection["cross_entropy"] - bare["cross_entropy"])
        way = replace(
            way,
            key=(*way.key[:2], protection["protection"], float(protection["scale"])),
            encode=way.encode + protection["added_flops"],
            accuracy_lost=way.accuracy_lost + (bare["accuracy"] - protection["accuracy"]),
            entropy_added=added,
            entropy=bare["cross_entropy"] + added,
            mse=float(protection["mse"]),
            known=True,
        )
    return way


# ----------------------------------------------------------------------------------------------------
# Variants


def _variant(entry: Mapping[str, Any], tables: Mapping[str, Any]) -> Variant:
    menus: dict[int, list[Row]] = {}
    for row in tables[entry["exits"]] if "exits" in entry else []:
        rate = float(row["exit_rate"])
        menus.setdefault(row["stage"], []).append((float(row["threshold"]), rate, rate * row["accuracy"]))
    return Variant(
        name=entry["name"],
        first=entry["stages"][0],
        last=entry["stages"][1],
        flops_factor=float(entry.get("flops_factor", 1.0)),
        added_flops=float(entry.get("added_flops", 0.0)),
        parameters_kept=float(entry.get("parameters_kept", 1.0)),
        activations_kept=float(entry.get("activations_kept", 1.0)),
        accuracy_loss=float(entry.get("accuracy_loss", 0.0)),
        menus={stage: sorted(rows) for stage, rows in menus.items()},
    )


def cases(adapted: Adapted) -> Iterator[Case]:
    """Every choice of a variant, or none, for each block."""
    for picks in itertools.product(*[[None, *block] for block in adapted.blocks]):
        yield case_of(adapted, tuple(pick for pick in picks if pick is not None))


def case_of(adapted: Adapted, chosen: tuple[Variant, ...]) -> Case:
    """The document with these variants in the place of their blocks."""
    plain = adapted.problem
    work, activation, parameters = list(plain.flops), list(plain.activation), list(plain.parameters)
    menus = list(plain.menus)
    seconds = [[list(option.seconds) for option in tier] for tier in plain.options]
    for variant in chosen:
        for s in range(variant.first - 1, variant.last):
            added = variant.added_flops if s == variant.first - 1 else 0.0
            work[s] = work[s] * variant.flops_factor + added
            activation[s + 1] *= variant.activations_kept  # what stage s + 1 (1-based) makes
            parameters[s] *= variant.parameters_kept
            menus[s] = variant.menus.get(s + 1, menus[s])
            for tier, speeds in zip(seconds, adapted.speeds, strict=True):
                for times, speed in zip(tier, speeds, strict=True):
                    times[s] = times[s] * variant.flops_factor + added / speed
    problem = replace(
        plain,
        flops=work,
        activation=activation,
        parameters=parameters,
        menus=menus,
        classifiers=[s for s in range(1, plain.stages) if not math.isnan(menus[s - 1][0][0])],
        options=[
            [replace(option, seconds=tuple(times)) for option, times in zip(options, tier, strict=True)]
            for options, tier in zip(plain.options, seconds, strict=True)
        ],
    )
    return Case(problem, tuple(work), chosen, tuple(plain.activation))
