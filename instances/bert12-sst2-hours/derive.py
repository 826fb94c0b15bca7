"""Write hours.csv: the mean demand of each hour of a day of the Twitter trace, and the grids of California and Britain.

--data is the trace a minute, `twitter_per_minute.csv` of reconfigurable-ml-pipeline/ipa@e1f08dd (no licence, not
included); left out, the demand stays as it is.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

FOLDER = Path(__file__).parent
CALIFORNIA = [
    124.57,
    135.6,
    148.61,
    166.42,
    240.4,
    291.63,
    295.64,
    302.89,
    314.22,
    320.24,
    330.58,
    324.14,
    329.44,
    340.14,
    353.57,
    351.81,
    352.33,
    287.67,
    165.83,
    117.63,
    96.83,
    98.22,
    101.37,
    102.56,
]
BRITAIN = [
    97.0,
    71.0,
    65.0,
    78.0,
    76.0,
    74.0,
    76.0,
    78.0,
    77.0,
    66.0,
    66.0,
    66.0,
    68.0,
    69.0,
    79.0,
    99.0,
    105.0,
    118.0,
    142.0,
    156.0,
    156.0,
    162.0,
    154.0,
    133.0,
]
"""Grams of CO2e a kWh by hour of a day in March, CISO and ESO: boringlee24/sc23-clover@8cea06e (MIT)."""
DEMAND = [
    46.465,
    67.751,
    51.704,
    72.118,
    57.294,
    63.717,
    96.751,
    100.76,
    83.939,
    102.897,
    60.862,
    78.96,
    48.753,
    65.148,
    47.113,
    70.845,
    45.691,
    59.816,
    46.861,
    73.283,
    53.132,
    69.914,
    48.725,
    24.107,
]
"""Requests a second, means of 60 minutes of the first day of the trace."""


def means(path: Path) -> list[float]:
    """Return the mean of each hour of the first day of a trace a minute."""
    with path.open(encoding="utf-8") as file:
        rows = [float(row["requests"]) for row in csv.DictReader(file)][: 24 * 60]
    return [round(sum(rows[h * 60 : (h + 1) * 60]) / 3600, 3) for h in range(24)]


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="twitter_per_minute.csv")
    data: Path | None = parser.parse_args().data
    demand = DEMAND if data is None else means(data)
    with (FOLDER / "hours.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["hour", "requests_per_s", "california", "britain"])
        writer.writerows([h, *row] for h, row in enumerate(zip(demand, CALIFORNIA, BRITAIN, strict=True)))


if __name__ == "__main__":
    main()
