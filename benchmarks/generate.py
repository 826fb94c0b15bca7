"""Random placement instances of a given size, realistic in magnitude, deterministic by seed."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np

BASELINE = 0.067
"""Error of an attacker who sees nothing: the digits' in `instances/digits`, and so are the sizes of what follows."""
PROTECTIONS = ((30, 0.05, 0.012), (10, 0.18, 0.08), (3, 0.6, 0.4))
"""ε of the noise; share of the error still missing that it adds; accuracy lost at cut 0."""


def write_instance(
    folder: Path, stages: int, thresholds: int, options: int, seed: int, *, private: bool = False
) -> Path:
    """Write an instance folder and return the path of its TOML file.

    A device, VMs and functions share the options (1 : 9 : 8). Confidences of a classifier are Beta distributed and
    sharpen with depth, so that exit rates and accuracies are those of a plausible network. The accuracy floor lies
    between what the first and the last classifier reach; the latency bound between the fastest and the slowest path.

    A private instance is the same one with links from the device that are not trusted and four ways to hand over at
    each cut, none and noise of three strengths. An attacker's error rises with the cut's depth and with the noise, the
    accuracy falls with the noise, less at deeper cuts.
    """
    rng = np.random.default_rng([seed, stages, thresholds, options])
    folder.mkdir(parents=True, exist_ok=True)
    flops = rng.uniform(0.5, 2.0, stages) * 1e9
    activation = rng.choice([16, 32, 64, 128, 256], stages) * 1024.0
    parameters = rng.uniform(1e6, 4e7, stages)
    _write(
        folder / "stages.csv",
        "stage,flops,activation_bytes,parameter_bytes",
        [(s + 1, round(flops[s]), int(activation[s]), round(parameters[s])) for s in range(stages)],
    )
    rows: list[tuple[float, ...]] = []
    for s in range(stages - 1):
        depth = (s + 1) / stages
        alpha = np.linspace(0.5, 0.995, thresholds)
        sharp = 0.5 + 2.5 * depth * rng.uniform(0.8, 1.2)
        rate = np.clip((1 - ((alpha - 0.5) / 0.5) ** sharp), 0, 1) * rng.uniform(0.7, 0.95)
        base = 0.55 + 0.38 * depth**0.5
        accuracy = np.clip(base + (0.99 - base) * ((alpha - 0.5) / 0.5), 0, 0.995)
        rows += [(s + 1, round(a, 6), round(e, 6), round(r, 6)) for a, e, r in zip(alpha, rate, accuracy, strict=True)]
    rows.append((stages, 0, 1, 0.95))
    _write(folder / "exits.csv", "stage,threshold,exit_rate,accuracy", rows)
    devices = max(1, options // 18)
    machines = max(1, (options - devices) * 9 // 17)
    functions = options - devices - machines
    lines = [
        "schema = 1",
        f'name = "random-{stages}x{thresholds}x{options}-{seed}"',
        "[network]",
        'stages = "stages.csv"',
        "input_bytes = 150528",
        "[exits]",
        'table = "exits.csv"',
        "[workload]",
        "rate_per_s = 50.0",
        "accuracy_min = 0.9",
        'latency_measure = "worst"',
        'source = "device"',
        f"latency_slo_ms = {1000 * flops.sum() / 4e10 * rng.uniform(1.0, 2.0) + 60:.3f}",
        "[objective]",
        'minimize = "cost"',
    ]
    lines += ["[[tier]]", 'name = "device"', 'kind = "device"']
    for i in range(devices):
        lines += [
            "[[tier.option]]",
            f'name = "device{i}"',
            f"flops_per_s = {rng.uniform(5e9, 2e10):.6g}",
            f"usd_per_hour = {rng.uniform(0.005, 0.02):.4g}",
            "memory_mb = 512",
        ]
    lines += ["[[tier]]", 'name = "vm"', 'kind = "vm"']
    for i in range(machines):
        size = 2 ** rng.uniform(0, 4)
        lines += [
            "[[tier.option]]",
            f'name = "vm{i}"',
            f"flops_per_s = {2e10 * size**0.85 * rng.uniform(0.9, 1.1):.6g}",
            f"usd_per_hour = {0.0425 * size * rng.uniform(0.9, 1.1):.5g}",
            f"memory_mb = {int(2048 * size)}",
        ]
    lines += ["[[tier]]", 'name = "function"', 'kind = "function"', "cold_start_ms = 40", "cold_share = 0.05"]
    for i in range(functions):
        memory = int(rng.integers(1024, 10240))
        lines += [
            "[[tier.option]]",
            f'name = "fn{i}"',
            f"flops_per_s = {1.5e10 * (memory / 1769) ** 0.9:.6g}",
            "usd_per_gb_s = 0.0000166667",
            "usd_per_request = 0.0000002",
            f"memory_mb = {memory}",
        ]
    for a, b, bandwidth in (("device", "vm", 100), ("device", "function", 100), ("vm", "function", 1000)):
        lines += ["[[link]]", f'from = "{a}"', f'to = "{b}"', f"bandwidth_mbit_s = {bandwidth}", "round_trip_ms = 4"]
        lines += ["trusted = false"] if private and a == "device" else []
    if private:
        _write_privacy(folder / "privacy.csv", [150528.0, *activation[:-1]], seed)
        lines += ["[privacy]", 'table = "privacy.csv"', f"baseline_mse = {BASELINE}"]
    path = folder / "instance.toml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _write_privacy(path: Path, sizes: list[float], seed: int) -> None:
    """Write the table of leaks; `sizes` are the bytes that cross at each cut. It has random numbers of its own."""
    rng = np.random.default_rng([seed, len(sizes), 9])
    deepening = rng.uniform(0.9, 1.5)
    rows: list[tuple[object, ...]] = []
    for cut, size in enumerate(sizes):
        depth = cut / len(sizes)
        plain = BASELINE * (1 - np.exp(-deepening * depth))
        rows.append((cut, "none", 0, "", f"{plain:.6g}", 0.25, 0.95, 0, 1))
        for epsilon, share, lost in PROTECTIONS:
            mse = plain + (0.98 * BASELINE - plain) * share * rng.uniform(0.9, 1.1)
            loss = lost * (1 - 0.85 * depth) * rng.uniform(0.8, 1.2)
            flops = round(7 * size / 4)  # 7 operations a value of 4 bytes
            figures = (f"{mse:.6g}", f"{0.25 + 5 * loss:.6g}", f"{0.95 - loss:.6g}", flops, 1)
            rows.append((cut, "laplace", f"{2 / epsilon:.6g}", epsilon, *figures))
    _write(path, "cut,protection,scale,epsilon,mse,cross_entropy,accuracy,added_flops,seeds", rows)


def _write(path: Path, header: str, rows: Sequence[tuple[object, ...]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        file.write(header + "\n")
        csv.writer(file).writerows(rows)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    for name in ("stages", "thresholds", "options", "seed"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--private", action="store_true", help="with a table of leaks and links that are not trusted")
    given = parser.parse_args()
    print(
        write_instance(given.folder, given.stages, given.thresholds, given.options, given.seed, private=given.private)
    )
