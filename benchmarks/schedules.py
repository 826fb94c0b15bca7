"""Schedules over a known trace beside the plain time-expanded MILP, both by HiGHS in the end.

The instances: a day of minutes (times `--factor`), three blocks, decisions every 60, 10 or 1 s (`--steps`). `one` has
one VM type; `sizes` six whose prices are proportional to their sizes, in two generations; `mixed` six of which none is
dominated, as a big one is cheaper a worker and starts later. The plain MILP, at steps of a minute, has machines rented,
ordered and usable and the overflow of each minute, as in textbooks, for all blocks at once, without rounded lines,
windows or a start. Seconds are those of a clock, and of processors: the latter do not depend on what else runs.
"""

from __future__ import annotations

import argparse
import sys
import time
from itertools import product
from pathlib import Path

import highspy
import numpy as np
from reporting import setting, table, write

from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.demand.trace_file import read_trace
from serflow_opt.traffic.schedule.evaluate import served_per_s
from serflow_opt.traffic.schedule.solve import schedule
from serflow_opt.traffic.service import Block, Function, Machine, Service

SECONDS = (0.12, 0.2, 0.25)
"""Of a request in each block, on one worker of the slower generation."""
SHARES = (0.5, 0.3, 0.2)
FUNCTION = {"usd_per_s": 1.66667e-5 * 1769 / 1024, "usd_per_request": 2e-7}
"""USD a second of 1,769 MB, and a request (serflow_opt/catalog/functions.csv)."""
TYPES = {
    "one": [("vm4", 0.16, 4, 1.0, 100.0)],
    # name, USD/h (c6i, c7i: serflow_opt/catalog/vms.csv; the others are made up), workers, speed, start in s
    "sizes": [
        ("c6i.large", 0.085, 2, 1.0, 100.0),
        ("c6i.xlarge", 0.17, 4, 1.0, 100.0),
        ("c6i.2xlarge", 0.34, 8, 1.0, 100.0),
        ("c7i.large", 0.08925, 2, 1.12, 100.0),
        ("c7i.xlarge", 0.1785, 4, 1.12, 100.0),
        ("c7i.2xlarge", 0.357, 8, 1.12, 100.0),
    ],
    "mixed": [
        ("vm2", 0.09, 2, 1.0, 60.0),
        ("vm4", 0.16, 4, 1.0, 60.0),
        ("vm6", 0.23, 6, 1.0, 60.0),
        ("vm10", 0.37, 10, 1.0, 120.0),
        ("vm16", 0.57, 16, 1.0, 120.0),
        ("vm32", 1.1, 32, 1.0, 120.0),
    ],
}


def instance(name: str) -> Service:
    """Return a service of three blocks."""
    blocks = []
    for b, seconds in enumerate(SECONDS):
        machines = tuple(
            Machine(kind, usd / 3600, workers, (seconds / speed,) * 2, start_s=start, billing_min_s=60.0)
            for kind, usd, workers, speed, start in TYPES[name]
        )
        blocks.append(Block(b, b, machines, Function("function", (seconds,) * 2, **FUNCTION)))
    return Service(name, tuple(blocks), SHARES, (0.9,) * 3)


