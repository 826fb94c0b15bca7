"""Hold labels, mixes and the whole model against enumeration, on fresh small instances by the thousand.

Draws of `tests/oracles` (several tiers, variants, ways to hand over, limits, rented machines, percentiles), seed by
seed: as they come, with machines rented whole, and with percentiles. Each is enumerated by code of its own, and every
`--model-every`th goes to the whole model, too. Prints what was run and each disagreement; exits with 1 where there is
one. `--always extreme` draws numbers of any size, from 1e-18 to 1e18. With `--state` a run goes on where the last one
with that file ended, and counts both.
"""

from __future__ import annotations

import argparse
import collections
import json
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from oracles.compare_enumeration import judge
from oracles.enumeration import best
from oracles.enumeration_draws import TRAITS, draw
from oracles.enumeration_questions import late, rented
from oracles.enumeration_reading import read
from reporting import setting

KINDS = {"as drawn": None, "rented": rented, "percentiles": late}
FINE = ("agreed", "uncovered", "unproven")


@dataclass
class State:
    """What was run: questions by kind, method and verdict; how many were wrong; the seed that is next."""

    next_seed: int
    wrong: int = 0
    counts: collections.Counter[str] = field(default_factory=collections.Counter)

    @classmethod
    def of(cls, path: Path | None, first: int) -> State:
        """Read it, where there is one."""
        if path is None or not path.exists():
            return cls(first)
        known = json.loads(path.read_text("utf-8"))
        return cls(known["next_seed"], known["wrong"], collections.Counter(known["counts"]))

    def write(self, path: Path | None) -> None:
        """Keep it, where that is asked for."""
        if path is not None:
            known = {"next_seed": self.next_seed, "wrong": self.wrong, "counts": dict(self.counts)}
            path.write_text(json.dumps(known, indent=1), "utf-8")


def main() -> int:
    """Run; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--seeds", type=int, nargs=2, default=(100_000, 101_667), help="first, and the one after the last"
    )
    parser.add_argument("--model-every", type=int, default=5, help="of the seeds, for the whole model, too; 0: none")
    parser.add_argument("--always", nargs="+", default=(), choices=TRAITS, help="traits that every draw has")
    parser.add_argument("--seconds", type=float, default=1e9, help="no new seed is begun after these")
    parser.add_argument("--state", type=Path, help="JSON file of what was run, read and written")
    given = parser.parse_args()
    print(setting())
    began, state = time.monotonic(), State.of(given.state, given.seeds[0])
    counts = state.counts
    for seed in range(state.next_seed, given.seeds[1]):
        if time.monotonic() - began > given.seconds:
            print(f"stopped before seed {seed}")
            break
        for kind, change in KINDS.items():
            with tempfile.TemporaryDirectory() as folder:
                without = ("tail",) if change else ()
                path = draw(seed, Path(folder), without=without, always=given.always, change=change)
                document = read(path)
                right = best(document)
                model = bool(given.model_every) and seed % given.model_every == 0
                for method in ("auto", "milp") if model else ("auto",):
                    outcome = judge(path, document, right, method, 60.0)
                    counts[f"{kind}, {method}: {outcome.verdict}"] += 1
                    if outcome.verdict not in FINE:
                        state.wrong += 1
                        print(f"{kind}, seed {seed}, {method}: {outcome.verdict}: {outcome.words}", flush=True)
        state.next_seed = seed + 1
        state.write(given.state)
    for words, count in sorted(counts.items()):
        print(f"{words} {count}")
    return 1 if state.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
