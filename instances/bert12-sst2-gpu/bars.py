"""Four ways to serve bert12-sst2-gpu at equal latency and accuracy: what each costs, as a table and a picture.

No exits, batches; exits, one by one; exits in one block, whose batches shrink; exits, split where that pays, so that
batches are filled anew.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import serflow_opt as so
from serflow_opt.plotting.batches import plot_batch_costs
from serflow_opt.problem.network import NO_CLASSIFIER

LAST_EXIT = 0.9025
"""Accuracy of the last exit on all 872 samples: where nobody leaves before, the table's row does not hold."""


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--file", type=Path, default=Path(__file__).parent / "instance.toml")
    parser.add_argument("--arrivals", choices=["smooth", "random"], default="smooth")
    parser.add_argument("--blocks", type=int, default=2, help="most blocks of the last way")
    parser.add_argument("--time-limit", type=float, default=120.0, help="seconds for each way")
    parser.add_argument("--out", type=Path, help="draw the picture into this file")
    given = parser.parse_args()
    own = so.load(given.file)
    last = replace(own.menus[-1], accuracies=(LAST_EXIT,))
    no_exits = replace(own, menus=(*[NO_CLASSIFIER] * (len(own.stages) - 1), last))
    one_by_one = replace(own, options=tuple(replace(option, batching=None) for option in own.options))
    ways = {
        "no exits, batches": (no_exits, 1),
        "exits, one by one": (one_by_one, given.blocks),
        "exits, batches shrink": (own, 1),
        "exits, split and filled anew": (own, given.blocks),
    }
    found = {}
    for name, (instance, blocks) in ways.items():
        found[name] = so.provision(
            instance, blocks=blocks, arrivals=given.arrivals, time_limit=given.time_limit, confirm=False
        )
        one = found[name]
        said = ", ".join(
            f"{p.first}-{p.last} on {p.count} x {p.machine} by {p.batch} (enter {p.reach:.0%}, mean {p.batch_mean:.3g})"
            for p in one.parts
        )
        cost = f"{one.usd_per_s * 3600:8.2f} USD/h, bound {one.bound * 3600:8.2f}"
        print(f"{name:30s} {cost}  {one.status:9s} {one.latency_worst_ms:6.1f} ms  {one.accuracy:.4f}  {said}")
    if given.out is not None:
        figure = plot_batch_costs(found).get_figure(root=True)
        assert figure is not None
        figure.savefig(given.out, dpi=150, bbox_inches="tight")


if __name__ == "__main__":
    main()
