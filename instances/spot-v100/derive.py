"""With --data write zones.csv and hours.csv: how long and when which of three zones have a spot machine.

    python derive.py --data aws_gcp_runs.csv

--data has runs of equal availability (kind, zone, start_s, length_s, available, ..) of the V100 traces in
skypilot-org/spot-traces@221da1a: one machine asked for every 195 s for 45.5 days from 15 February 2023.
"""

from __future__ import annotations

import argparse
import csv
import itertools
from collections import Counter, defaultdict
from pathlib import Path

STEP_S = 195
ZONES = ("us-west-2b", "us-east-2a", "us-east-1c")


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path)
    data: Path | None = parser.parse_args().data
    if data is None:
        return
    states: dict[str, list[int]] = defaultdict(list)
    with data.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["kind"] == "availability" and row["zone"] in ZONES:
                states[row["zone"]] += [int(row["available"])] * round(float(row["length_s"]) / STEP_S)
    alone = 1.0
    for zone in ZONES:
        own = states[zone]
        losses, days = sum(a > b for a, b in itertools.pairwise(own)), sum(own) * STEP_S / 86400
        alone *= 1 - sum(own) / len(own)
        print(f"{zone}: there {sum(own) / len(own):.4f} of the time, outages_per_day = {losses / days:.2f}")
    together = Counter(zip(*(states[zone] for zone in ZONES), strict=True))
    share = together[0, 0, 0] / together.total()
    print(f"none of the three: {share:.4f} of the time; {alone:.4f} if they were independent")
    with (Path(__file__).parent / "zones.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("share", *ZONES))
        for up in itertools.product((1, 0), repeat=len(ZONES)):
            table.writerow((round(together[up] / together.total(), 6), *up))
    hours = []
    for hour in range(len(states[ZONES[0]]) * STEP_S // 3600):
        part = slice(-(-hour * 3600 // STEP_S), -(-(hour + 1) * 3600 // STEP_S))
        hours.append(tuple(int(2 * sum(states[zone][part]) >= len(states[zone][part])) for zone in ZONES))
    with (Path(__file__).parent / "hours.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("seconds", *ZONES))
        for up, alike in itertools.groupby(hours):
            table.writerow((3600 * len(list(alike)), *up))


if __name__ == "__main__":
    main()