def plain(service: Service, trace: Trace, limit: float, gap: float) -> tuple[float, float, float, int]:
    """Value, bound, seconds and columns of the textbook MILP. A lag is rounded down to whole steps: a relaxation."""
    began = time.perf_counter()
    solver = highspy.Highs()
    for option, value in (("output_flag", False), ("time_limit", limit), ("mip_rel_gap", gap)):
        solver.setOptionValue(option, value)
    step, steps = trace.period_s, len(trace.counts)

    costs: list[float] = []
    integer: list[int] = []
    lower: list[float] = []
    starts, indices, values = [0], [], []

    def add(low: float, entries: list[tuple[int, float]]) -> None:
        lower.append(low)
        indices.extend(j for j, _ in entries)
        values.extend(value for _, value in entries)
        starts.append(len(indices))

    def new(cost: float, *, whole: bool = False) -> range:
        first = len(costs)
        costs.extend([cost] * steps)
        found = range(first, len(costs))
        if whole:
            integer.extend(found)
        return found

    for b, block in enumerate(service.blocks):
        over = new(service.function_usd(b))
        serve: list[list[tuple[int, float]]] = [[(over[k], 1.0)] for k in range(steps)]
        for machine in block.machines:
            n, u, v = new(machine.usd_per_s * step, whole=True), new(0.0), new(0.0)
            lag, rate = int(machine.start_s // step), served_per_s(service, b, machine, 1.0) * step
            for k in range(steps):
                add(0.0, [(u[k], 1.0), (n[k], -1.0), *([(n[k - 1], 1.0)] if k else [])])
                waiting = [(u[h], -1.0) for h in range(max(0, k - lag + 1), k + 1)]
                add(0.0, [(n[k], 1.0), (v[k], -1.0), *waiting])
                serve[k].append((v[k], rate))
        for k in range(steps):
            add(float(trace.counts[k]) * service.reach(b), serve[k])
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = len(lower), len(costs)
    lp.col_cost_, lp.row_lower_ = np.array(costs), np.array(lower)
    lp.col_lower_, lp.col_upper_ = np.zeros(len(costs)), np.full(len(costs), highspy.kHighsInf)
    lp.row_upper_ = np.full(len(lower), highspy.kHighsInf)
    kinds = [highspy.HighsVarType.kContinuous] * len(costs)
    for j in integer:
        kinds[j] = highspy.HighsVarType.kInteger
    lp.integrality_ = kinds
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = np.array(starts, dtype=np.int32)
    lp.a_matrix_.index_ = np.array(indices, dtype=np.int32)
    lp.a_matrix_.value_ = np.array(values)
    solver.passModel(lp)
    solver.run()
    info = solver.getInfo()
    return info.objective_function_value, info.mip_dual_bound, time.perf_counter() - began, len(costs)


def main() -> int:
    """Run the comparison; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trace", type=Path, help="CSV: minute,requests")
    parser.add_argument("--factor", type=float, default=5.0, help="what counts are multiplied by")
    parser.add_argument("--minutes", type=int, default=1440)
    parser.add_argument("--instances", nargs="+", choices=list(TYPES), default=list(TYPES))
    parser.add_argument("--steps", nargs="+", type=float, default=[60.0, 10.0, 1.0], help="seconds between decisions")
    parser.add_argument("--methods", nargs="+", choices=["serflow-opt", "plain"], default=["serflow-opt", "plain"])
    parser.add_argument("--limit", type=float, default=60.0, help="seconds a run, on a clock")
    parser.add_argument("--gap", type=float, default=1e-3)
    parser.add_argument("--out", type=Path, help="Markdown file to write, or the one whose section to replace")
    given = parser.parse_args()
    heading = setting()
    trace = read_trace(given.trace).slice(0, given.minutes * 60.0).scaled(given.factor)
    rows: list[list[str]] = []
    best: dict[tuple[str, float], float] = {}
    wrong = False
    for name, method, step in product(given.instances, given.methods, given.steps):
        if method == "plain" and step != trace.period_s:
            continue
        service, began = instance(name), time.process_time()
        if method == "plain":
            usd, bound, seconds, size = plain(service, trace, given.limit, given.gap)
            what = f"plain MILP in HiGHS, {size:,} columns"
        else:
            found = schedule(service, trace, step_s=step, gap=given.gap, time_limit=given.limit)
            usd, bound, seconds = found.usd, found.bound, found.seconds
            what = "serflow-opt"
            best[name, step] = usd
        gap = (usd - bound) / usd if usd < float("inf") else float("inf")
        busy = time.process_time() - began
        print(f"{name} {method} {step:g} s: {usd:.5f} {bound:.5f} {seconds:.1f} s", file=sys.stderr)
        cells = [f"{usd:.4f}", f"{bound:.4f}", f"{100 * gap:.3f} %", f"{seconds:.1f} s", f"{busy:.1f} s"]
        rows.append([name, f"{step:g} s", what, *cells])
        # the plain model starts machines no later than they do: its bound holds for all
        wrong |= method == "plain" and bound > best.get((name, step), float("inf")) * (1 + 1e-6)
    what = f"{len(trace.counts):,} minutes of {trace.name} x {given.factor:g}, gap {given.gap:g}"
    periods = f"{what}, limit {given.limit:g} s on a clock."
    columns = ["types", "step", "method", "USD", "bound", "gap", "seconds", "of processors"]
    text = "\n\n".join([heading, periods, table(columns, rows)])
    print(text)
    if given.out:
        write(given.out, "schedules", text)
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
