"""With --data write demand.csv: what bert12-sst2 rents while 22 days of requests come in, by how many come a second.

    python derive.py --data twitter_per_minute.csv

--data has minute, requests, mean_rps, max_rps, gap_seconds of a Twitter trace: reconfigurable-ml-pipeline/ipa@e1f08dd.
"""

from __future__ import annotations

import argparse
import csv
import math
from collections import Counter
from pathlib import Path

BUSY_S = 3 * 0.77 / 20
"""Seconds of c6i.large that a request takes: 3 machines, 77 % busy, at 20/s."""
CAP = 0.8
"""Of a machine's time that may be used."""
FUNCTIONS_USD_PER_HOUR = (0.3095 - 0.255) / 20
"""What functions cost for one request a second."""


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path)
    data: Path | None = parser.parse_args().data
    if data is None:
        return
    minutes: Counter[int] = Counter()
    with data.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if float(row["gap_seconds"]) == 0:
                minutes[round(float(row["mean_rps"]))] += 1
    with (Path(__file__).parent / "demand.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("hours", "c6i.large", "functions"))
        for rate, count in sorted(minutes.items()):
            machines = math.ceil(rate * BUSY_S / CAP)
            table.writerow((round(count / 60, 6), machines, round(rate * FUNCTIONS_USD_PER_HOUR, 6)))


if __name__ == "__main__":
    main()
