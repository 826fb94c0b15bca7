"""Solves drawn instances by the package and by `enumeration`, and lists where they differ.

    python tests/oracles/compare_enumeration.py --seeds 0 300 --method auto --method milp --keep differences

Each answer is one of: agreed; wrong optimal; wrong infeasible; wrong value (of the plan itself, any figure); wrong
bound; wrong reason (of having no plan); worse tie (an equally good plan is better in what comes then); unproven
(stopped at a limit); no_solution; refused (files said to be bad); uncovered (by the method); crash.
"""

from __future__ import annotations

import argparse
import collections
import statistics
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

import serflow_opt as so
from oracles.enumeration import (
    KEPT,
    Best,
    Decision,
    Valuation,
    Worth,
    after,
    best,
    decisions,
    limits_kept,
    objective,
)
from oracles.enumeration_clashes import clashes_apart
from oracles.enumeration_draws import TRAITS, draw
from oracles.enumeration_reading import Choice, Documents, Manner, read

Method = Literal["auto", "milp", "labels"]
GAP = 1e-6
EXACT = 1e-8
"""What two valuations of one plan may differ, relative."""


@dataclass(frozen=True)
class Outcome:
    """How an answer compares."""

    verdict: str
    words: str
    seconds: float


def compare(path: Path, method: Method, time_limit: float = 60.0) -> Outcome:
    """Solve the instance at `path` by both and compare."""
    doc = read(path)
    return judge(path, doc, best(doc), method, time_limit)


def judge(path: Path, doc: Documents, right: Best, method: Method, time_limit: float) -> Outcome:
    """Solve by the package and compare with the best decision."""
    start = time.perf_counter()
    try:
        instance = so.load(path)
    except so.InputError as error:
        return Outcome("refused", str(error).partition("\n")[0], time.perf_counter() - start)
    try:
        plan = so.solve(instance, method=method, time_limit=time_limit)
    except so.InputError as error:
        return Outcome("uncovered", str(error), time.perf_counter() - start)
    except Exception:
        return Outcome("crash", traceback.format_exc(limit=-3), time.perf_counter() - start)
    seconds = time.perf_counter() - start
    verdict, words = verdict_of(plan.to_dict(), doc, right)
    return Outcome(verdict, words, seconds)


def verdict_of(answer: dict[str, Any], doc: Documents, right: Best) -> tuple[str, str]:
    """What is wrong with an answer."""
    status = answer["status"]
    words = f"{status}, best of {len(right.worths)}: {right.value!r}"
    if status == "infeasible":
        if right.value is not None:
            return "wrong infeasible", words
        because = answer["infeasible_because"]
        apart = clashes_apart(because, doc, right.worths, GAP + EXACT) if right.worths else ""
        return ("wrong reason", f"{words}; {apart}") if apart else ("agreed", words)
    if status == "no_solution":
        return "no_solution", f"{words}; {answer['notes']}"
    value = answer["objective"]["value"]
    words = f"{status} {value!r}, best of {len(right.worths)}: {right.value!r}"
    if right.value is None or right.worth is None:
        return "wrong optimal", words
    worth = Valuation(doc, decision_of(answer["plan"], doc)).worth()
    if not limits_kept(doc, worth):
        return "wrong optimal", f"{words}; breaks a limit: {worth}"
    if doc.minimize != "weighted" and (apart := figures_apart(answer, worth, getattr(worth, doc.minimize))):
        return "wrong value", f"{words}; {apart}"
    missed = value - right.value
    scale = max(abs(right.value), 1.0) if doc.minimize == "weighted" else abs(right.value)
    if abs(missed) > (GAP + EXACT) * scale:
        return ("wrong optimal" if status == "optimal" or missed < 0 else "unproven"), words
    if answer["bound"] is not None and answer["bound"] > right.value + EXACT * scale:
        return "wrong bound", f"{words}; bound {answer['bound']!r}"
    if status != "optimal":
        return "unproven", words
    if missed <= KEPT * scale and (apart := tie_apart(doc, worth, right.worth)):
        return "worse tie", f"{words}; {apart}"
    return "agreed", words


def tie_apart(doc: Documents, worth: Worth, right: Worth) -> str:
    """By which of what comes then a plan is worse than an equally good one."""
    for name in after(doc):
        got, least = objective(worth, name), objective(right, name)
        if got > least + (GAP + EXACT) * abs(least):
            return f"{name} {got!r}, right {least!r}"
        if got < least - KEPT * abs(least):
            return ""
    return ""


