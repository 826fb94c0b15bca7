"""Time plans paid per request, on machines rented whole, and within percentiles, beside the whole model in HiGHS.

Random instances (`generate.py`) of rising size, on seeds nothing was tuned on, by `method="auto"` and `method="milp"`,
to the same gap, one after the other in one process. Processor time counts, of all threads: building of models and
breaking of ties do, reading of the instance does not. Exits with 1 where the two contradict each other.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path

from compare import contradictions, load
from reporting import setting, table, write
from scip_product import Answer

import serflow_opt as so

QUESTIONS: dict[str, dict[str, str]] = {
    "per request": {"accounting": "per-request", "latency_measure": "worst"},
    "rented": {"accounting": "reserved", "latency_measure": "worst"},
    "p95": {"accounting": "per-request", "latency_measure": "p95"},
    "p95 rented": {"accounting": "reserved", "latency_measure": "p95"},
}
RUNS = ["rented:5x10x18", "rented:8x20x18", "rented:16x20x46", "p95:5x10x18", "p95:8x20x18", "p95 rented:5x10x18"]


def answered(instance: so.Instance, method: str, gap: float, limit: float) -> Answer:
    """Solve, and count the processor time."""
    began = time.process_time()
    plan = so.solve(instance, gap=gap, time_limit=limit, method=method)  # type: ignore[arg-type]
    seconds = time.process_time() - began
    bound = float("-inf") if plan.bound is None else plan.bound
    return Answer(plan.objective.value, bound, seconds, plan.status)


def main() -> int:
    """Run; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", nargs="+", default=RUNS, metavar="QUESTION:SIZE", help=f"of {', '.join(QUESTIONS)}")
    parser.add_argument("--seeds", type=int, default=20, help="instances a run")
    parser.add_argument("--model-seeds", type=int, default=3, help="of them, for the whole model, too")
    parser.add_argument("--first-seed", type=int, default=8000, help="change it for fresh instances")
    parser.add_argument("--gap", type=float, default=1e-4)
    parser.add_argument("--limit", type=float, default=120.0, help="seconds for one solve")
    parser.add_argument("--section", default="rented", help="name of that section")
    parser.add_argument("--out", type=Path, help="Markdown file to write, or the one whose section to replace")
    given = parser.parse_args()
    heading, lines, wrong = setting(), [], []
    for run in given.runs:
        question, size = run.split(":")
        for method in ("auto", "milp"):  # imports and caches do not count
            answered(load("3x3x4", 0).with_limits(**QUESTIONS[question]), method, given.gap, given.limit)
        ours, theirs, ratios = [], [], []
        for number in range(given.seeds):
            instance = load(size, given.first_seed + number).with_limits(**QUESTIONS[question])
            answers = {"auto": answered(instance, "auto", given.gap, given.limit)}
            ours.append(answers["auto"])
            if number < given.model_seeds:
                answers["milp"] = answered(instance, "milp", given.gap, given.limit)
                theirs.append(answers["milp"])
                ratios.append(answers["milp"].seconds / answers["auto"].seconds)
            wrong += [f"{run} seed {given.first_seed + number}: {text}" for text in contradictions(answers, given.gap)]
            print(run, given.first_seed + number, f"{1000 * ours[-1].seconds:.1f} ms", ours[-1].status, file=sys.stderr)
        seconds = [answer.seconds for answer in ours]
        proven = sum(answer.status in ("optimal", "infeasible") for answer in ours)
        model = f"{1000 * statistics.median(a.seconds for a in theirs):,.0f} ms" if theirs else "-"
        lines.append([
            question, size, f"{1000 * statistics.median(seconds):,.1f} ms", f"{1000 * max(seconds):,.0f} ms",
            f"{proven} of {len(ours)}", model, f"{statistics.median(ratios):,.0f}" if ratios else "-",
        ])  # fmt: skip
    header = ["question", "size", "median", "worst", "proven", "whole model, median", "times"]
    text = "\n\n".join([
        heading,
        f"Processor time, gap {given.gap:g}, seeds from {given.first_seed} on, {given.seeds} a run; the whole model on "
        f"the first {given.model_seeds} of them, limit {given.limit:g} s. Times: the same seeds, in pairs.",
        table(header, lines),
        "\n".join(f"* {line}" for line in wrong) or "Both agree, plans with plans and bounds with plans.",
    ])  # fmt: skip
    print(text)
    if given.out:
        write(given.out, given.section, text)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
