"""Complete fronts of cost and latency: serflow-opt beside pyaugmecon and beside a plain ε-grid of solves.

All get the same random instances, without a latency bound, so that the fronts are as long as they can be. A grid has so
many latencies evenly spread over the front; pyaugmecon skips those it can. Counted is what each finds of the complete
front. Exits with 1 when a rival has a plan that the front does not cover, or a front is not complete.

pyaugmecon needs numpy below 2: without it that column is left out.
"""

from __future__ import annotations

import argparse
import importlib.util
import multiprocessing
import os
import signal
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from compare import load
from reporting import setting, table, write

import serflow_opt as so
from serflow_opt.pareto_fronts import pareto

USUAL = ["coverage", "milp", "grid", "augmecon"]
AGREE = 1e-5
"""Values this close, relative, are the same: rivals' are as exact as a solver's tolerances make them."""


@dataclass(frozen=True, slots=True)
class Run:
    """Points (USD, seconds), seconds taken, models solved; done: ended by itself."""

    points: np.ndarray
    seconds: float
    solves: int
    done: bool = True


def ours(instance: so.Instance, method: str, limit: float | None) -> Run:
    """Run `pareto`."""
    front = pareto(instance, method=method, time_limit=limit)  # type: ignore[arg-type]
    points = np.array(front.points).reshape(-1, 2) * [1, 1e-3]
    return Run(points, front.seconds, front.counts.get("solves", 0), front.complete)


def even_grid(instance: so.Instance, front: np.ndarray, count: int, limit: float) -> Run:
    """Solve for the least cost at evenly spread latencies."""
    began, points, solves = time.perf_counter(), [], 0
    for latency in np.linspace(front[:, 1].max(), front[:, 1].min() * (1 + 1e-9), count).tolist():
        left = limit - (time.perf_counter() - began)
        if left <= 0:
            break
        plan = so.solve(instance.with_limits(minimize="cost", latency_slo_s=latency), time_limit=left)
        solves += 1
        if plan.metrics is not None and plan.status == "optimal":
            cost = plan.metrics.cost_usd_per_request
            points.append((cost, plan.metrics.latency_ms(instance.latency_measure) / 1000))
    return Run(np.array(points).reshape(-1, 2), time.perf_counter() - began, solves, solves == count)


