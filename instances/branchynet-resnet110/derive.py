"""Write all tables of this folder; nothing but the architecture and Table I goes in."""

from __future__ import annotations

import argparse
import json
import math
from pathlib import Path

from serflow_opt.instances.architectures import branchynet_resnet110, write_stages, write_table

FOLDER = Path(__file__).parent
ENTROPIES, SHARES, ACCURACY, MS = (0.3, 0.2), (0.415, 0.138, 0.447), 0.7917, 73.5
"""BranchyNet, Table I, B-ResNet on a CPU."""


def threshold(entropy: float) -> float:
    """Turn an entropy bound (leave below it) into a confidence bound: 1 - entropy / ln 10, not below 0."""
    return round(max(0.0, 1 - entropy / math.log(10)), 6)


def main() -> None:
    """Run from the command line."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    stages = branchynet_resnet110()
    write_stages(FOLDER / "stages.csv", stages)

    rates = SHARES[0], round(SHARES[1] / (1 - SHARES[0]), 6)
    rows: list[tuple[int, float, float, float]] = []
    for stage, (entropy, rate) in enumerate(zip(ENTROPIES, rates, strict=True), start=1):
        rows += [(stage, threshold(entropy), rate, ACCURACY), (stage, 1.0, 0.0, 0.0)]
    write_table(FOLDER / "exits.csv", "stage,threshold,exit_rate,accuracy", [*rows, (3, 0.0, 1.0, ACCURACY)])

    reach = 1.0, 1 - SHARES[0], SHARES[2]
    ms_per_flop = MS / sum(r * stage.trunk_flops for r, stage in zip(reach, stages, strict=True))
    times = [(s, "cpu", round(ms_per_flop * stage.trunk_flops, 6)) for s, stage in enumerate(stages, start=1)]
    write_table(FOLDER / "times.csv", "stage,option,mean_ms", times)

    plan = {
        "placement": [{"stage": stage, "tier": "device", "option": "cpu"} for stage in (1, 2, 3)],
        "cut": 0,
        "thresholds": [{"stage": s, "threshold": threshold(h)} for s, h in enumerate(ENTROPIES, start=1)],
    }
    (FOLDER / "table1-plan.json").write_text(json.dumps({"plan": plan}, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
