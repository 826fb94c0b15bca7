"""Complete fronts of several objectives: placement by placement beside labels of all placements at once.

With `--accounting reserved` machines are rented whole: fronts by one search by mixes after the other; labels do not
reach there.

Both get the same random instances, without a latency bound, so that the fronts are as long as they can be; with privacy
there are protections to choose from and links that are not trusted, with energy each option has joules per operation of
its own. Ours runs on every seed, the other way, which takes long, on the first few, with a limit; ratios are of
neighbours. Exits with 1 where a front of ours is not complete, or where both are complete and differ.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from compare import load
from front_runs import Run, ours
from reporting import setting, table, write

import serflow_opt as so

QUESTIONS = [
    ("12x20x18", "cost,latency"),
    ("8x20x18", "cost,latency,privacy"),
    ("5x10x18", "cost,latency,privacy,energy"),
]
AGREE = 1e-7
"""Relative: values this close are the same."""


def instance_of(size: str, seed: int, names: list[str], measure: str, accounting: str = "per-request") -> so.Instance:
    """Return a random instance for some objectives."""
    made = load(size, seed, private="privacy" in names)
    if "energy" in names:
        rng = np.random.default_rng([seed, 5])
        options = tuple(replace(o, joules_per_flop=float(10 ** rng.uniform(-11, -9.5))) for o in made.options)
        made = replace(made, options=options)
    return replace(made, latency_slo_s=None, latency_measure=measure, accounting=accounting)  # type: ignore[arg-type]


def agree(one: Run, other: Run) -> bool:
    """Whether two fronts have the same points."""
    if one.points.shape != other.points.shape:
        return False
    return bool(np.allclose(one.points, other.points, rtol=AGREE, atol=0))


def main() -> int:
    """Run the comparison; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", nargs="+", default=[f"{size}:{names}" for size, names in QUESTIONS])
    parser.add_argument("--measure", default="worst", choices=["worst", "mean"])
    parser.add_argument("--accounting", default="per-request", choices=["per-request", "reserved"])
    parser.add_argument("--seeds", type=int, default=20, help="instances of each question")
    parser.add_argument("--first-seed", type=int, default=6000, help="change it for fresh instances")
    parser.add_argument("--beside", type=int, default=3, help="instances that the other way gets, too")
    parser.add_argument("--limit", type=float, default=60.0, help="seconds for one front of the other way")
    parser.add_argument("--out", type=Path, help="Markdown file to write, or the one whose section to replace")
    parser.add_argument("--section", default="fronts-many", help="name of that section")
    given = parser.parse_args()
    heading, wrong, lines = setting(), [], []
    labelled = given.accounting == "per-request"
    ours(load("3x3x4", 0), ["cost", "latency"])  # imports do not count
    for question in given.questions:
        size, _, listed = question.partition(":")
        names = listed.split(",")
        runs: list[Run] = []
        ratios: list[float] = []
        ended = False
        for k in range(given.seeds):
            instance = instance_of(size, given.first_seed + k, names, given.measure, given.accounting)
            runs.append(ours(instance, names))
            where = f"{question} seed {given.first_seed + k}"
            print(f"{where}: {len(runs[-1].points)} points, {runs[-1].seconds:.2f} s", file=sys.stderr)
            wrong += [] if runs[-1].done else [f"{where}: not complete"]
            if k < given.beside and labelled:
                other = ours(instance, names, "labels", given.limit / 2)  # it doubles its limit
                ratios.append(other.seconds / runs[-1].seconds)
                ended = ended or not other.done
                wrong += [f"{where}: the fronts differ"] if other.done and not agree(runs[-1], other) else []
                print(f"  labels: {other.seconds:.2f} s, complete {other.done}", file=sys.stderr)
        shares = [run.hypervolume for run in runs]
        seconds, points = [run.seconds for run in runs], [len(run.points) for run in runs]
        lines.append([
            size,
            listed.replace(",", ", "),
            f"{min(points)} to {max(points)}",
            f"{min(shares):.1%} to {max(shares):.1%}",
            f"{statistics.median(seconds):.2f} s",
            f"{max(seconds):.2f} s",
            *([("> " if ended else "") + f"{statistics.median(ratios):.0f}"] if ratios else [""] * labelled),
        ])  # fmt: skip
    header = ["size", "objectives", "points", "hypervolume", "median", "worst", *(["ratio of labels"] * labelled)]
    beside = f"; labels on the first {given.beside}, limit {given.limit:g} s of the clock" if labelled else ""
    note = (
        f"Latency: {given.measure}, {given.accounting}. Processor seconds, seeds from {given.first_seed} on, "
        f"{given.seeds} of them{beside}. "
        "Hypervolume: share of the box from the best values to the worst of the front."
    )
    verdict = "\n".join(f"* {line}" for line in wrong) or "All fronts are complete; where both ended they agree."
    text = "\n\n".join([heading, note, table(header, lines), verdict])
    print(text)
    if given.out:
        write(given.out, given.section, text)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
