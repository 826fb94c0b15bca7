"""Four ways to serve diffusion-cascade at equal latency and quality: what each costs, as a table and a picture.

The heavy model alone, in batches; the cascade one by one; both models on the same cards, in batches; each on its own.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import serflow_opt as so
from serflow_opt.plotting.batches import plot_batch_costs
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.offers import Option


def second_alone(cascade: Instance) -> Instance:
    """Return the instance without the light model."""

    def option(own: Option) -> Option:
        assert own.batching is not None
        batching = replace(own.batching, seconds=own.batching.seconds[1:])
        return replace(own, stage_seconds=own.stage_seconds[1:], batching=batching)

    options = tuple(option(own) for own in cascade.options)
    stages, menus, ways = cascade.stages[1:], cascade.menus[1:], cascade.ways[1:]
    return replace(cascade, stages=stages, menus=menus, ways=ways, options=options)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--arrivals", choices=["smooth", "random"], default="smooth")
    parser.add_argument("--time-limit", type=float, default=120.0, help="seconds for each way")
    parser.add_argument("--out", type=Path, help="draw the picture into this file")
    given = parser.parse_args()
    own = so.load(Path(__file__).parent)
    one_by_one = replace(own, options=tuple(replace(option, batching=None) for option in own.options))
    ways = {
        "heavy model alone, batches": (second_alone(own), 1),
        "cascade, one by one": (one_by_one, 2),
        "cascade on the same cards, batches": (own, 1),
        "cascade, each its own, batches": (own, 2),
    }
    found = {}
    for name, (instance, blocks) in ways.items():
        one = so.provision(instance, blocks=blocks, arrivals=given.arrivals, time_limit=given.time_limit, confirm=False)
        found[name] = one
        said = ", ".join(f"{p.first}-{p.last} on {p.count} by {p.batch} (mean {p.batch_mean:.3g})" for p in one.parts)
        cost = f"{one.usd_per_s * 3600:6.2f} USD/h, bound {one.bound * 3600:6.2f}"
        print(f"{name:36s} {cost}  {one.status:9s} {one.latency_worst_ms:6.0f} ms  {one.accuracy:.4f}  {said}")
    if given.out is not None:
        figure = plot_batch_costs(found).get_figure(root=True)
        assert figure is not None
        figure.savefig(given.out, dpi=150, bbox_inches="tight")


if __name__ == "__main__":
    main()
