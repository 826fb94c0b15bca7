"""Beside peers in one run: plans paid per request, plans on machines rented whole, and fronts, with the growth of each.

Random instances of rising size (`generate.py`), the same for all, on seeds nothing was tuned on:

* cost: the flow-scaled MILP in HiGHS, the product form in SCIP and in CP-SAT, and a genetic search by pymoo
* rented: the flow-scaled MILP in HiGHS; the product form does not count whole machines
* front (cost and worst-case latency): pyaugmecon on the flow-scaled MILP, NSGA-II by pymoo

Seconds are processor time, all by one thread; limits are of the clock. A peer that did not
end within the limit at a size is left out of the larger ones, but for pymoo's, which never end by themselves: the limit
is what they may spend. So are peers that are not installed. pyaugmecon needs
numpy below 2, hence an environment of its own: pip install 'numpy<2' pyaugmecon pymoo ortools pyscipopt, and
serflow-opt. Exits with 1 where two contradict each other.
"""

from __future__ import annotations

import argparse
import importlib.util
import math
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from compare import METHODS, Method, contradictions, load, shape_of
from cpsat_product import solve_cpsat
from front_runs import augmecon, ours
from growth import Point, fitted
from pymoo_search import front_by_pymoo, solve_pymoo
from reporting import setting, table, write
from scip_product import Answer

OURS, MODEL = "serflow-opt", "flow-scaled MILP, HiGHS"
NEEDS = {"SCIP, products": "pyscipopt", "CP-SAT, products": "ortools", "pymoo, genetic search": "pymoo"}
NEEDS |= {"pyaugmecon, HiGHS": "pyaugmecon", "pymoo, NSGA-II": "pymoo"}
ENDLESS = {name for name, package in NEEDS.items() if package == "pymoo"}
"""Peers that search until the limit."""
PLANS: dict[str, dict[str, Method]] = {
    "cost": {
        OURS: METHODS["auto"][1],
        MODEL: METHODS["milp"][1],
        "SCIP, products": METHODS["scip"][1],
        "CP-SAT, products": solve_cpsat,
        "pymoo, genetic search": solve_pymoo,
    },
    "rented": {OURS: METHODS["auto"][1], MODEL: METHODS["milp"][1]},
}
SIZES = {
    "cost": ["3x6x18", "5x10x18", "8x20x18", "16x20x46", "32x50x46", "64x50x46", "128x100x500"],
    "rented": ["3x6x18", "5x10x18", "8x20x18", "16x20x46", "32x50x46"],
    "front": ["3x6x18", "5x10x18", "8x20x18", "12x20x18"],
}
SAME, NEAR = 1e-5, 1e-2
"""Relative: points of a front this close are one; this close, near."""


@dataclass
class MethodRuns:
    """Of a method at a size: seconds by seed, how many were proven or complete, and how good what it found was."""

    seconds: list[float]
    done: list[bool]
    good: list[str]

    @property
    def cut(self) -> bool:
        """Whether most runs did not end by themselves."""
        return sum(self.done) <= len(self.done) / 2


def plans(
    question: str, size: str, seeds: range, names: list[str], given: Any
) -> tuple[dict[str, MethodRuns], list[str]]:
    """Solve the instances of a size by the methods named; return what came out, and contradictions."""
    rows, wrong = {name: MethodRuns([], [], []) for name in names}, []
    for number, seed in enumerate(seeds):
        instance = load(size, seed).with_limits(**_as_asked(question))
        answers: dict[str, Answer] = {}
        for name in names:
            if name != OURS and number >= given.peer_seeds:
                continue
            began = time.process_time()
            own = PLANS[question][name](instance, given.limit if name != OURS else 600.0, given.gap)
            answers[name] = own._replace(seconds=time.process_time() - began)
            best = answers[OURS].objective
            above = "no plan"
            if own.objective is not None and best is not None:
                above = f"{max(own.objective / best - 1, 0.0):.1%} above"
            rows[name].seconds.append(answers[name].seconds)
            rows[name].done.append(own.status in ("optimal", "infeasible"))
            rows[name].good.append(above)
            print(question, size, seed, name, f"{answers[name].seconds:.3f} s", own.status, above, file=sys.stderr)
        wrong += [f"{question} {size} seed {seed}: {text}" for text in contradictions(answers, given.gap)]
    return rows, wrong


def fronts(size: str, seeds: range, names: list[str], given: Any) -> dict[str, MethodRuns]:
    """Find fronts of cost and latency of the instances of a size by the methods named."""
    rows = {name: MethodRuns([], [], []) for name in names}
    for seed in seeds[: given.peer_seeds]:
        instance = load(size, seed).with_limits(latency_slo_ms=None, minimize="cost")
        front = np.empty((0, 2))
        for name in names:
            if name == OURS:
                run = ours(instance, ["cost", "latency"])
                front, seconds, points, done = run.points, run.seconds, run.points, run.done
            elif name.startswith("pyaugmecon"):
                run = augmecon(instance, ["cost", "latency"], 1000, given.limit, "off")
                seconds, points, done = run.seconds, run.points, run.done
            else:
                began = time.process_time()
                points, done = front_by_pymoo(instance, given.limit), False
                seconds = time.process_time() - began
            off = (
                (np.abs(points[None] - front[:, None]) / np.abs(front[:, None]))
                .max(axis=2)
                .min(axis=1, initial=math.inf)
            )
            found, close = int((off <= SAME).sum()), int((off <= NEAR).sum())
            rows[name].seconds.append(seconds)
            rows[name].done.append(done)
            near = f", {close} within {NEAR:.0%}" if found < len(front) else ""
            rows[name].good.append(f"{found} of {len(front)} points{near}")
            print("front", size, seed, name, f"{seconds:.3f} s", rows[name].good[-1], file=sys.stderr)
    return rows


