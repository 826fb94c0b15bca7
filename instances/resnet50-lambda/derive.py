"""Write stages.csv; with --data also times.csv and the points that `serflow-opt speed` reads, and print medians.

--data is data/performance/aws_perf_cost/411/perf-cost/result.csv of
spcl/serverless-benchmarks-artifact@22e8134, with the files warm_results_*-processed.json beside it.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pandas as pd

from serflow_opt.instances.architectures import resnet50, write_table

FOLDER = Path(__file__).parent
PARAMETERS = 25_557_032
"""Trained parameters, as published with the network (the running means and variances are not among them)."""


def write_times(path: Path, data: Path) -> None:
    """Write times.csv from `provider_time`, the duration Lambda reports and bills, of warm invocations."""
    invocations = pd.read_csv(data)
    invocations["ms"] = invocations["provider_time"] / 1000
    rows = []
    for memory, group in invocations.groupby("memory"):
        warm, cold = (group.loc[group["is_cold"] == flag, "ms"] for flag in (False, True))
        figures = (warm.mean(), warm.std(), warm.quantile(0.95), warm.quantile(0.99))
        rows.append((1, f"lambda-{memory}MB", *(round(figure, 3) for figure in figures)))
        print(
            f"{memory} MB: warm n {len(warm)}, median {warm.median():.0f} ms; "
            f"cold n {len(cold)}, median {cold.median():.0f} ms, start {cold.median() - warm.median():.0f} ms"
        )
    write_table(path, "stage,option,mean_ms,sd_ms,p95_ms,p99_ms", rows)


def write_points(data: Path) -> None:
    """Write median and standard deviation of warm invocations by memory, ms: the whole handler, the network alone."""
    invocations = pd.read_csv(data)
    warm = invocations[~invocations["is_cold"]].groupby("memory")["exec_time"]
    whole = [(memory, *_median_and_sd(times)) for memory, times in warm]
    write_table(FOLDER / "points.csv", "memory_mb,mean_ms,sd_ms", whole)
    compute = [(memory, *_median_and_sd(_compute_times(data.parent, memory))) for memory, _ in warm]
    write_table(FOLDER / "points-compute.csv", "memory_mb,mean_ms,sd_ms", compute)


def _median_and_sd(microseconds: pd.Series) -> tuple[float, float]:
    return round(microseconds.median() / 1000, 3), round(microseconds.std() / 1000, 3)


def _compute_times(folder: Path, memory: int) -> pd.Series:
    file = folder / f"warm_results_{memory}-processed.json"
    results = json.loads(file.read_text(encoding="utf-8"))["_invocations"]
    return pd.Series(
        [
            invocation["output"]["result"]["measurement"]["compute_time"]
            for invocations in results.values()
            for invocation in invocations.values()
            if not invocation["stats"]["cold_start"]
        ]
    )


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="result.csv: memory,is_cold,exec_time,provider_time (µs)")
    data: Path | None = parser.parse_args().data
    row = (1, 2 * resnet50().macs, 4 * 1000, 4 * PARAMETERS)
    write_table(FOLDER / "stages.csv", "stage,flops,activation_bytes,parameter_bytes", [row])
    if data is not None:
        write_times(FOLDER / "times.csv", data)
        write_points(data)


if __name__ == "__main__":
    main()
