"""Complete fronts: serflow-opt beside pyaugmecon, beside a plain ε-grid of solves, and beside its own search of boxes.

All get the same random instances, without a latency bound, so that the fronts are as long as they can be. With privacy
among the objectives the instances have protections to choose from and links that are not trusted. Counted is what each
finds of the true front, and what it gives that is not on it. Before each rival serflow-opt runs again, and the ratio is
that of the two neighbours; medians are over seeds.

The true front is the reference's, by placements or labels. `--check` sizes are enumerated, plan by plan, by the tests'
oracle, which shares no code with the package. Exits with 1 when an enumeration differs, when a rival has a plan that
the front does not cover, or when a front is not complete.

pyaugmecon needs numpy below 2: without it that column is left out.
"""

from __future__ import annotations

import argparse
import importlib.util
import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
from compare import load
from enumerated import enumerated_front
from front_runs import Run, augmecon, even_grid, ours
from reporting import setting, table, write

import serflow_opt as so

METHODS = ["labels", "boxes", "grid", "augmecon", "augmecon+presolve"]
AGREE = 1e-5
"""Values this close, relative, are the same: rivals' are as exact as a solver's tolerances make them."""
Rival = Callable[[so.Instance, np.ndarray], Run]


@dataclass(frozen=True, slots=True)
class Row:
    """A rival on an instance: its run, seconds of serflow-opt just before, and what its points are."""

    run: Run
    reference: float
    found: int
    dominated: int
    beyond: int
    total: int

    @property
    def ratio(self) -> float:
        """Seconds over those of serflow-opt."""
        return self.run.seconds / self.reference


def slack(front: np.ndarray) -> np.ndarray:
    """How far values of each point may be off."""
    return AGREE * (np.abs(front) + 0.01 * np.ptp(front, axis=0))


def judged(front: np.ndarray, run: Run, reference: float) -> Row:
    """Hold a run's points against the front: found of it, given but beaten by it, given but not covered by it."""
    off = slack(front)
    away = run.points[:, None] - front[None]
    same = (np.abs(away) <= off).all(axis=2)
    covered = (away >= -off).all(axis=2).any(axis=1)
    return Row(
        run=run,
        reference=reference,
        found=int(same.any(axis=0).sum()),
        dominated=int((covered & ~same.any(axis=1)).sum()),
        beyond=int((~covered).sum()),
        total=len(front),
    )


def rivals(methods: list[str], objectives: list[str], given: argparse.Namespace) -> dict[str, list[Rival]]:
    """The rivals by name."""
    limit, others = given.limit, len(objectives) - 1
    runs: dict[str, Rival] = {}
    if "labels" in methods and others == 1:
        runs["serflow-opt, method=labels"] = lambda instance, _: ours(instance, objectives, "labels", limit)
    if "boxes" in methods:
        runs["serflow-opt, method=milp (search of boxes)"] = lambda i, _: ours(i, objectives, "milp", limit)
    for count in given.cells if "grid" in methods else []:
        cells = round(count ** (1 / others)) ** others
        runs[f"ε-grid of {cells} cells, whole MILP"] = partial(_grid, objectives, count, limit)
    for method, presolve, said in (("augmecon", "off", "off"), ("augmecon+presolve", "choose", "on")):
        for count in given.grids if method in methods else []:
            side = round(count ** (1 / others))
            name = f"pyaugmecon, HiGHS presolve {said}, grid of {'x'.join([str(side)] * others)}"
            runs[name] = partial(_augmecon, objectives, side, limit, presolve)
    return runs


def _grid(objectives: list[str], count: int, limit: float, instance: so.Instance, front: np.ndarray) -> Run:
    return even_grid(instance, objectives, front, count, limit)


def _augmecon(
    objectives: list[str], side: int, limit: float, presolve: str, instance: so.Instance, _: np.ndarray
) -> Run:
    return augmecon(instance, objectives, side, limit, presolve)


def summary(size: str, measure: str, first: list[Run], rows: dict[str, list[Row]]) -> list[list[str]]:
    """Lines of the table."""
    each = [str(len(run.points)) for run in first]
    seconds = statistics.median(run.seconds for run in first)
    lines = [[size, measure, "serflow-opt", f"{seconds:.2f} s", "", ", ".join(each), "0", "1"]]
    for name, several in rows.items():
        sign = "" if all(row.run.done for row in several) else "> "
        failed = sorted({row.run.failed for row in several if row.run.failed})
        solves = ", ".join(str(row.run.solves) for row in several) if any(row.run.solves for row in several) else ""
        ended = sum(not row.run.done and not row.run.failed for row in several)
        lines.append([
            size,
            measure,
            "; ".join([name, *([f"ended at the limit in {ended} of {len(several)}"] if ended else []), *failed]),
            f"{sign}{statistics.median(row.run.seconds for row in several):.2f} s",
            solves,
            ", ".join(f"{row.found} of {row.total}" for row in several),
            ", ".join(str(row.dominated) for row in several) if any(row.dominated for row in several) else "0",
            f"{sign}{statistics.median(row.ratio for row in several):.0f}",
        ])  # fmt: skip
    return lines