def lines_of(question: str, size: str, rows: dict[str, MethodRuns]) -> list[list[str]]:
    """Rows of the table."""
    lines = []
    for name, row in rows.items():
        if row.seconds:
            paired = [own / other for own, other in zip(row.seconds, rows[OURS].seconds, strict=False)]
            over = "> " if row.cut else ""
            lines.append([
                question, size, name, f"{over}{statistics.median(row.seconds):.3g} s", f"{max(row.seconds):.3g} s",
                f"{sum(row.done)} of {len(row.done)}", ", ".join(dict.fromkeys(row.good[:3])),
                "1" if name == OURS else f"{over}{statistics.median(paired):,.0f}",
            ])  # fmt: skip
    return lines


def draw(path: Path, curves: dict[str, dict[str, list[Point]]]) -> None:
    """Plot medians over stages, a panel a question; hollow where the limit cut them off."""
    import matplotlib as mpl

    mpl.use("agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, len(curves), figsize=(4.2 * len(curves), 4.2), sharey=True, layout="constrained")
    for ax, (question, own) in zip(np.atleast_1d(axes), curves.items(), strict=True):
        for (name, points), marker in zip(own.items(), "osD^v", strict=False):
            power = "" if fitted(points) == "-" else f", stages$^{{{fitted(points)}}}$"
            (line,) = ax.plot([p.stages for p in points], [p.seconds for p in points], label=name + power)
            for point in points:
                face = "white" if point.cut else line.get_color()
                ax.plot(point.stages, point.seconds, marker, color=line.get_color(), markerfacecolor=face)
        ax.set(xscale="log", yscale="log", title=question, xlabel="stages, thresholds and options rise along")
        ticks = sorted({point.stages for points in own.values() for point in points})
        ax.set_xticks(ticks, [str(tick) for tick in ticks])
        ax.minorticks_off()
        ax.legend(fontsize=7)
    np.atleast_1d(axes)[0].set_ylabel("median seconds of processor")
    figure.savefig(path, dpi=150)


def main() -> int:
    """Run; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", nargs="+", default=list(SIZES), choices=list(SIZES))
    parser.add_argument("--most-stages", type=int, default=math.inf, help="sizes up to so many stages")
    parser.add_argument("--seeds", type=int, default=10, help="instances a size, for serflow-opt")
    parser.add_argument("--peer-seeds", type=int, default=3, help="of them, for its peers")
    parser.add_argument("--peers", nargs="+", help="those to run; all there are, else")
    parser.add_argument("--first-seed", type=int, default=9000, help="change it for fresh instances")
    parser.add_argument("--limit", type=float, default=60.0, help="seconds for one run of a peer")
    parser.add_argument("--gap", type=float, default=1e-4)
    parser.add_argument("--plot", type=Path, help="picture to write")
    parser.add_argument("--out", type=Path, help="Markdown file to write, or the one whose section to replace")
    given = parser.parse_args()
    heading, lines, wrong, words = setting(), [], [], []
    curves: dict[str, dict[str, list[Point]]] = {}
    for question in given.questions:
        methods = list(PLANS[question]) if question in PLANS else [OURS, "pyaugmecon, HiGHS", "pymoo, NSGA-II"]
        alive = [name for name in methods if name not in NEEDS or importlib.util.find_spec(NEEDS[name])]
        alive = [name for name in alive if name == OURS or given.peers is None or name in given.peers]
        curves[question] = {name: [] for name in alive}
        warm = load("3x3x4", 0)
        for name in alive if question in PLANS else ():  # imports and caches do not count
            PLANS[question][name](warm.with_limits(**_as_asked(question)), 1.0, given.gap)
        for size in SIZES[question]:
            if shape_of(size)[0] > given.most_stages:
                continue
            seeds = range(given.first_seed, given.first_seed + given.seeds)
            if question in PLANS:
                rows, apart = plans(question, size, seeds, alive, given)
                wrong += apart
            else:
                rows = fronts(size, seeds, alive, given)
            lines += lines_of(question, size, rows)
            for name, row in rows.items():
                curves[question][name].append(Point(shape_of(size)[0], statistics.median(row.seconds), row.cut))
            alive = [name for name in alive if name == OURS or name in ENDLESS or not rows[name].cut]
        powers = ", ".join(f"{name} {fitted(points)}" for name, points in curves[question].items())
        words.append(f"* {question}: seconds grow like stages to the power of: {powers}")
    text = "\n\n".join([
        heading,
        f"Gap {given.gap:g}, limit {given.limit:g} s of the clock, seeds from {given.first_seed} on, peers on "
        f"the first {given.peer_seeds} of {given.seeds}. Found: how far above our cost, or points of the front.",
        table(["question", "size", "method", "median", "worst", "proven", "found", "times ours"], lines),
        "\n".join(words) + "\n\n(-: fewer than three medians that the limit did not cut off.)",
        "\n".join(f"* {line}" for line in wrong) or "All agree, plans with plans and bounds with plans.",
    ])  # fmt: skip
    print(text)
    if given.plot:
        draw(given.plot, curves)
    if given.out:
        write(given.out, "peers", text)
    return 1 if wrong else 0


def _as_asked(question: str) -> dict[str, Any]:
    """What a question changes in an instance."""
    return {"accounting": "reserved"} if question == "rented" else {}


if __name__ == "__main__":
    sys.exit(main())
