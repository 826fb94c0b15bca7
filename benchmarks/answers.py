"""Write the answers to all shipped instances and to random ones; hold two such files against each other.

    python benchmarks/answers.py write before.json          # and, on another state of the code, after.json
    python benchmarks/answers.py compare before.json after.json

Written is what `solve` answers, as JSON without what is measured on a clock, or what it says against the input. Random
instances are the draws of `tests/oracles`: as they come, with machines rented whole, and with percentiles, in turn.
Answers differ where a byte of them does; `compare` names each, and the first place in it, and exits with 1.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from oracles.enumeration_draws import draw
from oracles.enumeration_questions import late, rented

import serflow_opt as so
from serflow_opt.problem.loader import shipped_folder

CLOCK = {"seconds", "solver_seconds", "last_improvement_s"}
"""Keys of what a clock says."""
CHANGES = (None, rented, late)
LIMIT_S = 60.0


def without_clock(document: Any) -> Any:
    """Return a document without what a clock says."""
    if isinstance(document, dict):
        return {key: without_clock(own) for key, own in document.items() if key not in CLOCK}
    return [without_clock(own) for own in document] if isinstance(document, list) else document


def answer(path: Path) -> Any:
    """Return the answer to an instance, or what is wrong with it."""
    try:
        return without_clock(so.solve(so.load(path), time_limit=LIMIT_S).to_dict())
    except so.InputError as error:
        return [[problem.place, problem.value, problem.cure] for problem in error.problems]


def answers(seeds: range) -> Iterator[tuple[str, Any]]:
    """Go through all shipped documents, and one random instance a seed, by name."""
    for path in sorted(shipped_folder().glob("*/*.toml")):
        if "schema" in path.read_text("utf-8"):  # parts of others have no format of their own
            yield str(path.relative_to(shipped_folder())), answer(path)
    for seed in seeds:
        change = CHANGES[seed % len(CHANGES)]
        with tempfile.TemporaryDirectory() as folder:
            path = draw(seed, Path(folder), without=("tail",) if change else (), change=change)
            yield f"random {seed}", answer(path)


def place_of(one: Any, other: Any, at: str = "") -> str:
    """Return where two documents differ first, and what stands there; empty: nowhere."""
    if isinstance(one, dict) and isinstance(other, dict):
        keys: list[Any] = list(dict.fromkeys([*one, *other]))
        one, other = ([own.get(key) for key in keys] for own in (one, other))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        keys = list(range(len(one)))
    else:
        return "" if json.dumps(one) == json.dumps(other) else f"{at}: {json.dumps(one)} | {json.dumps(other)}"[:200]
    found = (place_of(own, its, f"{at}.{key}") for key, own, its in zip(keys, one, other, strict=True))
    return next((place for place in found if place), "")


def compare(before: Path, after: Path) -> int:
    """Print which answers differ, and where first; return how many do."""
    one, other = (json.loads(path.read_text("utf-8")) for path in (before, after))
    differing = [name for name in dict.fromkeys([*one, *other]) if place_of(one.get(name), other.get(name))]
    for name in differing:
        print(f"{name}{place_of(one.get(name), other.get(name))}")
    print(f"{len(one)} and {len(other)} answers, {len(differing)} differ")
    return len(differing)


def main() -> int:
    """Run; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = parser.add_subparsers(dest="verb", required=True)
    write = verbs.add_parser("write", help="write all answers to a file")
    write.add_argument("file", type=Path)
    write.add_argument("--seeds", type=int, nargs=2, default=(0, 500), help="first, and the one after the last")
    two = verbs.add_parser("compare", help="compare two files of answers")
    two.add_argument("before", type=Path)
    two.add_argument("after", type=Path)
    given = parser.parse_args()
    if given.verb == "compare":
        return 1 if compare(given.before, given.after) else 0
    began = time.process_time()
    found = dict(answers(range(*given.seeds)))
    given.file.write_text(json.dumps(found, indent=1), "utf-8")
    print(f"{len(found)} answers in {time.process_time() - began:.0f} s of processor time")
    return 0


if __name__ == "__main__":
    sys.exit(main())
