"""Write profiles.csv: what an instance of a network on a slice of an A100 serves, by batch and processes.

    python derive.py --data a100_mig.csv

The file is a CSV of ParvaGPU's profiles (MIT licence), https://github.com/MunQ-Lee/ParvaGPU_SC24 at commit 5f3de1e,
with the columns model, mig_gpcs, batch, processes, throughput_per_s_each (of each process) and latency_ms. The rate is
that of all processes of an instance, rounded down to tenths. Left out are configurations that another of the same
network and slice beats: as fast a batch, as much served, and no more requests needed to fill the batches of all
processes.
"""

from __future__ import annotations

import argparse
import csv
import math
from pathlib import Path

NETWORKS = ("bert", "densenet121", "inceptionv3", "mobilenetv2", "resnet50", "vgg19")
MOST_MS = 200.0
"""Half of the largest target of the instance."""


def main(source: Path) -> None:
    """Write the table beside this file."""
    found = []
    with source.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            processes, each = int(row["processes"]), float(row["throughput_per_s_each"])
            if row["model"] in NETWORKS and float(row["latency_ms"]) <= MOST_MS:
                rate = math.floor(10 * processes * each) / 10
                key = row["model"], f"{row['mig_gpcs']}g", int(row["batch"]), processes
                found.append((*key, float(row["latency_ms"]), rate))
    kept = [own for own in found if not any(_beats(other, own) for other in found)]
    with Path(__file__).with_name("profiles.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["model", "slice", "batch", "processes", "ms", "rate_per_s"])
        writer.writerows(sorted(kept))


def _beats(other: tuple[object, ...], own: tuple[object, ...]) -> bool:
    """Whether another configuration of the same network and slice is at least as good in all that counts."""
    if other == own or other[:2] != own[:2]:
        return False
    (*_, b1, p1, t1, r1), (*_, b2, p2, t2, r2) = other, own
    return bool(t1 <= t2 and r1 >= r2 and b1 * p1 <= b2 * p2)  # type: ignore[operator]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="what was measured; nothing is written without")
    data = parser.parse_args().data
    if data is not None:
        main(data)
