"""Sweep the latency bound: what the optimal plan saves against c6i.xlarge alone, beside the survey's 5 to 50 %."""

from __future__ import annotations

import argparse
from pathlib import Path

import serflow_opt as so

PUBLISHED = "5 to 50 %"
"""Survey 3.3.2: switching from c6i.xlarge alone to c6i.large with a serverless function, over several bounds."""


def hourly(instance: so.Instance) -> tuple[float, str] | None:
    """Return the optimal cost in USD per hour and what it runs on, None when no plan keeps the bound."""
    plan = so.solve(instance)
    if plan.metrics is None or plan.metrics.cost_usd_per_hour is None:
        return None
    options = dict.fromkeys(entry.option for entry in plan.placement)
    cut = f" from stage {plan.plan.cut + 1}" if plan.plan and plan.plan.cut and len(options) > 1 else ""
    return plan.metrics.cost_usd_per_hour, " -> ".join(options) + cut


def main() -> None:
    """Print a Markdown table, a row a bound."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instance", type=Path, default=Path(__file__).with_name("instance.toml"))
    parser.add_argument("--bounds-ms", type=float, nargs="+", default=[175, 200, 240, *range(250, 321, 5)])
    given = parser.parse_args()
    instance = so.load(given.instance)
    alone = hourly(instance.keep(include=["c6i.xlarge"], exclude=["function"]).with_limits(latency_slo_ms=None))
    assert alone is not None
    print(f"| bound, ms | optimal plan | USD/hour | saving against c6i.xlarge alone ({alone[0]:.4g} USD/hour) |")
    print("|---|---|---|---|")
    for bound in given.bounds_ms:
        best = hourly(instance.with_limits(latency_slo_ms=bound))
        if best is None:
            print(f"| {bound:g} | none keeps the bound | | |")
        else:
            print(f"| {bound:g} | {best[1]} | {best[0]:.4g} | {1 - best[0] / alone[0]:.1%} |")
    print(f"\npublished: {PUBLISHED}")


if __name__ == "__main__":
    main()
