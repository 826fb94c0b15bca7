"""Write figures.csv: tasks, longest path, core-seconds and bytes by the size of blocks, by arithmetic.

    python derive.py

Counts are those of NumPyWren's program (`numpywren/algs.py`): with N blocks a side N diagonal tasks, N(N-1)/2 of the
columns and (N-1)N(N+1)/6 trailing ones, which read one, two and three blocks and write one.
"""

from __future__ import annotations

import csv
from pathlib import Path

ROWS, BLOCKS = 262144, (1024, 2048, 4096, 8192)
FLOPS_PER_S, READ, WRITE, LATENCY = 3.5e10, 130e6, 87e6, 0.03


def seconds(block: int, cubes: float, reads: int) -> float:
    """Seconds of a task: compute, reads, and a write."""
    size = 8 * block**2
    return cubes * block**3 / FLOPS_PER_S + reads * (size / READ + LATENCY) + size / WRITE + LATENCY


if __name__ == "__main__":
    with (Path(__file__).parent / "figures.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("block", "blocks", "tasks", "path_tasks", "path_s", "core_s", "read_tb", "written_tb"))
        for block in BLOCKS:
            n = ROWS // block
            counts = (n, n * (n - 1) // 2, (n - 1) * n * (n + 1) // 6)
            takes = (seconds(block, 1 / 3, 1), seconds(block, 1, 2), seconds(block, 2, 3))
            path = n * takes[0] + (n - 1) * (takes[1] + takes[2])
            work = sum(count * own for count, own in zip(counts, takes, strict=True))
            read, written = (
                8 * block**2 * own / 1e12 for own in (sum(k * c for k, c in enumerate(counts, 1)), sum(counts))
            )
            table.writerow(
                (block, n, sum(counts), 3 * n - 2, round(path, 1), round(work), round(read, 3), round(written, 3))
            )
