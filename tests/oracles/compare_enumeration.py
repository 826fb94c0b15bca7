"""Solves drawn instances by the package and by `enumeration`, and lists where they differ.

    python tests/oracles/compare_enumeration.py --seeds 0 300 --method auto --method milp --keep differences

`--method evaluate` takes no optimum but some decisions of each draw, and compares what the evaluator says of them;
`--method front` compares a front of two or three objectives.

Each answer is one of: agreed; wrong optimal; wrong infeasible; wrong value (of the plan itself, any figure); wrong
bound; wrong reason (of having no plan); worse tie (an equally good plan is better in what comes then); unproven
(stopped at a limit); no_solution; refused (files said to be bad); uncovered (by the method); crash.
"""

from __future__ import annotations

import argparse
import collections
import random
import statistics
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

import serflow_opt as so
from oracles.enumeration import ORDER, Best, after, best, decisions, limits_kept, objective
from oracles.enumeration_clashes import clashes_apart
from oracles.enumeration_draws import TRAITS, draw
from oracles.enumeration_fronts import front_apart
from oracles.enumeration_plans import EXACT, decision_of, document_of, figures_apart
from oracles.enumeration_questions import counted, emitting
from oracles.enumeration_reading import Documents, read
from oracles.enumeration_valuation import KEPT, Valuation, Worth

Solving = Literal["auto", "milp", "labels", "mixes"]
Method = Solving | Literal["evaluate", "front"]
GAP = 1e-6


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


def judge(path: Path, doc: Documents, right: Best, method: Method, time_limit: float = 60.0) -> Outcome:
    """Solve by the package and compare with the best decision."""
    start = time.perf_counter()
    try:
        instance = so.load(path)
        if method in ("evaluate", "front"):
            check = evaluated if method == "evaluate" else front_found
            return Outcome(*check(path, instance, doc, right), time.perf_counter() - start)
    except so.InputError as error:
        return Outcome("refused", str(error).partition("\n")[0], time.perf_counter() - start)
    try:
        plan = so.solve(instance, method=cast(Solving, method), time_limit=time_limit)
    except so.InputError as error:
        return Outcome("uncovered", str(error), time.perf_counter() - start)
    except Exception:
        return Outcome("crash", traceback.format_exc(limit=-3), time.perf_counter() - start)
    seconds = time.perf_counter() - start
    verdict, words = verdict_of(plan, doc, right)
    return Outcome(verdict, words, seconds)


def evaluated(path: Path, instance: so.Instance, doc: Documents, right: Best) -> tuple[str, str]:
    """Decisions drawn by chance, good and bad, valued by the package's evaluator and by the oracle."""
    drawn = random.Random(path.read_text(encoding="utf-8")).sample(range(len(right.worths)), min(10, len(right.worths)))
    for i, decision in enumerate(decisions(doc)):
        if i not in drawn:
            continue
        document, worth = document_of(decision, doc), right.worths[i]
        try:
            metrics = so.evaluate(instance, document)
        except so.InputError as error:
            return "wrong value", f"refused: {error}; {document}"
        except Exception:
            return "crash", f"{traceback.format_exc(limit=-3)} {document}"
        if apart := figures_apart(metrics.model_dump(), Valuation(doc, decision), worth):
            return "wrong value", f"{apart}; {document}"
        if bool(metrics.breaches) == limits_kept(doc, worth):
            return "wrong value", f"breaches {metrics.breaches}, right {worth}; {document}"
    return "agreed", ""


def front_found(path: Path, instance: so.Instance, doc: Documents, right: Best) -> tuple[str, str]:
    """A front of two or three objectives drawn by chance."""
    rng = random.Random(path.read_text(encoding="utf-8"))
    usual = [name for name in ORDER if (name != "carbon" or doc.emitting) and (name != "accuracy" or doc.rows)]
    names = rng.sample(usual, rng.choice((2, 2, 3)))
    try:
        front = so.pareto(instance, names, time_limit=60.0)
    except Exception:
        return "crash", f"{names} {traceback.format_exc(limit=-3)}"
    kept = [worth for worth in right.worths if limits_kept(doc, worth)]
    found = [Valuation(doc, decision_of(plan.to_dict()["plan"], doc)).worth() for plan in front.plans]
    if not all(limits_kept(doc, worth) for worth in found):
        return "wrong front", f"{names}: a plan breaks a limit; {front.method}"
    if apart := front_apart(found, kept, names):
        return ("wrong front" if front.complete else "unproven"), f"{names}: {apart}; {front.method}"
    return ("agreed" if front.complete else "unproven"), f"{len(found)} plans"


