"""Time serflow-opt against the same problem written in other ways, and check that all agree.

Every method gets the same random instances, the same gap and the same time limit; building of models counts, reading of
the instance and imports do not. Exits with 1 when two methods contradict each other.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import math
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

from generate import write_instance
from reporting import setting, table, write
from scip_product import Answer, solve_product_form

import serflow_opt as so

AGREE = 1e-6
"""Objectives this far apart, relative, contradict each other."""
Method = Callable[[so.Instance, float, float], Answer]


def ours(method: str, presolve: str = "off") -> Method:
    """Return `so.solve` with a method and a setting of HiGHS's presolve in the shape of the others."""

    def run(instance: so.Instance, limit: float, gap: float) -> Answer:
        began = time.perf_counter()
        with patch("serflow_opt.backend.highs.PRESOLVE", presolve):
            plan = so.solve(instance, gap=gap, time_limit=limit, method=method)  # type: ignore[arg-type]
        seconds = time.perf_counter() - began
        status = {"feasible": "limit", "no_solution": "limit"}.get(plan.status, plan.status)
        unit = 1.0 if instance.minimize == "cost" else 1e-3  # plans show milliseconds
        value = None if plan.objective.value is None else plan.objective.value * unit
        return Answer(value, -math.inf if plan.bound is None else plan.bound * unit, seconds, status)

    return run


def mccormick(instance: so.Instance, limit: float, gap: float) -> Answer:
    """Import late: Pyomo takes its time."""
    from mccormick import solve_mccormick

    return solve_mccormick(instance, limit, gap)


METHODS: dict[str, tuple[str, Method]] = {
    "auto": ("serflow-opt", ours("auto")),
    "milp": ("serflow-opt, method=milp (whole flow-scaled MILP)", ours("milp")),
    "mccormick": ("McCormick / big-M in Pyomo, HiGHS with presolve", mccormick),
    "scip": ("product form in SCIP", solve_product_form),
    "auto+presolve": ("serflow-opt, HiGHS presolve on", ours("auto", presolve="on")),
}
USUAL = ["auto", "milp", "mccormick", "scip"]


def contradictions(answers: dict[str, Answer], gap: float) -> list[str]:
    """Say where two methods cannot both be right, at a gap that both were allowed."""
    found = []
    for (a, one), (b, other) in itertools.permutations(answers.items(), 2):
        if one.status == "infeasible" and other.objective is not None:
            found.append(f"{a} says infeasible, {b} has {other.objective:.9g}")
        if one.objective is None or other.objective is None:
            continue
        slack = AGREE * abs(other.objective)
        if one.bound > other.objective + slack:
            found.append(f"the bound of {a}, {one.bound:.9g}, is above the plan of {b}, {other.objective:.9g}")
        apart = max(AGREE, 2 * gap) * abs(other.objective)
        both = one.status == other.status == "optimal"
        if both and a < b and abs(one.objective - other.objective) > apart:
            found.append(f"{a} has {one.objective:.9g}, {b} {other.objective:.9g}, both called optimal")
    return found


def shape_of(size: str) -> tuple[int, int, int]:
    """Read stages x thresholds x options."""
    stages, thresholds, options = (int(part) for part in size.split("x"))
    return stages, thresholds, options


def load(size: str, seed: int, *, private: bool = False) -> so.Instance:
    """Make and read one random instance."""
    with tempfile.TemporaryDirectory() as folder:
        return so.load(write_instance(Path(folder), *shape_of(size), seed, private=private))


def shown(answer: Answer) -> str:
    """Seconds, and the gap left where the proof is missing."""
    if answer.status == "optimal":
        return f"{answer.seconds:.2f} s"
    if answer.objective is None or not math.isfinite(answer.bound):
        return f"> {answer.seconds:.0f} s, no {'plan' if answer.objective is None else 'bound'}"
    return f"> {answer.seconds:.0f} s, gap {(answer.objective - answer.bound) / abs(answer.objective):.1%}"


def median(answers: list[Answer]) -> tuple[float, bool]:
    """Median of the seconds, and whether the limit cut it off."""
    ordered = sorted(answers, key=lambda a: (a.status != "optimal", a.seconds))
    middle = ordered[(len(ordered) - 1) // 2 : len(ordered) // 2 + 1]
    return statistics.fmean(a.seconds for a in middle), any(a.status != "optimal" for a in middle)


def summary(size: str, names: list[str], rows: list[dict[str, Answer]]) -> list[list[str]]:
    """Rows of the table of medians."""
    reference, _ = median([row[names[0]] for row in rows])
    lines = []
    for name in names:
        answers = [row[name] for row in rows]
        middle, cut = median(answers)
        sign = "> " if cut else ""
        lines.append([
            size, METHODS[name][0], f"{sign}{middle:.2f} s",
            f"{min(a.seconds for a in answers):.2f} .. {max(a.seconds for a in answers):.2f} s",
            f"{sum(a.status == 'optimal' for a in answers)} of {len(answers)}", f"{sign}{middle / reference:.1f}",
        ])  # fmt: skip
    return lines


def main() -> int:
    """Run the comparison; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", default=["5x10x18", "8x20x18"], metavar="STAGESxTHRESHOLDSxOPTIONS")
    parser.add_argument("--seeds", type=int, default=3, help="instances a size")
    parser.add_argument("--first-seed", type=int, default=1000, help="change it for fresh instances")
    parser.add_argument("--limit", type=float, default=120.0, help="seconds for one solve")
    parser.add_argument("--gap", type=float, default=1e-6)
    parser.add_argument("--methods", nargs="+", default=USUAL, choices=METHODS, help="the first is the reference")
    parser.add_argument("--out", type=Path, help="Markdown file to write, or the one whose section to replace")
    parser.add_argument("--section", default="compare", help="name of that section")
    given = parser.parse_args()
    names = list(dict.fromkeys(given.methods))
    if "scip" in names and importlib.util.find_spec("pyscipopt") is None:
        names.remove("scip")
        print("SCIP is left out: pip install pyscipopt", file=sys.stderr)

    heading = setting()
    for name in names:  # imports and caches do not count
        METHODS[name][1](load("3x3x4", 0), given.limit, given.gap)
    totals, details, wrong = [], [], []
    for size in given.sizes:
        rows = []
        for seed in range(given.first_seed, given.first_seed + given.seeds):
            instance, answers = load(size, seed), {}
            for name in names:
                answers[name] = METHODS[name][1](instance, given.limit, given.gap)
                print(f"{size} seed {seed} {name}: {shown(answers[name])}", file=sys.stderr)
            wrong += [f"{size} seed {seed}: {text}" for text in contradictions(answers, given.gap)]
            best = min((a.objective for a in answers.values() if a.objective is not None), default=math.nan)
            details.append([size, str(seed), f"{best:.7g}", *(shown(answers[name]) for name in names)])
            rows.append(answers)
        totals += summary(size, names, rows)
    verdict = "\n".join(f"* {line}" for line in wrong) or (
        f"All methods agree to {AGREE:g} relative, plans with plans and bounds with plans."
    )
    last = given.first_seed + given.seeds - 1
    text = "\n\n".join([
        heading,
        f"Gap {given.gap:g}, limit {given.limit:g} s, seeds {given.first_seed} to {last}.",
        table(["size", "method", "median", "from .. to", "proven", "median / first"], totals),
        table(["size", "seed", "USD per request", *names], details),
        verdict,
    ])  # fmt: skip
    print(text)
    if given.out:
        write(given.out, given.section, text)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