def figures_apart(answer: dict[str, Any], worth: Worth, aim: float) -> str:
    """Figures of a plan that the oracle has otherwise."""
    metrics = answer["metrics"]
    pairs = {
        "objective": (answer["objective"]["value"], aim),
        "accuracy": (metrics["accuracy"], worth.accuracy),
        "worst": (metrics["latency_worst_ms"], worth.worst),
        "mean": (metrics["latency_mean_ms"], worth.mean),
        "cost": (metrics["cost_usd_per_request"], worth.cost),
        "energy": (metrics["energy_j_per_request"], worth.energy),
        "privacy": (metrics["privacy_loss"], worth.privacy),
    }
    return "; ".join(
        f"{name} {got!r}, right {right!r}"
        for name, (got, right) in pairs.items()
        if got is not None and abs(got - right) > EXACT * max(abs(got), abs(right))
    )


def decision_of(plan: dict[str, Any], doc: Documents) -> Decision:
    """The decision that a plan describes."""
    groups = {group.name: group for group in doc.groups}
    placement: list[Choice] = []
    for place in sorted(plan["placement"], key=lambda place: place["stage"]):
        placement.append(next(c for c in groups[place["tier"]].choices if c.name == place["option"]))
    forms = tuple(
        next(f for f in doc.forms[v["stages"][0] - 1, v["stages"][1] - 1] if f.name == v["variant"])
        for v in plan["variants"]
    )
    chosen = {choice["stage"] - 1: choice["threshold"] for choice in plan["thresholds"]}
    ways = {way["before_stage"] - 1: way for way in plan["handovers"]}
    for decision in matching(doc, tuple(placement), forms):
        if all(
            row is None or s == doc.depth - 1 or row.threshold == chosen.get(s, row.threshold)
            for s, row in enumerate(decision.rows)
        ) and all(named(doc, s, way, ways.get(s)) for s, way in enumerate(decision.ways)):
            return decision
    raise ValueError(f"no decision is {plan}")


def matching(doc: Documents, placement: tuple[Choice, ...], forms: tuple[Any, ...]) -> list[Decision]:
    """Decisions with a placement, as far as anybody gets, and forms."""
    return [
        decision
        for decision in decisions(doc)
        if decision.placement == placement[: len(decision.placement)]
        and {form.name for form in decision.forms} == {form.name for form in forms}
    ]


def named(doc: Documents, s: int, way: Manner | None, said: dict[str, Any] | None) -> bool:
    """Whether a way is the one a plan names; what is not named happens as it is."""
    if way is None:
        return said is None
    said = said or {}
    same = sum(
        other.compression == way.compression for other in {m.compression: m for m in doc.manners.get(s, ())}.values()
    )
    compression = said.get("compression") or "none"
    if compression not in (way.compression, f"{way.compression} {way.width}") or same > 1:
        return False
    if (said.get("protection") or "none") != way.protection:
        return False
    return way.protection == "none" or float(way.scale) == float(said["scale"])


def main() -> int:
    """Compare a range of seeds; 1 when anything is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs=2, default=(0, 100), metavar=("FIRST", "END"))
    parser.add_argument("--method", action="append", choices=("auto", "milp", "labels"))
    parser.add_argument("--without", action="append", default=[], choices=TRAITS)
    parser.add_argument("--time-limit", type=float, default=60.0)
    parser.add_argument("--keep", type=Path, help="folder that the instances which differ are written to")
    asked = parser.parse_args()
    methods = asked.method or ["auto", "milp"]
    counts = {method: collections.Counter[str]() for method in methods}
    seconds: dict[str, list[float]] = {method: [] for method in methods}
    with tempfile.TemporaryDirectory() as scratch:
        for seed in range(*asked.seeds):
            path = draw(seed, Path(scratch) / str(seed), tuple(asked.without))
            doc = read(path)
            right = best(doc)
            for method in methods:
                outcome = judge(path, doc, right, method, asked.time_limit)
                counts[method][outcome.verdict] += 1
                seconds[method].append(outcome.seconds)
                if outcome.verdict not in ("agreed", "uncovered"):
                    print(f"{seed} {method}: {outcome.verdict}: {outcome.words}", flush=True)
                    if asked.keep:
                        draw(seed, asked.keep / str(seed), tuple(asked.without))
    for method in methods:
        times = seconds[method]
        print(f"{method}: {dict(counts[method])}, median {statistics.median(times):.3f} s, longest {max(times):.1f} s")
    return int(any(set(count) - {"agreed", "uncovered"} for count in counts.values()))


if __name__ == "__main__":
    sys.exit(main())