def augmecon(instance: so.Instance, count: int, limit: float) -> Run:
    """Run pyaugmecon in processes that can be ended at the limit."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=_augmecon, args=(instance, count, sender))
    process.start()
    if receiver.poll(limit):
        rival = receiver.recv()
        process.join()
        return Run(np.array(rival.points).reshape(-1, 2), rival.seconds, rival.solves)
    os.killpg(process.pid, signal.SIGKILL)
    process.join()
    return Run(np.empty((0, 2)), limit, 0, done=False)


def _augmecon(instance: so.Instance, count: int, sender: object) -> None:
    os.setsid()
    from augmecon import solve_augmecon

    sender.send(solve_augmecon(instance, count))  # type: ignore[attr-defined]


def found_of(front: np.ndarray, points: np.ndarray) -> int:
    """How many points of the front are among some points."""
    if not len(points):
        return 0
    near = np.abs(points[None] - front[:, None]) <= AGREE * front[:, None]
    return int(near.all(axis=2).any(axis=1).sum())


def uncovered(front: np.ndarray, points: np.ndarray) -> int:
    """How many of some points no point of the front covers."""
    return int((~(front[None] <= points[:, None] * (1 + AGREE)).all(axis=2).any(axis=1)).sum()) if len(points) else 0


def methods(names: list[str], grids: list[int], limit: float) -> dict[str, Callable[[so.Instance, np.ndarray], Run]]:
    """The runs by name; the first makes the front that the others are held against."""
    runs: dict[str, Callable[[so.Instance, np.ndarray], Run]] = {
        "serflow-opt": lambda instance, _: ours(instance, "auto", None)
    }
    if "coverage" in names:
        runs["serflow-opt, within 1 %"] = lambda instance, _: _covered(instance)
    for method in ("labels", "milp"):
        if method in names:
            runs[f"serflow-opt, method={method}"] = lambda instance, _, method=method: ours(instance, method, limit)
    for count in grids if "grid" in names else []:
        runs[f"ε-grid, {count} solves"] = lambda instance, front, n=count: even_grid(instance, front, n, limit)
    for count in grids if "augmecon" in names else []:
        runs[f"pyaugmecon, grid of {count}"] = lambda instance, _, n=count: augmecon(instance, n, limit)
    return runs


def _covered(instance: so.Instance) -> Run:
    front = pareto(instance, coverage=0.01)
    return Run(np.array(front.points).reshape(-1, 2) * [1, 1e-3], front.seconds, 0)


def main() -> int:
    """Run the comparison; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", default=["5x10x18", "8x20x18"], metavar="STAGESxTHRESHOLDSxOPTIONS")
    parser.add_argument("--measures", nargs="+", default=["worst", "mean"], choices=["worst", "mean"])
    parser.add_argument("--seeds", type=int, default=3, help="instances a size")
    parser.add_argument("--first-seed", type=int, default=1000, help="change it for fresh instances")
    parser.add_argument("--limit", type=float, default=300.0, help="seconds for one front")
    parser.add_argument("--grids", type=int, nargs="+", default=[10, 100, 1000], help="points of the grids")
    parser.add_argument("--methods", nargs="*", default=USUAL, choices=[*USUAL, "labels"], help="what to compare with")
    parser.add_argument("--out", type=Path, help="Markdown file to write, or the one whose section to replace")
    parser.add_argument("--section", default="fronts", help="name of that section")
    given = parser.parse_args()
    names = list(given.methods)
    if "augmecon" in names and importlib.util.find_spec("pyaugmecon") is None:
        names.remove("augmecon")
        print("pyaugmecon is left out: pip install pyaugmecon 'numpy<2'", file=sys.stderr)
    heading = setting()
    ours(load("3x3x4", 0), "auto", None)  # imports do not count
    lines, wrong = [], []
    for size in given.sizes:
        for measure in given.measures:
            rows: dict[str, list[tuple[Run, int, int]]] = {}
            for seed in range(given.first_seed, given.first_seed + given.seeds):
                instance = replace(load(size, seed), latency_slo_s=None, latency_measure=measure)
                front = np.empty((0, 2))
                for name, method in methods(names, given.grids, given.limit).items():
                    run = method(instance, front)
                    if name == "serflow-opt":
                        front = run.points
                        wrong += [] if run.done else [f"{size} {measure} seed {seed}: the front is not complete"]
                    found = found_of(front, run.points)
                    rows.setdefault(name, []).append((run, found, len(front)))
                    print(
                        f"{size} {measure} {seed} {name}: {found} of {len(front)}, {run.seconds:.2f} s", file=sys.stderr
                    )
                    missed = uncovered(front, run.points)
                    wrong += [f"{size} {measure} seed {seed} {name}: {missed} plans beyond the front"] if missed else []
            reference = statistics.median(run.seconds for run, _, _ in rows["serflow-opt"])
            for name, several in rows.items():
                seconds = statistics.median(run.seconds for run, _, _ in several)
                cut = "" if all(run.done for run, _, _ in several) else "> "
                found = ", ".join(f"{count} of {total}" for _, count, total in several)
                solves = (
                    ", ".join(str(run.solves) for run, _, _ in several) if any(r.solves for r, _, _ in several) else ""
                )
                lines.append(
                    [size, measure, name, f"{cut}{seconds:.2f} s", found, solves, f"{cut}{seconds / reference:.0f}"]
                )
    verdict = "\n".join(f"* {line}" for line in wrong) or "Every plan of a rival is covered by the front."
    header = ["size", "latency", "method", "median", "points found", "solves", "median / first"]
    note = f"Limit {given.limit:g} s, seeds {given.first_seed} to {given.first_seed + given.seeds - 1}."
    text = "\n\n".join([heading, note, table(header, lines), verdict])
    print(text)
    if given.out:
        write(given.out, given.section, text)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
