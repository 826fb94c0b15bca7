"""Services alone and under one budget: processor time, searches and gap, by the number of services.

    python benchmarks/fleets.py 20 100 --stages 5 --thresholds 10 --options 18 --share 0.3

The budget lies at `share` of the way from what the cheapest plans cost together to what the fastest do.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from generate import write_instance

import serflow_opt as so


def main() -> None:
    """Print a row for each number of services."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("services", type=int, nargs="+")
    for name, default in (("stages", 5), ("thresholds", 10), ("options", 18), ("jobs", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--share", type=float, default=0.3)
    parser.add_argument("--gap", type=float, default=1e-4)
    parser.add_argument("--time-limit", type=float)
    given = parser.parse_args()
    print("services  each alone  status    value ms       gap  bound's gap  rounds  searches   seconds  of processors")
    for count in given.services:
        with tempfile.TemporaryDirectory() as folder:
            size = (given.stages, given.thresholds, given.options)
            instances = [so.load(write_instance(Path(folder) / str(k), *size, k)) for k in range(count)]
        so.solve_all(instances[:1])  # imports do not count
        ends, began = [], time.process_time()
        for minimize in ("cost", "latency"):
            plans = so.solve_all([own.with_limits(minimize=minimize) for own in instances], jobs=given.jobs)
            ends.append(sum(plan.metrics.cost_usd_per_hour for plan in plans if plan.metrics))
        alone, began = (time.process_time() - began) / 2 / count, time.process_time()
        budget = ends[0] + given.share * (ends[1] - ends[0])
        fleet = so.solve_fleet(
            instances, budget_usd_per_hour=budget, gap=given.gap, jobs=given.jobs, time_limit=given.time_limit
        )
        proof = fleet.certificate
        assert fleet.value is not None
        assert proof.lagrangian_bound is not None
        first = 1 - proof.lagrangian_bound / fleet.value
        work = f"{fleet.seconds:8.1f}  {time.process_time() - began:13.1f}"
        proven = f"{fleet.status:8}  {fleet.value:8.4f}  {fleet.gap:8.1e}  {first:11.1e}"
        print(f"{count:8}  {1000 * alone:7.1f} ms  {proven}  {proof.rounds:6}  {proof.searches:8}  {work}")


if __name__ == "__main__":
    main()
