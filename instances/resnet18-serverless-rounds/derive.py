"""Write rounds.csv and stages.csv from the published runs of ResNet-18 on CIFAR-10 on ten functions.

    python derive.py

Figures are those of https://github.com/3000weichen/serverless-distributed-ml-training-aliyun at commit
2cc432490631b50ec52d4eb5b1ddf1e9f0c88d38, experiments/local_epoch_{1,2,5}/server_stats.json, batch size 64.
"""

from __future__ import annotations

import csv
from pathlib import Path

HERE = Path(__file__).parent
ACCURACY = {
    1: [0.1001, 0.1787, 0.3741, 0.4714, 0.5016, 0.5487, 0.5895, 0.5931, 0.6218, 0.6357],
    2: [0.1, 0.264, 0.4707, 0.5617, 0.608, 0.6357, 0.6615, 0.6814, 0.6983, 0.7056],
    5: [0.1071, 0.2856, 0.5463, 0.6468, 0.6748, 0.706, 0.7227, 0.7326, 0.7467, 0.7506],
}
"""After each round, by local epochs; it rises throughout."""
TOTAL_S = {1: 382.6, 5: 827.6}
"""Seconds of ten rounds, by local epochs: the two runs that are fitted."""
MODEL_BYTES = 42.72916793823242 * 2**20
SAMPLES = 5_000
"""Of each function: CIFAR-10's 50,000 among ten."""


def main() -> None:
    """Write the tables beside this file, and print the fit."""
    with (HERE / "rounds.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(
            [
                ("local_epochs", "clients", "accuracy", "rounds"),
                *((epochs, 10, own, n) for epochs, run in ACCURACY.items() for n, own in enumerate(run, 1)),
            ]
        )
    epoch_s = (TOTAL_S[5] - TOTAL_S[1]) / 10 / 4
    between_s = TOTAL_S[1] / 10 - epoch_s
    forward_ms = epoch_s / SAMPLES * 1000 / 3
    with (HERE / "stages.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(
            [
                ("stage", "forward_ms", "backward_ms", "activation_bytes", "parameter_bytes"),
                ("resnet18", f"{forward_ms:.10g}", f"{2 * forward_ms:.10g}", 40, round(MODEL_BYTES)),
            ]
        )
    print(f"an epoch {epoch_s:.6g} s, between epochs {between_s:.6g} s")
    print(f"the model both ways in that time: {2 * round(MODEL_BYTES) * 8 / between_s / 1e6:.10g} Mbit/s")


if __name__ == "__main__":
    main()
