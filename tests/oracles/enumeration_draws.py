"""Draws small instances of all kinds for `enumeration` and writes them as folders: a TOML file and its tables.

Tiers may say how many machines of a type there are: `solve` counts them for fleets alone, and draws show that nothing
else is changed. Limits are taken from what decisions drawn by chance achieve, exactly or nearly, so that they bind,
clash or just hold.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from oracles.enumeration import decisions
from oracles.enumeration_reading import Documents, read
from oracles.enumeration_toml import toml
from oracles.enumeration_valuation import Valuation

TRAITS = ("extreme", "truncated", "cold", "adapted", "tail", "weighted", "printed", "listed", "near")
"""Kinds of draws that can be left out, or be in every draw."""
MOST = 4000
"""Decisions of an instance, at most."""
MEASURES = ("worst", "worst", "mean", "mean", "p50", "p75", "p90", "p95", "p99", "p99.9")
NEAR = (1.0 - 1e-7, 1.0 - 1e-8, 1.0 - 1e-6, 1.0 + 1e-7)
SLACKS = (1.0, 1.0, 1.0, 1.0 - 1e-7, 1.0 + 1e-7, 1.0 - 1e-3, 1.01, 1.3, 3.0, 0.8)


def draw(
    seed: int,
    folder: Path,
    without: Sequence[str] = (),
    always: Sequence[str] = (),
    change: Callable[[Draw], bool] | None = None,
) -> Path:
    """Write the instance of a seed to `folder`, drawn again until it is small enough; the path of its TOML file.

    Traits in `without` are left out, those in `always` are in every draw. `change` may ask for something else before
    limits are set; where it says no, another one is drawn.
    """
    for attempt in range(1000):
        drawn = Draw(random.Random(f"{seed}.{attempt}"), without, always)
        if change is not None and not change(drawn):
            continue
        path = drawn.write(folder, f"drawn-{seed}")
        doc = read(path)
        many = [decision for _, decision in zip(range(MOST + 1), decisions(doc), strict=False)]
        if len(many) > MOST:
            continue
        if many:
            drawn.limit(doc, many)
            drawn.write(folder, f"drawn-{seed}")
        return path
    raise RuntimeError(f"seed {seed} draws nothing small")


class Draw:
    """One instance as it is drawn: the document as nested dictionaries and its tables by file name."""

    def __init__(self, rng: random.Random, without: Sequence[str], always: Sequence[str]) -> None:
        self.rng = rng
        self.traits = {
            name: name not in without and (rng.random() < share or name in always)
            for name, share in zip(TRAITS, (0.2, 0.3, 0.4, 0.25, 0.1, 0.1, 0.08, 0.2, 0.1), strict=True)
        }
        self.depth = rng.choice((1, 2, 2, 3, 3, 4))
        self.tables: dict[str, list[dict[str, Any]]] = {}
        self.body: dict[str, Any] = {"schema": 1, "name": ""}
        self.body["network"] = self.network()
        self.exits()
        self.body["workload"] = {}
        self.body["tier"] = self.tiers()
        self.body["link"] = self.links()
        if self.traits["adapted"] and not self.traits["printed"]:
            self.adapt()
        self.ask()

    def size(self, low: float, high: float, least: float, most: float) -> float:
        """A number between low and high by magnitude, between least and most in extreme instances."""
        if self.traits["extreme"] and self.rng.random() < 0.6:
            low, high = least, most
        number = low * (high / low) ** self.rng.random()
        return float(f"{number:.{self.rng.choice((1, 3, 15))}g}")

    def network(self) -> dict[str, Any]:
        """Stages and input."""
        same = self.rng.random() < 0.2
        flops = self.size(1e6, 1e10, 1e0, 1e18)
        self.tables["stages.csv"] = [
            {
                "stage": s + 1,
                "flops": flops if same else self.size(1e6, 1e10, 1e0, 1e18),
                "activation_bytes": int(self.size(1e2, 1e7, 1, 1e12)),
                "parameter_bytes": int(self.size(1e3, 1e9, 1, 1e12)),
            }
            for s in range(self.depth)
        ]
        return {"stages": "stages.csv", "input_bytes": self.rng.choice((0, int(self.size(1e2, 1e7, 1, 1e12))))}

    def share(self) -> float:
        """A share, often a round one."""
        rng = self.rng
        return rng.choice((round(0.05 * rng.randrange(21), 2), round(rng.random(), 2), round(rng.random(), 7)))

    def rows(self, s: int) -> list[dict[str, Any]]:
        """A menu of a stage."""
        if s == self.depth - 1:
            return [{"stage": s + 1, "threshold": 0, "exit_rate": 1, "accuracy": self.correct()}]
        number = self.rng.choice((1, 2, 3, 3))
        rates = sorted((self.share() for _ in range(number)), reverse=True)
        if not self.traits["truncated"]:
            rates = [min(rate, 0.95) for rate in rates]
        elif self.rng.random() < 0.6:
            rates[0] = 1.0
        if self.rng.random() < 0.3:
            rates[-1] = 0.0
        return [
            {"stage": s + 1, "threshold": (i + 1) / 8, "exit_rate": rate, "accuracy": self.correct()}
            for i, rate in enumerate(rates)
        ]

    def correct(self) -> float:
        """An accuracy."""
        return self.rng.choice((0.5, 0.9, 1.0, round(self.rng.uniform(0.5, 1), 3), self.rng.uniform(0.3, 1)))

    def exits(self) -> None:
        """The exit table, or none."""
        if self.rng.random() < 0.1:
            return
        held = [s for s in range(self.depth - 1) if self.rng.random() < 0.75] + [self.depth - 1]
        self.tables["exits.csv"] = [row for s in held for row in self.rows(s)]
        self.body["exits"] = {"table": "exits.csv"}

    def tiers(self) -> list[dict[str, Any]]:
        """One to three tiers."""
        rng = self.rng
        kinds = rng.choices(("device", "edge", "vm", "function"), (1, 1, 3, 3), k=rng.choice((1, 2, 2, 3)))
        if self.traits["printed"]:
            kinds = ["vm", "function"]
        elif rng.random() < 0.7:
            kinds.sort(key=("device", "edge", "vm", "function").index)
        return [self.tier(k, kind) for k, kind in enumerate(kinds)]

    def tier(self, k: int, kind: str) -> dict[str, Any]:
        """One tier."""
        rng = self.rng
        tier: dict[str, Any] = {"name": f"{kind}{k}", "kind": kind}
        if rng.random() < 0.15 and not self.traits["printed"]:
            tier["stage_specific"] = True
        if rng.random() < 0.3:
            tier["joules_per_flop"] = self.size(1e-12, 1e-8, 1e-18, 1e3)
        if rng.random() < 0.3:
            tier["joules_per_byte"] = self.size(1e-9, 1e-5, 1e-18, 1e3)
        if rng.random() < 0.1:
            tier["payload_max_bytes"] = int(self.size(1e3, 1e7, 1, 1e12))
        if kind == "function":
            if rng.random() < 0.6:
                tier["cold_start_ms"] = self.size(1, 1e3, 1e-6, 1e9)
                # without the trait a cold start is met by nobody or by everybody, so that no share of requests is mixed
                shares = (0.0, 1.0, 0.01, 0.05, 0.1, 0.5, 0.001) if self.traits["cold"] else (0.0, 1.0, None)
                if (share := rng.choice(shares)) is not None:
                    tier["cold_share"] = share
        elif rng.random() < 0.2:
            tier["workers"] = rng.choice((2, 3, 8))
            if rng.random() < 0.3:
                tier["machines_max"] = rng.choice((1, 2))
        measured = rng.random() < (0.7 if self.traits["tail"] else 0.2)
        if kind in ("vm", "function") and self.traits["listed"] and not measured:
            return tier | self.listed(kind)
        tier["option"] = [self.option(kind, f"o{k}{i}", measured) for i in range(rng.choice((1, 2, 2, 3)))]
        if measured:
            tier["stage_times"] = f"times{k}.csv"
            self.tables[tier["stage_times"]] = [
                {"stage": s + 1, "option": option["name"], **self.measured()}
                for option in tier["option"]
                for s in range(self.depth)
            ]
        return tier

    def listed(self, kind: str) -> dict[str, Any]:
        """Options by name or size, with prices of the instance's own."""
        rng = self.rng
        self.body["catalog"] = ["vms.csv", "functions.csv"]
        if "vms.csv" not in self.tables:
            self.tables["vms.csv"] = [
                {"name": f"m{v}", "vcpus": v, "memory_mb": 1024 * v, "usd_per_hour": self.size(1e-2, 10, 1e-18, 1e6)}
                | {"as_of": "2026-01-01"}
                for v in (1, 2, 8)
            ]
            prices = {"usd_per_gb_s": self.size(1e-6, 1e-4, 1e-18, 1e6), "usd_per_request": rng.choice((0.0, 2e-7))}
            self.tables["functions.csv"] = [
                {"region": "mine", "arch": "x86_64"}
                | prices
                | {"duration_max_s": rng.choice((900, 900, 1e15, 0.1, 1)), "as_of": "2026-01-01"}
            ]
        tier = {"flops_per_s_per_vcpu": self.size(1e8, 1e12, 1e3, 1e18)}
        if rng.random() < 0.7:
            tier["parallel_fraction"] = rng.choice((0.0, 0.5, 0.95))
        if kind == "vm":
            return tier | {"options": rng.sample(("m1", "m2", "m8"), rng.choice((1, 2, 3)))}
        sizes = sorted(rng.sample((128, 512, 1769, 3538, 10240), rng.choice((1, 2, 3))))
        return tier | {"memory_mb": sizes, "region": "mine"}

    def measured(self) -> dict[str, Any]:
        """A measured time."""
        mean = self.size(0.1, 300, 1e-9, 1e12)
        return {"mean_ms": mean, "sd_ms": self.rng.choice((0.0, mean * 0.1, mean * self.rng.random()))}

    def option(self, kind: str, name: str, measured: bool) -> dict[str, Any]:
        """An option written out."""
        rng = self.rng
        option: dict[str, Any] = {"name": name}
        if not measured:
            option["flops_per_s"] = self.size(1e8, 1e12, 1e0, 1e18)
        if kind == "function":
            option["memory_mb"] = rng.choice((128, 512, 1024, 1769, 3008))
            option["usd_per_gb_s"] = self.size(1e-6, 1e-4, 1e-18, 1e6)
            if rng.random() < 0.6:
                option["usd_per_request"] = self.size(1e-8, 1e-5, 1e-18, 1e6)
        else:
            if kind == "vm" or rng.random() < 0.5:
                option["usd_per_hour"] = rng.choice((0.0, 0.1, *[self.size(1e-2, 10, 1e-18, 1e6)] * 6))
            if rng.random() < 0.3:
                option["memory_mb"] = rng.choice((256, 1024, 4096))
            if rng.random() < 0.1:
                option["workers"] = rng.choice((1, 2, 5))
        if rng.random() < 0.15:
            option["joules_per_flop"] = self.size(1e-12, 1e-8, 1e-18, 1e3)
        return option

    def links(self) -> list[dict[str, Any]]:
        """Links from most tiers to later ones, some from the client, and the source of the input."""
        rng = self.rng
        names = [tier["name"] for tier in self.body["tier"]]
        pairs = [(a, b) for i, a in enumerate(names) for b in names[i + 1 :] if rng.random() < 0.9]
        pairs += [("client", name) for name in names if rng.random() < 0.3]
        if rng.random() < 0.3:
            self.body["workload"]["source"] = rng.choice(names)
        return [self.link(a, b) for a, b in pairs]

    def link(self, a: str, b: str) -> dict[str, Any]:
        """One link."""
        rng = self.rng
        link: dict[str, Any] = {"from": a, "to": b, "bandwidth_mbit_s": self.size(1, 1e4, 1e-6, 1e9)}
        if rng.random() < 0.6:
            link["round_trip_ms"] = self.size(0.1, 100, 1e-9, 1e9)
        if rng.random() < 0.4:
            link["usd_per_gb"] = self.size(1e-2, 1, 1e-18, 1e6)
        if rng.random() < 0.4:
            link["trusted"] = False
        return link

    def adapt(self) -> None:
        """Tables of compressions and protections, and variants."""
        rng = self.rng
        cuts = [c for c in range(self.depth) if rng.random() < 0.6]
        if cuts and rng.random() < 0.7:
            self.tables["handovers.csv"] = [row for c in cuts for row in self.compressions(c)]
            self.body["adaptation"] = {"handovers": "handovers.csv"}
        cuts = [c for c in range(self.depth) if rng.random() < 0.6]
        if cuts and rng.random() < 0.6:
            self.tables["privacy.csv"] = [row for c in cuts for row in self.protections(c)]
            self.body["privacy"] = {"table": "privacy.csv", "baseline_mse": 0.07}
            if rng.random() < 0.5:
                self.body["privacy"] |= {"weight_cross_entropy": 0.5, "weight_mse": rng.choice((0.0, 1.0, 3.0))}
        if rng.random() < 0.5:
            first = rng.randrange(self.depth)
            last = rng.randrange(first, self.depth)
            self.body["variant"] = [self.variant(v, first, last) for v in range(rng.choice((1, 1, 2)))]

    def compressions(self, cut: int) -> list[dict[str, Any]]:
        """Rows of a cut: `none` and one or two methods."""
        rng = self.rng
        rows = [self.compression(cut, "none", "", 1.0, 0.0, 0.98, 0.08)]
        for method, width, spread in rng.sample((("q8", "8", 0.0), ("ae", "0.25", 0.0), ("sparse", "", 0.05)), 2)[
            : rng.choice((1, 2))
        ]:
            kept, right = round(rng.uniform(0.05, 0.9), 3), round(0.98 - 0.1 * rng.random(), 4)
            rows.append(self.compression(cut, method, width, kept, spread, right, round(0.08 + 0.2 * rng.random(), 4)))
        return rows

    def compression(
        self, cut: int, method: str, width: str, kept: float, spread: float, right: float, nats: float
    ) -> dict[str, Any]:
        """One row of the table of hand-overs."""
        coded = method != "none" and self.rng.random() < 0.7
        return {
            "cut": cut,
            "method": method,
            "width": width,
            "kept_fraction": kept,
            "kept_sd": spread,
            "accuracy": right,
            "cross_entropy": nats,
            "encode_flops": int(self.size(1e3, 1e8, 1, 1e15)) if coded else 0,
            "decode_flops": int(self.size(1e3, 1e8, 1, 1e15)) if coded else 0,
            **dict.fromkeys(("encode_ms", "encode_sd_ms", "decode_ms", "decode_sd_ms"), 0),
            "samples": 100,
        }

    def protections(self, cut: int) -> list[dict[str, Any]]:
        """Rows of a cut: `none` and one or two strengths of noise."""
        rng = self.rng
        base = {"cut": cut, "protection": "none", "scale": 0, "mse": round(0.03 * rng.random(), 4)}
        rows: list[dict[str, Any]] = [base | {"cross_entropy": 0.09, "accuracy": 0.98, "added_flops": 0, "seeds": 3}]
        for scale in (0.5, 2.0)[: rng.choice((1, 2))]:
            noisy = {"cut": cut, "protection": "laplace", "scale": scale, "mse": round(0.09 * rng.random(), 4)}
            nats, right = round(0.09 + scale * rng.random(), 4), round(0.98 - 0.1 * scale * rng.random(), 4)
            added = int(self.size(1e3, 1e8, 1, 1e15))
            rows.append(noisy | {"cross_entropy": nats, "accuracy": right, "added_flops": added, "seeds": 3})
        return rows

    def variant(self, v: int, first: int, last: int) -> dict[str, Any]:
        """A variant of a block."""
        rng = self.rng
        variant: dict[str, Any] = {"name": f"v{v}", "stages": [first + 1, last + 1]}
        variant["flops_factor"] = round(rng.uniform(0.2, 1.2), 2)
        if rng.random() < 0.4:
            variant["added_flops"] = self.size(1e4, 1e8, 1, 1e15)
        if rng.random() < 0.5:
            variant["parameters_kept"] = 0.25
        if rng.random() < 0.4:
            variant["activations_kept"] = 0.5
        if rng.random() < 0.6:
            variant["accuracy_loss"] = round(0.05 * rng.random(), 4)
        held = {row["stage"] for row in self.tables.get("exits.csv", [])}
        own = [s for s in range(first, last + 1) if s + 1 in held and rng.random() < 0.7]
        if own and rng.random() < 0.5:
            variant["exits"] = f"exits-v{v}.csv"
            self.tables[variant["exits"]] = [row for s in own for row in self.rows(s)]
        return variant

    def ask(self) -> None:
        """The question, without its limits."""
        rng, workload = self.rng, self.body["workload"]
        objective: dict[str, Any] = {"minimize": rng.choice(("cost", "cost", "cost", "latency", "energy", "privacy"))}
        measure = rng.choice(MEASURES)
        if self.traits["tail"]:
            measure = rng.choice(MEASURES[4:])
            workload["tail"] = rng.choice(("normal", "any"))
        workload["latency_measure"] = measure
        objective["accounting"] = rng.choice(("per-request", "per-request", "reserved"))
        if self.traits["printed"]:
            objective["accounting"] = "as-printed"
        if objective["accounting"] == "reserved" or rng.random() < 0.3:
            workload["rate_per_s"] = self.size(1, 1e3, 1e-6, 1e6)
            if rng.random() < 0.4:
                workload["utilisation_cap"] = rng.choice((0.5, 0.7, 1.0))
        if self.traits["weighted"]:
            names = rng.sample(("cost", "latency", "privacy", "energy", "accuracy"), rng.choice((1, 2, 3)))
            if "exits" not in self.body:
                names = [name for name in names if name != "accuracy"] or ["cost"]
            objective["minimize"] = "weighted"
            objective["weights"] = {name: rng.choice((1.0, 0.5, 3.0)) for name in names}
        elif rng.random() < 0.2:
            others = ("cost", "latency", "privacy", "energy", "accuracy" if "exits" in self.body else "latency")
            left = sorted({*others} - {objective["minimize"]})
            objective["then"] = rng.sample(left, rng.choice((1, 2)))
        self.body["objective"] = objective

    def limit(self, doc: Documents, many: list[Any]) -> None:
        """Limits near what a decision achieves."""
        rng, workload = self.rng, self.body["workload"]
        slacks = NEAR if self.traits["near"] else SLACKS
        worths = [Valuation(doc, rng.choice(many)).worth() for _ in range(rng.choice((1, 1, 1, 3)))]
        if "exits" in self.body and rng.random() < 0.6 and (accuracy := max(w.accuracy for w in worths)) > 0:
            workload["accuracy_min"] = min(1.0, accuracy / rng.choice(slacks))
        for key, name, share in (
            ("latency_slo_ms", "latency", 0.5),
            ("cost_max_usd", "cost", 0.25),
            ("energy_max_j", "energy", 0.25),
            *([("carbon_max_g", "carbon", 0.3)] if "carbon" in self.body else []),
            ("privacy_max", "privacy", 0.25),
        ):
            value = min(getattr(worth, name) for worth in worths)
            if rng.random() < share and 1e-300 < value < 1e300:
                workload[key] = value * rng.choice(slacks)
        if self.traits["adapted"] and rng.random() < 0.15:
            workload["mse_min"] = round(0.05 * rng.random(), 4)
        if self.traits["adapted"] and rng.random() < 0.15:
            workload["cross_entropy_max"] = round(0.09 + rng.random() * 0.3, 4)

    def write(self, folder: Path, name: str) -> Path:
        """Write the document and its tables; the path of the document."""
        folder.mkdir(parents=True, exist_ok=True)
        for file, rows in self.tables.items():
            with (folder / file).open("w", newline="", encoding="utf-8") as out:
                writer = csv.DictWriter(out, list(rows[0]))
                writer.writeheader()
                writer.writerows(rows)
        path = folder / "instance.toml"
        path.write_text(toml(self.body | {"name": name}), encoding="utf-8")
        return path
