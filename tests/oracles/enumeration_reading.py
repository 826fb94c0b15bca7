"""Reads the documents of an instance for `enumeration`: `tomllib` and `csv` alone, nothing of the package.

Written from the pages on instance files and on adaptation. Only what is drawn by `enumeration_draws` is read: options
written out, tables of exits with one row chosen each, no samples, no ranges, no curves.
"""

from __future__ import annotations

import csv
import itertools
import tomllib
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

MACHINES = ("device", "edge", "vm")
PASSING = ("vm", "edge")
"""Kinds that are paid for the seconds of a hand-over."""


@dataclass(frozen=True)
class Row:
    """A threshold of a classifier: which share of those who arrive leaves, and how often they are right."""

    threshold: float
    exit_rate: Fraction
    accuracy: Fraction


@dataclass(frozen=True)
class Choice:
    """An option of a tier; seconds a stage, USD a second, bytes, joules an operation, watts, grams an hour."""

    name: str
    tier: int
    speed: float
    seconds: tuple[float, ...]
    deviations: tuple[float, ...]
    usd_per_hour: float
    workers: int
    fee: float
    usd_per_second: float
    memory: float | None
    joules_per_flop: float
    longest: float
    idle: float = 0.0
    full: float = 0.0
    embodied: float = 0.0


@dataclass(frozen=True)
class Group:
    """A tier; `most` machines of a type there are, for those who count them; grams a joule."""

    name: str
    kind: str
    choices: tuple[Choice, ...]
    cold: float
    cold_share: Fraction
    mixed: bool
    payload: float | None
    joules_per_byte: float
    most: int | None = None
    grams: float = 0.0


@dataclass(frozen=True)
class Wire:
    """A link."""

    bits_per_second: float
    round_trip: float
    usd_per_byte: float
    trusted: bool


@dataclass(frozen=True)
class Manner:
    """How a hand-over happens at a cut: a compression and a protection."""

    compression: str = "none"
    width: str = ""
    protection: str = "none"
    scale: str = ""
    kept: float = 1.0
    encode: float = 0.0
    decode: float = 0.0
    lost: Fraction = Fraction(0)
    nats_added: float = 0.0
    nats: float | None = None
    mse: float | None = None


@dataclass(frozen=True)
class Form:
    """A block of stages in a variant."""

    name: str
    first: int
    last: int
    factor: float
    added: float
    parameters: float
    activations: float
    lost: Fraction
    rows: dict[int, tuple[Row, ...]]


@dataclass(frozen=True)
class Documents:
    """An instance; stages count from 0. `counted`: no more machines than tiers say; `emitting`: carbon counts."""

    flops: tuple[float, ...]
    activations: tuple[float, ...]
    parameters: tuple[float, ...]
    input_bytes: float
    rows: dict[int, tuple[Row, ...]]
    groups: tuple[Group, ...]
    wires: dict[tuple[str, str], Wire]
    source: str
    manners: dict[int, tuple[Manner, ...]]
    forms: dict[tuple[int, int], tuple[Form, ...]]
    baseline_mse: float | None
    weight_mse: float
    weight_nats: float
    workload: dict[str, Any]
    minimize: str
    accounting: str
    then: tuple[str, ...] = ()
    weights: dict[str, float] = field(default_factory=dict)
    counted: bool = True
    emitting: bool = False

    @property
    def depth(self) -> int:
        """Number of stages."""
        return len(self.flops)


def read(path: Path) -> Documents:
    """The documents of the instance in the TOML file `path`."""
    raw = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Fraction)
    folder = path.parent
    network, workload, objective = raw["network"], raw["workload"], raw["objective"]
    stages = sorted(table(folder / network["stages"]), key=lambda row: int(row["stage"]))
    flops = tuple(float(row["flops"]) for row in stages)
    privacy, carbon = raw.get("privacy", {}), raw.get("carbon", {})
    prices = [row for name in raw.get("catalog", []) for row in table(folder / name)]
    return Documents(
        flops=flops,
        activations=tuple(float(row["activation_bytes"]) for row in stages),
        parameters=tuple(float(row["parameter_bytes"]) for row in stages),
        input_bytes=float(network["input_bytes"]),
        rows=exit_rows(folder / raw["exits"]["table"]) if "exits" in raw else {},
        groups=tuple(
            group(k, {**carbon, **tier, **priced(tier, prices)}, folder, flops) for k, tier in enumerate(raw["tier"])
        ),
        wires={(link["from"], link["to"]): wire(link) for link in raw.get("link", [])},
        source=workload.get("source", "client"),
        manners=ways(raw, folder),
        forms=blocks(raw.get("variant", []), folder),
        baseline_mse=float(privacy["baseline_mse"]) if "baseline_mse" in privacy else None,
        weight_mse=float(privacy.get("weight_mse", 1)),
        weight_nats=float(privacy.get("weight_cross_entropy", 0)),
        workload=workload,
        minimize=objective.get("minimize", "cost"),
        accounting=objective.get("accounting", "per-request"),
        then=tuple(objective.get("then", ())),
        weights={name: float(weight) for name, weight in objective.get("weights", {}).items()},
        emitting="carbon" in raw,
    )


