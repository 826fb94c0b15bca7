"""Write stages.csv and print the speeds; with --data also write exits.csv.

--data is results_ee_alexnet_for_ucb_3.csv of pachecobeto95/adaptive_early_exit@15ab4c0.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from serflow_opt.instances.architectures import alexnet_cifar10, conv, linear, write_stages, write_table
from serflow_opt.problem.exits import derive_menus
from serflow_opt.problem.network import Samples

FOLDER = Path(__file__).parent
LEVELS = 20
EARLIER_THRESHOLD = 0.8
NCNN_ALEXNET_MS = {
    "Raspberry Pi 4B, 4 threads": 76.40,
    "Jetson TX2 NX, GPU": 20.32,
    "AWS c5.4xlarge, 8 threads": 4.89,
}
"""Average milliseconds of AlexNet in Tencent/ncnn@a4d2ea1 benchmark/README.md."""


def ncnn_alexnet_flops() -> int:
    """Count the AlexNet that ncnn times: two groups in convolutions 2, 4 and 5 (models/alexnet.param)."""
    layers = conv(3, 96, 11, 55) + conv(48, 256, 5, 27) + conv(256, 384, 3, 13) + conv(192, 384, 3, 13)
    layers += conv(192, 256, 3, 13) + linear(9216, 4096) + linear(4096, 4096) + linear(4096, 1000)
    flops: int = 2 * layers.macs
    return flops


def write_exits(path: Path, data: Path, stages: int) -> None:
    """Write the exit table: the branch and the end."""
    table = pd.read_csv(data)
    confidence = table[["conf_branch_1", "conf_branch_2"]].round(6).to_numpy()
    correct = table[["correct_branch_1", "correct_branch_2"]].to_numpy(dtype=bool)
    samples = Samples(confidence, correct, (1, stages), np.zeros(len(table), dtype=bool))
    menus = derive_menus(samples, stages, LEVELS, EARLIER_THRESHOLD)
    branch, last = menus[0], menus[-1]
    rows = [
        (1, round(a, 6), round(e, 6), round(r, 6))
        for a, e, r in zip(branch.thresholds, branch.exit_rates, branch.accuracies, strict=True)
    ]
    rows.append((stages, 0.0, 1.0, round(last.accuracies[0], 6)))
    write_table(path, "stage,threshold,exit_rate,accuracy", rows)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="results_ee_alexnet_for_ucb_3.csv")
    data: Path | None = parser.parse_args().data
    stages = alexnet_cifar10()
    write_stages(FOLDER / "stages.csv", stages)
    for machine, milliseconds in NCNN_ALEXNET_MS.items():
        print(f"{machine}: flops_per_s {ncnn_alexnet_flops() / milliseconds * 1e3:.3e}")
    if data is not None:
        write_exits(FOLDER / "exits.csv", data, len(stages))


if __name__ == "__main__":
    main()
