"""Write resnet50.csv: time and rate of each batch and size of an instance of ResNet-50.

The time is rounded up to tenths of a millisecond, the rate that it serves down to whole requests a second.

    python derive.py --data resnet-50-profile-results.txt

It is the file of that name in profiler/ of https://github.com/tjulym/INFless at commit
25280d195b2e119c17327f600a43f7ffa81836e5, or a CSV with the columns cpu_cores, gpu_percent, batch, batch_time_ms (and
model). Configurations that did not run are left out there; those that another beats, and those slower than the largest
target of the paper, here.
"""

from __future__ import annotations

import argparse
import csv
import math
from pathlib import Path

MODEL = "resnet-50"
SLOWEST_MS = 650.0
"""The largest target of the paper's figures."""


def main(source: Path) -> None:
    """Write the table beside this file."""
    with source.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row.get("model", MODEL) == MODEL]
    found = []
    for row in rows:
        batch, time = int(row["batch"]), float(row["batch_time_ms"])
        size = int(float(row["cpu_cores"])), int(float(row["gpu_percent"]))
        if time <= SLOWEST_MS:
            found.append((batch, *size, math.ceil(round(10 * time, 6)) / 10, math.floor(1000 * batch / time)))
    kept = [own for own in found if not any(_beats(other, own) for other in found)]
    with Path(__file__).with_name("resnet50.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["batch", "cpu_cores", "gpu_percent", "ms", "rate_per_s"])
        writer.writerows(sorted(kept))


def _beats(other: tuple[float, ...], own: tuple[float, ...]) -> bool:
    """Whether another of the same batch takes no more and is no slower."""
    same = other[0] == own[0]
    return (
        other != own and same and all(a <= b for a, b in zip(other[1:4], own[1:4], strict=True)) and other[4] >= own[4]
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="what was measured; nothing is written without")
    data = parser.parse_args().data
    if data is not None:
        main(data)
