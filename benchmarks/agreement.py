"""Hold labels, mixes and the whole model against enumeration, on fresh small instances by the thousand.

Draws of `tests/oracles` (several tiers, variants, ways to hand over, limits, rented machines, percentiles), seed by
seed: as they come, with machines rented whole, and with percentiles. Each is enumerated by code of its own, and every
`--model-every`th goes to the whole model, too. Prints what was run and each disagreement; exits with 1 where there is
one.
"""

from __future__ import annotations

import argparse
import collections
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from oracles.compare_enumeration import judge
from oracles.enumeration import best
from oracles.enumeration_draws import draw, late, rented
from oracles.enumeration_reading import read
from reporting import setting

KINDS = {"as drawn": None, "rented": rented, "percentiles": late}
FINE = ("agreed", "uncovered", "unproven")


def main() -> int:
    """Run; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--seeds", type=int, nargs=2, default=(100_000, 101_667), help="first, and the one after the last"
    )
    parser.add_argument("--model-every", type=int, default=5, help="of the seeds, for the whole model, too; 0: none")
    parser.add_argument("--seconds", type=float, default=1e9, help="no new seed is begun after these")
    given = parser.parse_args()
    print(setting())
    began, counts, wrong = time.monotonic(), collections.Counter[tuple[str, str, str]](), 0
    for seed in range(*given.seeds):
        if time.monotonic() - began > given.seconds:
            print(f"stopped before seed {seed}")
            break
        for kind, change in KINDS.items():
            with tempfile.TemporaryDirectory() as folder:
                without = ("tail",) if change else ()
                path = draw(seed, Path(folder), without=without, change=change)
                document = read(path)
                right = best(document)
                model = bool(given.model_every) and seed % given.model_every == 0
                for method in ("auto", "milp") if model else ("auto",):
                    outcome = judge(path, document, right, method, 60.0)
                    counts[kind, method, outcome.verdict] += 1
                    if outcome.verdict not in FINE:
                        wrong += 1
                        print(f"{kind}, seed {seed}, {method}: {outcome.verdict}: {outcome.words}", flush=True)
    for (kind, method, verdict), count in sorted(counts.items()):
        print(f"{kind}, {method}: {verdict} {count}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
