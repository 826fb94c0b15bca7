"""Rules for spot machines over 45.5 days of V100s in seven zones, beside what nobody can stay below.

    python benchmarks/spot.py --data aws_gcp_runs.csv [--late-max 0.01] [--held-out]

--data has runs of equal availability (kind, zone, start_s, length_s, available, ..) of the traces in
skypilot-org/spot-traces@221da1a: one machine asked for every 195 s from 15 February 2023. Requests, prices and starts
are those of the instance spot-v100. With --held-out the constants of the rule `odds` are chosen on the first half of
the days, and on all days of the zones of us-east, and all rules run on what was not looked at.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import re
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import serflow_opt as so
from serflow_opt.families.protocol import Question
from serflow_opt.families.spot.compare import compare, followed
from serflow_opt.families.spot.market_file import read_market
from serflow_opt.families.spot.odds import Odds, OddsTuning
from serflow_opt.problem.loader import shipped_folder

STEP_S = 195


TRIED = (
    OddsTuning(),
    *(OddsTuning(stay=stay) for stay in (0.1, 0.2, 0.5)),
    *(OddsTuning(spare=spare) for spare in (1, 2)),
    *(OddsTuning(prior_s=prior_s) for prior_s in (7_200.0, 86_400.0)),
    OddsTuning(classes=1),
    OddsTuning(zones=3),
)
"""Constants to choose from: those of the rule, and each of them changed."""
EAST = ("us-east-1a", "us-east-1c", "us-east-1d", "us-east-2a", "us-east-2b")


def states_of(data: Path) -> dict[str, list[int]]:
    """Return by zone whether a machine could be had, step by step."""
    states: dict[str, list[int]] = defaultdict(list)
    with data.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["kind"] == "availability":
                states[row["zone"]] += [int(row["available"])] * round(float(row["length_s"]) / STEP_S)
    return states


def written(states: Mapping[str, Sequence[int]], late_max: float, folder: Path) -> tuple[Question, Path]:
    """Write an instance of these zones and their market; return the one, and the file of the other."""
    text = (shipped_folder() / "spot-v100" / "instance.toml").read_text(encoding="utf-8")
    head, _, last = re.sub(r"zone_states.*\n", "", text).partition("[[zone]]")
    steady = re.search(r'\[\[offer\]\]\nname = "on demand"\n(.+\n)*', last)
    assert steady is not None
    parts = [head, steady[0], f"\n[limits]\nlate_max = {late_max}\n"]
    parts += [
        f'[[zone]]\nname = "{zone}"\n[[offer]]\nname = "spot {zone}"\nterm = "spot"\nzone = "{zone}"\n'
        "usd_per_hour = 1.09\nmachines_max = 20\ninterruptions_per_day = 0\nstart_s = 180\n"
        for zone in states
    ]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "instance.toml").write_text("".join(parts), encoding="utf-8")
    market = folder / "v100s.csv"
    with market.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(("seconds", *states))
        for up, alike in itertools.groupby(zip(*states.values(), strict=True)):
            table.writerow((STEP_S * len(list(alike)), *up))
    return so.load(folder), market


def chosen(states: Mapping[str, Sequence[int]], late_max: float, folder: Path) -> OddsTuning:
    """Return the constants that cost least on some states, of those with at most `late_max` late, or least late."""
    problem, path = written(states, late_max, folder)
    market = read_market(problem.data, path, STEP_S)
    hours = len(market) * STEP_S / 3600
    found = []
    for tuning in TRIED:
        usd, late, _, _ = followed(problem.data, market, Odds(problem.data, late_max, tuning))
        print(f"  {usd / hours:.3f} USD/hour, {late:.3%} late: {tuning}", flush=True)
        found.append((max(late - late_max, 0.0), usd, tuning))
    return min(found, key=lambda own: own[:2])[2]


def held_out(states: Mapping[str, Sequence[int]], late_max: float, folder: Path) -> None:
    """Choose constants on a part, and print all rules on the rest."""
    half = len(next(iter(states.values()))) // 2
    first, second = ({zone: own[part] for zone, own in states.items()} for part in (slice(half), slice(half, None)))
    east, west = ({z: own for z, own in states.items() if (z in EAST) == wanted} for wanted in (True, False))
    for name, known, rest in (("the second half", first, second), ("us-west-2a and b", east, west)):
        print(f"chosen on what is not {name}:")
        tuning = chosen(known, late_max, folder / "known")
        print(f"on {name}, with {tuning}:")
        problem, market = written(rest, late_max, folder / "rest")
        print(compare(problem, market, every_s=STEP_S, tuning=tuning), flush=True)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--late-max", type=float, default=0.01)
    parser.add_argument("--held-out", action="store_true")
    given = parser.parse_args()
    states = states_of(given.data)
    with tempfile.TemporaryDirectory() as folder:
        if given.held_out:
            held_out(states, given.late_max, Path(folder))
            return
        problem, market = written(states, given.late_max, Path(folder))
        print(compare(problem, market, every_s=STEP_S))


if __name__ == "__main__":
    main()
