"""Write vgg19_cpu.csv: seconds of a batch on c vCPUs, a exp(-c / b) + c0, mean and longest, by batch.

    python derive.py

The coefficients are those of HarmonyBatch (MIT licence), conf/model.json, VGG19, CPU, Exponential, of
https://github.com/icloud-ecnu/HarmonyBatch at commit 253269f6951e829809339b92154cbd3db7c73685.
"""

from __future__ import annotations

import csv
from pathlib import Path

MEAN = [
    [1.8260695578676214, 0.5283726420022545, 0.18015427168547402],
    [4.849070286817897, 0.4322505914521466, 0.3644750704985931],
    [6.525043654279533, 0.45923392645406674, 0.533468087304086],
    [8.922555068657605, 0.4484733129911248, 0.7569893954072374],
]
MAX = [
    [2.8046821487917626, 0.4861966854235096, 0.2486015254149421],
    [4.9219043468043475, 0.48909337170637446, 0.3932803431571859],
    [6.9439000301849525, 0.5051632662978255, 0.5695388754016029],
    [9.65159701751372, 0.46592585483072324, 0.8287713748262584],
]


def main() -> None:
    """Write the table beside this file."""
    with Path(__file__).with_name("vgg19_cpu.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["batch", *(f"{what}_{part}" for what in ("mean", "max") for part in "abc")])
        for batch, (mean, longest) in enumerate(zip(MEAN, MAX, strict=True), 1):
            writer.writerow([batch, *mean, *longest])


if __name__ == "__main__":
    main()