def verdict_of(plan: so.Plan, doc: Documents, right: Best) -> tuple[str, str]:
    """What is wrong with an answer."""
    answer = plan.to_dict()
    status = answer["status"]
    words = f"{status}, best of {len(right.worths)}: {right.value!r}"
    if status == "infeasible":
        if right.value is not None:
            return "wrong infeasible", words
        because = answer["infeasible_because"]
        worths = [worth for worth in right.worths if worth.machines]  # like memory no limit that is to be loosened
        apart = clashes_apart(because, doc, worths, GAP + EXACT) if worths else ""
        return ("wrong reason", f"{words}; {apart}") if apart else ("agreed", words)
    if status == "no_solution":
        return "no_solution", f"{words}; {answer['notes']}"
    value = answer["objective"]["value"]
    words = f"{status} {value!r}, best of {len(right.worths)}: {right.value!r}"
    if right.value is None or right.worth is None or plan.metrics is None:
        return "wrong optimal", words
    valuation = Valuation(doc, decision_of(answer["plan"], doc))
    worth = valuation.worth()
    if not limits_kept(doc, worth):
        return "wrong optimal", f"{words}; breaks a limit: {worth}"
    if apart := figures_apart(plan.metrics.model_dump(), valuation, worth):
        return "wrong value", f"{words}; {apart}"
    if doc.minimize != "weighted" and abs(value - getattr(worth, doc.minimize)) > EXACT * abs(value):
        return "wrong value", f"{words}; the plan's is {getattr(worth, doc.minimize)!r}"
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


def main() -> int:
    """Compare a range of seeds; 1 when anything is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs=2, default=(0, 100), metavar=("FIRST", "END"))
    parser.add_argument("--method", action="append", choices=("auto", "milp", "labels", "mixes", "evaluate", "front"))
    parser.add_argument("--without", action="append", default=[], choices=TRAITS)
    parser.add_argument("--always", action="append", default=[], choices=TRAITS)
    parser.add_argument("--carbon", action="store_true", help="have carbon counted, minimised or limited")
    parser.add_argument("--counted", action="store_true", help="have machines rented whole, and few of them")
    parser.add_argument("--time-limit", type=float, default=60.0)
    parser.add_argument("--keep", type=Path, help="folder that the instances which differ are written to")
    asked = parser.parse_args()
    methods = asked.method or ["auto", "milp"]
    counts = {method: collections.Counter[str]() for method in methods}
    seconds: dict[str, list[float]] = {method: [] for method in methods}
    with tempfile.TemporaryDirectory() as scratch:
        for seed in range(*asked.seeds):
            change = emitting if asked.carbon else counted if asked.counted else None
            path = draw(seed, Path(scratch) / str(seed), asked.without, asked.always, change)
            doc = read(path)
            right = best(doc)
            for method in methods:
                outcome = judge(path, doc, right, method, asked.time_limit)
                counts[method][outcome.verdict] += 1
                seconds[method].append(outcome.seconds)
                if outcome.verdict not in ("agreed", "uncovered"):
                    print(f"{seed} {method}: {outcome.verdict}: {outcome.words}", flush=True)
                    if asked.keep:
                        draw(seed, asked.keep / str(seed), asked.without, asked.always, change)
    for method in methods:
        times = seconds[method]
        print(f"{method}: {dict(counts[method])}, median {statistics.median(times):.3f} s, longest {max(times):.1f} s")
    return int(any(set(count) - {"agreed", "uncovered"} for count in counts.values()))


if __name__ == "__main__":
    sys.exit(main())
