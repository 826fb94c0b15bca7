"""The cost of survey 2.2.3 (1) as printed and repaired, side by side.

For each latency bound the plan that is optimal as printed and the one that is optimal repaired (`per-request`), each
priced in both accountings by `evaluate`. Both keep the same bounds on latency and accuracy. As printed, thresholds
behind the cut do not matter; of equally good plans the most accurate is shown. Exits with 1 when a plan is not proven
optimal.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from reporting import table, write

import serflow_opt as so
from serflow_opt.plan.document import Plan

PRINTED, REPAIRED = "as-printed", "per-request"
HEADER = [
    "bound, ms",
    "optimal as printed",
    "costs as printed",
    "costs repaired",
    "optimal repaired",
    "costs as printed",
    "costs repaired",
    "paid too much",
]


def name_of(plan: Plan, stages: int) -> str:
    """What the plan runs on, and the stage it is handed over before."""
    options = " -> ".join(dict.fromkeys(place.option for place in plan.placement))
    cut = plan.plan.cut if plan.plan is not None else None
    return f"{options} from stage {cut + 1}" if cut is not None and 0 < cut < stages else options


def compare(instance: so.Instance, bound_ms: float) -> list[str] | None:
    """Return a row of the table; None when a plan is not proven."""
    bounded = instance.with_limits(latency_slo_ms=bound_ms, then=("accuracy",))
    priced = {way: bounded.with_limits(accounting=way) for way in (PRINTED, REPAIRED)}
    cells, costs = [f"{bound_ms:g}"], []
    for way in (PRINTED, REPAIRED):
        plan = so.solve(priced[way])
        if plan.status == "infeasible":
            return [*cells, "none keeps the bounds", *[""] * (len(HEADER) - 2)]
        if plan.status != "optimal":
            return None
        both = [so.evaluate(priced[other], plan).cost_usd_per_request for other in (PRINTED, REPAIRED)]
        cells += [name_of(plan, len(instance.stages)), *(f"{1e6 * usd:.2f}" for usd in both)]
        costs.append(both[1])
    return [*cells, f"{costs[0] / costs[1] - 1:.0%}"]


def main() -> int:
    """Run the comparison; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--instance", default="bert12-sst2", help="two tiers, the second of functions")
    parser.add_argument("--bounds-ms", type=float, nargs="+", default=[150, 200, 300, 500, 700, 1000])
    parser.add_argument("--out", type=Path, help="Markdown file to write, or the one whose section to replace")
    parser.add_argument("--section", default="as_printed", help="name of that section")
    given = parser.parse_args()
    instance = so.load(given.instance)
    rows = [compare(instance, bound) for bound in given.bounds_ms]
    proven = [row for row in rows if row is not None]
    note = f"{instance.name}; costs in USD per million requests. Paid too much: repaired costs of the two plans."
    text = f"{table(HEADER, proven)}\n\n{note}"
    print(text)
    if given.out:
        write(given.out, given.section, text)
    return 0 if len(proven) == len(rows) else 1


if __name__ == "__main__":
    sys.exit(main())
