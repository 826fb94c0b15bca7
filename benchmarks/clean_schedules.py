"""Random services of three or four hours on which carbon counts: every question against all fleets enumerated.

Least carbon, a price and a limit, each as requests come and with some that may wait; values, bounds and limits kept.

python benchmarks/clean_schedules.py --seeds 0 40
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from oracles.clean_schedules import HOUR, best
from support.clean_cases import clean_case

from serflow_opt.traffic.schedule.clean import CarbonTerms
from serflow_opt.traffic.schedule.priced import MayWait
from serflow_opt.traffic.schedule.solve import schedule

NEAR = 1e-6


def agreeing(seed: int) -> dict[str, bool]:
    """Whether each question on a service has the value and the bound of the best fleet, and keeps its limit.

    Types are one or two by turns; with one type there are three or four hours, with two three.
    """
    rng = np.random.default_rng(seed)
    types = 1 + seed % 2
    service, trace, (kinds, function, demand) = clean_case(seed, types, 3 + (types == 1) * (seed // 2 % 2))
    share, hours, price = float(rng.uniform(0.2, 0.9)), int(rng.integers(1, 3)), float(rng.uniform(0.1, 3.0))
    cleanest = schedule(service, trace, step_s=HOUR, gap=1e-9, carbon=CarbonTerms("carbon"))
    dirty = math.fsum(schedule(service, trace, step_s=HOUR, gap=1e-9).carbon_g.values())
    limit = cleanest.value + float(rng.uniform()) * (dirty - cleanest.value)
    found = {}
    for wait in ((0.0, 0), (share, hours)):
        waiting = MayWait(share, hours * HOUR) if wait[1] else None
        for name, terms, weights, most in (
            ("carbon", CarbonTerms("carbon", waiting=waiting), (0.0, 1.0), math.inf),
            ("price", CarbonTerms(usd_per_tonne=price * 1e6, waiting=waiting), (1.0, price), math.inf),
            ("limit", CarbonTerms(max_g=limit / trace.requests, waiting=waiting), (1.0, 0.0), limit),
        ):
            own = schedule(service, trace, step_s=HOUR, gap=1e-9, carbon=terms)
            least = best(kinds, function, demand, weights, most, *wait)
            near = all(math.isclose(x, least, rel_tol=NEAR) for x in (own.value, own.bound))
            kept = math.fsum(own.carbon_g.values()) <= most * (1 + NEAR / 100)
            found[name + (", waiting" if wait[1] else "")] = near and kept
    return found


def main() -> None:
    """Print how many of each question agree, and those that do not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", nargs=2, type=int, default=(0, 40))
    first, last = parser.parse_args().seeds
    began, right = time.process_time(), Counter[str]()
    for seed in range(first, last):
        for name, agrees in agreeing(seed).items():
            right[name] += agrees
            if not agrees:
                print(f"seed {seed}: {name} differs")
    for name, count in right.items():
        print(f"{name}: {count} of {last - first}")
    print(f"{time.process_time() - began:.0f} s of a processor")


if __name__ == "__main__":
    main()
