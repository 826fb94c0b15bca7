"""Rules for spot machines over 45.5 days of V100s in seven zones, beside what nobody can stay below.

    python benchmarks/spot.py --data aws_gcp_runs.csv [--late-max 0.01]

--data has runs of equal availability (kind, zone, start_s, length_s, available, ..) of the traces in
skypilot-org/spot-traces@221da1a: one machine asked for every 195 s from 15 February 2023. Requests, prices and starts
are those of the instance spot-v100.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import re
import tempfile
from collections import defaultdict
from pathlib import Path

import serflow_opt as so
from serflow_opt.families.spot.compare import compare
from serflow_opt.problem.loader import shipped_folder

STEP_S = 195


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--late-max", type=float, default=0.01)
    given = parser.parse_args()
    states: dict[str, list[int]] = defaultdict(list)
    with given.data.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["kind"] == "availability":
                states[row["zone"]] += [int(row["available"])] * round(float(row["length_s"]) / STEP_S)
    text = (shipped_folder() / "spot-v100" / "instance.toml").read_text(encoding="utf-8")
    head, _, last = re.sub(r"zone_states.*\n", "", text).partition("[[zone]]")
    steady = re.search(r'\[\[offer\]\]\nname = "on demand"\n(.+\n)*', last)
    assert steady is not None
    parts = [head, steady[0], f"\n[limits]\nlate_max = {given.late_max}\n"]
    parts += [
        f'[[zone]]\nname = "{zone}"\n[[offer]]\nname = "spot {zone}"\nterm = "spot"\nzone = "{zone}"\n'
        "usd_per_hour = 1.09\nmachines_max = 20\ninterruptions_per_day = 0\nstart_s = 180\n"
        for zone in states
    ]
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "instance.toml").write_text("".join(parts), encoding="utf-8")
        market = Path(folder) / "v100s.csv"
        with market.open("w", encoding="utf-8", newline="") as file:
            table = csv.writer(file)
            table.writerow(("seconds", *states))
            for up, alike in itertools.groupby(zip(*states.values(), strict=True)):
                table.writerow((STEP_S * len(list(alike)), *up))
        print(compare(so.load(Path(folder)), market, every_s=STEP_S))


if __name__ == "__main__":
    main()