def table(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with path.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def exit_rows(path: Path) -> dict[int, tuple[Row, ...]]:
    """Rows of an exit table by stage."""
    found: dict[int, list[Row]] = {}
    for line in table(path):
        row = Row(float(line["threshold"]), Fraction(line["exit_rate"]), Fraction(line["accuracy"]))
        found.setdefault(int(line["stage"]) - 1, []).append(row)
    return {s: tuple(rows) for s, rows in found.items()}


def priced(tier: dict[str, Any], prices: list[dict[str, str]]) -> dict[str, Any]:
    """Options of a tier that are named or sized instead of written out, from the instance's own prices."""
    if "option" in tier:
        return {}
    core, p = float(tier.get("flops_per_s_per_vcpu", 0)), float(tier.get("parallel_fraction", 1))
    if tier["kind"] != "function":
        rows = {row["name"]: row for row in prices if row.get("vcpus")}
        return {
            "option": [
                {"name": name, "flops_per_s": amdahl(core, p, float(rows[name]["vcpus"]))}
                | {"cores": float(rows[name]["vcpus"])}
                | {key: Fraction(rows[name][key]) for key in ("usd_per_hour", "memory_mb")}
                for name in tier["options"]
            ]
        }
    row = next(row for row in prices if row.get("usd_per_gb_s") and row["region"] == tier["region"])
    paid = {key: Fraction(row[key]) for key in ("usd_per_gb_s", "usd_per_request")}
    paid["longest_s"] = Fraction(row.get("duration_max_s") or 900)
    return {
        "option": [
            {"name": f"lambda-{size}MB", "memory_mb": size, "flops_per_s": amdahl(core, p, size / 1769)}
            | {"cores": size / 1769}
            | paid
            for size in tier["memory_mb"]
        ]
    }


def amdahl(core: float, parallel: float, vcpus: float) -> float:
    """Speed of some vCPUs."""
    return core * vcpus if vcpus < 1 else core / ((1 - parallel) + parallel / vcpus)


def group(k: int, tier: dict[str, Any], folder: Path, flops: tuple[float, ...]) -> Group:
    """Tier number k."""
    cold = float(tier.get("cold_start_ms", 0)) / 1000
    share = Fraction(tier.get("cold_share", 1 if cold else 0))
    times = table(folder / tier["stage_times"]) if "stage_times" in tier else []
    return Group(
        name=tier["name"],
        kind=tier["kind"],
        choices=tuple(choice(k, tier, option, times, flops) for option in tier["option"]),
        cold=cold if tier["kind"] == "function" else 0.0,
        cold_share=share,
        mixed=bool(tier.get("stage_specific", False)),
        payload=float(tier["payload_max_bytes"]) if "payload_max_bytes" in tier else None,
        joules_per_byte=float(tier.get("joules_per_byte", 0)),
        most=tier.get("machines_max"),
        grams=float(tier.get("g_per_kwh", 0)) * float(tier.get("pue", 1)) / 3.6e6,
    )


def choice(
    k: int, tier: dict[str, Any], option: dict[str, Any], times: list[dict[str, str]], flops: tuple[float, ...]
) -> Choice:
    """An option of tier k: measured where the tier has times, else operations through speed."""
    measured = {int(row["stage"]) - 1: row for row in times if row["option"] == option["name"]}
    if times:
        seconds = tuple(float(measured[s]["mean_ms"]) / 1000 for s in range(len(flops)))
        deviations = tuple(float(measured[s].get("sd_ms") or 0) / 1000 for s in range(len(flops)))
        speed = sum(flops) / sum(seconds) if sum(seconds) > 0 else float("inf")
    else:
        speed = float(option["flops_per_s"])
        seconds = tuple(f / speed for f in flops)
        deviations = tuple(0.0 for _ in flops)
    gigabytes = float(option.get("memory_mb", 0)) / 1024
    return Choice(
        name=option["name"],
        tier=k,
        speed=speed,
        seconds=seconds,
        deviations=deviations,
        usd_per_hour=float(option.get("usd_per_hour", 0)),
        workers=int(option.get("workers", tier.get("workers", 1))),
        fee=float(option.get("usd_per_request", 0)),
        usd_per_second=float(option.get("usd_per_gb_s", 0)) * gigabytes,
        memory=float(option["memory_mb"]) * 2**20 if "memory_mb" in option else None,
        joules_per_flop=float(option.get("joules_per_flop", tier.get("joules_per_flop", 0))),
        longest=float(option.get("longest_s", "inf")),
        **watts(tier, option),
    )


def watts(tier: dict[str, Any], option: dict[str, Any]) -> dict[str, float]:
    """What an option draws idle and full, and what making it took, by the file alone."""
    cores = float(option["cores"]) if "cores" in option else 0.0
    idle, full = (float(watt) for watt in option.get("watts", (0, 0)))
    if "watts_per_vcpu" in tier:
        idle, full = (float(watt) * cores for watt in tier["watts_per_vcpu"])
    embodied = float(option.get("embodied_g_per_hour", float(tier.get("embodied_g_per_vcpu_hour", 0)) * cores))
    return {"idle": idle, "full": full, "embodied": embodied if tier.get("embodied", True) else 0.0}


def wire(link: dict[str, Any]) -> Wire:
    """A link in bits, seconds and USD a byte."""
    return Wire(
        bits_per_second=float(link["bandwidth_mbit_s"]) * 1e6,
        round_trip=float(link.get("round_trip_ms", 0)) / 1000,
        usd_per_byte=float(link.get("usd_per_gb", 0)) / 1e9,
        trusted=bool(link.get("trusted", True)),
    )


def ways(raw: dict[str, Any], folder: Path) -> dict[int, tuple[Manner, ...]]:
    """The pairs of a compression and a protection at each cut that has a row."""
    adaptation, privacy = raw.get("adaptation", {}), raw.get("privacy", {})
    packed = by_cut(folder, adaptation.get("handovers"), "method", adaptation.get("methods"))
    shielded = by_cut(folder, privacy.get("table"), "protection", privacy.get("protections"))
    found = {}
    for cut in sorted(packed.keys() | shielded.keys()):
        compressions: list[dict[str, str] | None] = [*packed.get(cut, [])] or [None]
        protections: list[dict[str, str] | None] = [*shielded.get(cut, [])] or [None]
        pairs = [
            manner(compression, protection, compressions, protections)
            for compression, protection in itertools.product(compressions, protections)
            if fixed_size(compression) or protection is None or protection["protection"] == "none"
        ]
        found[cut] = tuple(pairs)
    return found


def fixed_size(compression: dict[str, str] | None) -> bool:
    """Whether a compression's size does not depend on the values."""
    return compression is None or not float(compression.get("kept_sd") or 0)


def by_cut(folder: Path, name: str | None, column: str, kept: list[str] | None) -> dict[int, list[dict[str, str]]]:
    """Rows of a table by cut, of the methods that are kept; `none` always is."""
    found: dict[int, list[dict[str, str]]] = {}
    for row in table(folder / name) if name else []:
        if kept is None or row[column] == "none" or row[column] in kept:
            found.setdefault(int(row["cut"]), []).append(row)
    return found


def manner(
    compression: dict[str, str] | None,
    protection: dict[str, str] | None,
    compressions: list[dict[str, str] | None],
    protections: list[dict[str, str] | None],
) -> Manner:
    """One way, its losses against `none` of the same table."""
    plain = next((row for row in compressions if row and row["method"] == "none"), None)
    bare = next((row for row in protections if row and row["protection"] == "none"), None)
    lost, added = Fraction(0), 0.0
    for row, base in ((compression, plain), (protection, bare)):
        if row and base:
            lost += Fraction(base["accuracy"]) - Fraction(row["accuracy"])
            added += float(row["cross_entropy"]) - float(base["cross_entropy"])
    first = bare or plain
    return Manner(
        compression=compression["method"] if compression else "none",
        width=(compression.get("width") or "") if compression else "",
        protection=protection["protection"] if protection else "none",
        scale=protection["scale"] if protection else "",
        kept=float(compression["kept_fraction"]) if compression else 1.0,
        encode=(float(compression["encode_flops"]) if compression else 0.0)
        + (float(protection["added_flops"]) if protection else 0.0),
        decode=float(compression["decode_flops"]) if compression else 0.0,
        lost=lost,
        nats_added=added,
        nats=float(first["cross_entropy"]) + added if first else None,
        mse=float(protection["mse"]) if protection else None,
    )


def blocks(variants: list[dict[str, Any]], folder: Path) -> dict[tuple[int, int], tuple[Form, ...]]:
    """Variants by the stages of their block."""
    found: dict[tuple[int, int], list[Form]] = {}
    for variant in variants:
        first, last = (int(s) - 1 for s in variant["stages"])
        form = Form(
            name=variant["name"],
            first=first,
            last=last,
            factor=float(variant.get("flops_factor", 1)),
            added=float(variant.get("added_flops", 0)),
            parameters=float(variant.get("parameters_kept", 1)),
            activations=float(variant.get("activations_kept", 1)),
            lost=Fraction(variant.get("accuracy_loss", 0)),
            rows=exit_rows(folder / variant["exits"]) if "exits" in variant else {},
        )
        found.setdefault((first, last), []).append(form)
    return {block: tuple(forms) for block, forms in found.items()}