def checked(size: str, measures: list[str], seeds: range, objectives: list[str]) -> tuple[str, list[str]]:
    """Hold fronts of small instances against enumeration; return a sentence and what is wrong."""
    wrong, points, plans = [], 0, 0
    for measure in measures:
        for seed in seeds:
            expected, count = enumerated_front(size, seed, measure, objectives)
            instance = replace(load(size, seed, private="privacy" in objectives), latency_slo_s=None)
            front = ours(replace(instance, latency_measure=measure), objectives)
            row = judged(expected, front, 1.0)
            if not row.found == row.total == len(front.points):
                wrong.append(f"{size} {measure} seed {seed}: {len(front.points)} points, enumerated {row.total}")
            points, plans = points + row.total, plans + count
    of = f"{size}, {len(measures) * len(seeds)} instances"
    return f"Enumerated: {of}, {plans:,} plans; the fronts, {points} points, are those of serflow-opt.", wrong


def main() -> int:
    """Run the comparison; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--objectives", nargs="+", default=["cost", "latency"], choices=["cost", "latency", "privacy"])
    parser.add_argument("--sizes", nargs="+", default=["5x10x18", "8x20x18"], metavar="STAGESxTHRESHOLDSxOPTIONS")
    parser.add_argument("--measures", nargs="+", default=["worst", "mean"], choices=["worst", "mean"])
    parser.add_argument("--seeds", type=int, default=3, help="instances a size")
    parser.add_argument("--first-seed", type=int, default=1000, help="change it for fresh instances")
    parser.add_argument("--limit", type=float, default=60.0, help="processor seconds for one front of a rival")
    parser.add_argument("--cells", type=int, nargs="+", default=[50, 200], help="cells of the ε-grids, about")
    parser.add_argument("--grids", type=int, nargs="+", default=[100], help="cells of pyaugmecon's grids, about")
    parser.add_argument("--methods", nargs="*", default=METHODS, choices=METHODS, help="what to compare with")
    parser.add_argument("--check", nargs="*", default=["3x5x6"], metavar="SIZE", help="sizes to enumerate")
    parser.add_argument("--out", type=Path, help="Markdown file to write, or the one whose section to replace")
    parser.add_argument("--section", default="fronts", help="name of that section")
    given = parser.parse_args()
    methods, objectives = list(given.methods), list(given.objectives)
    if importlib.util.find_spec("pyaugmecon") is None:
        methods = [method for method in methods if not method.startswith("augmecon")]
        print("pyaugmecon is left out: pip install pyaugmecon 'numpy<2'", file=sys.stderr)
    heading = setting()
    private, seeds = "privacy" in objectives, range(given.first_seed, given.first_seed + given.seeds)
    ours(load("3x3x4", 0, private=private), objectives)  # imports do not count
    lines: list[list[str]] = []
    notes: list[str] = []
    wrong: list[str] = []
    for size in given.check:
        note, found = checked(size, given.measures, seeds, objectives)
        notes.append(note if not found else "")
        wrong += found
    for size in given.sizes:
        for measure in given.measures:
            rows: dict[str, list[Row]] = {}
            first = []
            for seed in seeds:
                instance = replace(load(size, seed, private=private), latency_slo_s=None, latency_measure=measure)
                where = f"{size} {measure} seed {seed}"
                first.append(ours(instance, objectives))
                front = first[-1].points
                wrong += [] if first[-1].done else [f"{where}: the front is not complete"]
                ended: set[str] = set()
                for name, rival in rivals(methods, objectives, given).items():
                    family = name.partition("grid of ")[0]
                    if family in ended:  # a coarser grid was
                        continue
                    again = ours(instance, objectives).seconds
                    row = judged(front, rival(instance, front), again)
                    rows.setdefault(name, []).append(row)
                    ended |= {family} if "grid" in name and not row.run.done else set()
                    print(
                        f"{where} {name}: {row.found} of {row.total}, {row.dominated} dominated, "
                        f"{row.run.solves} solves, {row.run.seconds:.2f} s, {again:.2f} s {row.run.failed}",
                        file=sys.stderr,
                    )
                    wrong += [f"{where} {name}: {row.beyond} plans beyond the front"] if row.beyond else []
            lines += summary(size, measure, first, rows)
    verdict = "\n".join(f"* {line}" for line in wrong) or "Every plan of a rival is covered by the front."
    header = ["size", "latency", "method", "median", "solves", "points found", "dominated", "median of ratios"]
    names = ", ".join(objectives[:-1]) + f" and {objectives[-1]}"
    note = f"Fronts of {names}. Processor seconds, limit {given.limit:g} s, seeds {seeds[0]} to {seeds[-1]}."
    text = "\n\n".join(part for part in [heading, note, table(header, lines), *notes, verdict] if part)
    print(text)
    if given.out:
        write(given.out, given.section, text)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
