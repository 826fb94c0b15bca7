"""Write updates.csv and rungs.csv: updates to a target by workers, and what a tuning by successive halving trains.

    python derive.py

Rounds of GA-SGD were measured for `higgs-lr` (its derive.py): each of w workers brings an update in a round. They are
scaled to a hundred times as many, as if the data were that much larger. A rung keeps the better half of the
configurations, and gives each of them twice the work of the rung before.
"""

from __future__ import annotations

import csv
from pathlib import Path

WORKERS, ROUNDS, SCALE = (1, 2, 5, 10, 20, 50), (795, 375, 300, 225, 190, 170), 100
CONFIGURATIONS, FIRST_VCPU_S = 32, 30

if __name__ == "__main__":
    folder = Path(__file__).parent
    with (folder / "updates.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("workers", "updates"))
        table.writerows((w, SCALE * w * rounds) for w, rounds in zip(WORKERS, ROUNDS, strict=True))
    with (folder / "rungs.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("configurations", "vcpu_s"))
        alive, work = CONFIGURATIONS, FIRST_VCPU_S
        while alive:
            table.writerow((alive, work))
            alive, work = alive // 2, 2 * work
