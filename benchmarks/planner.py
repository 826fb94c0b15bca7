"""Ask planners of machines rented whole, and hold each answer against a fresh solve.

Random instances (`generate.py`); the rate of a question lies between 0.3 and 4 times the instance's, and mostly another
bound, floor or price goes with it. Seconds are of the processor, of the answer alone. Exits with 1 where an answer is
not that of the solve, within the gap, or is not proven.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from dataclasses import replace
from typing import Any

import numpy as np
from compare import load
from reporting import setting, table

import serflow_opt as so
from serflow_opt.ground.tolerances import PLANNER_GAP


def drawn(instance: so.Instance, rng: np.random.Generator) -> dict[str, Any]:
    """A question."""
    rate, bound, floor = instance.rate_per_s, instance.latency_slo_s, instance.accuracy_min
    assert rate is not None
    assert bound is not None
    assert floor is not None
    question: dict[str, Any] = {"rate_per_s": float(rate * np.exp(rng.uniform(np.log(0.3), np.log(4))))}
    if rng.random() < 0.6:
        question["latency_slo_ms"] = float(bound * 1000 * rng.uniform(0.8, 1.6))
    if rng.random() < 0.5:
        question["accuracy_min"] = float(floor + rng.uniform(-0.03, 0.012))
    if rng.random() < 0.25:
        option = instance.options[int(rng.integers(len(instance.options)))]
        question["prices"] = {option.name: float(option.usd_per_s * option.workers * 3600 * rng.uniform(0.5, 1.5))}
    return question


def asked_of(instance: so.Instance, question: dict[str, Any], prices: dict[str, float]) -> so.Instance:
    """The instance that a question is about."""
    options = tuple(
        replace(own, usd_per_s=prices[own.name] / 3600 / own.workers) if own.name in prices else own
        for own in instance.options
    )
    return replace(instance, options=options).with_limits(**question)


def timed(call: Any) -> tuple[float, so.Plan]:
    """Milliseconds of the processor, and the answer."""
    began = time.process_time()
    plan: so.Plan = call()
    return 1000 * (time.process_time() - began), plan


def main() -> int:
    """Run; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="16x20x46")
    parser.add_argument("--seeds", type=int, default=6)
    parser.add_argument("--first-seed", type=int, default=8000)
    parser.add_argument("--questions", type=int, default=60, help="to each planner")
    given = parser.parse_args()
    heading, lines, wrong = setting(), [], []
    every: dict[str, list[float]] = {"planner": [], "solve": []}
    for seed in range(given.first_seed, given.first_seed + given.seeds):
        instance = load(given.size, seed).with_limits(accounting="reserved", latency_measure="worst")
        made, planner = timed(lambda own=instance: so.Planner(own))
        rng, own = np.random.default_rng(seed), []
        for _ in range(given.questions):
            question = drawn(instance, rng)
            took, plan = timed(lambda asked=question, by=planner: by.plan(**asked, explain=False))
            own.append(took)
            prices = question.pop("prices", {})
            changed = asked_of(instance, question, prices)
            alone, other = timed(lambda asked=changed: so.solve(asked, gap=PLANNER_GAP))
            every["planner"].append(took)
            every["solve"].append(alone)
            values = plan.objective.value, other.objective.value
            apart = None in values and values != (None, None)
            if values[0] is not None and values[1] is not None:
                apart = abs(values[0] - values[1]) > (PLANNER_GAP + 1e-8) * min(values[0], values[1])
            if apart or plan.status not in ("optimal", "infeasible"):
                wrong.append(f"seed {seed}, {question}, {prices}: {plan.status} {values[0]}, by solve {values[1]}")
        lines.append([str(seed), f"{made:.0f} ms", f"{statistics.median(own):.1f} ms", f"{max(own):.1f} ms"])
    shown = [
        [name, f"{np.median(own):.1f} ms", f"{np.percentile(own, 99):.1f} ms", f"{max(own):.1f} ms"]
        for name, own in every.items()
    ]
    print("\n\n".join([
        heading,
        table(["seed", "made in", "median", "worst"], lines),
        table(["way", "median", "99th percentile", "worst"], shown),
        "\n".join(f"* {line}" for line in wrong) or f"All {len(every['planner'])} answers are those of a fresh solve.",
    ]))  # fmt: skip
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
