"""Write rounds.csv: rounds to a loss within 2 % of the optimum, and passes over the data in all of them.

    python derive.py

Rounds were measured by the authors of this package with logistic regression on scikit-learn's digits (1,797 samples,
even against odd), the best of four steps or penalties for each number of workers. A round of GA-SGD takes 16 samples of
each worker; one of MA-SGD an epoch of each worker's samples; one of ADMM ten epochs, as LambdaML has it.
"""

from __future__ import annotations

import csv
from pathlib import Path

WORKERS = (1, 2, 5, 10, 20, 50)
ROUNDS = {
    "ga-sgd": (795, 375, 300, 225, 190, 170),
    "ma-sgd": (5, 17, 15, 34, 61, 117),
    "admm": (3, 3, 3, 5, 9, 20),
}
SAMPLES, BATCH, LOCAL = 1797, 16, 10

if __name__ == "__main__":
    with (Path(__file__).parent / "rounds.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("algorithm", "workers", "rounds", "passes"))
        for name, rounds in ROUNDS.items():
            for w, own in zip(WORKERS, rounds, strict=True):
                passes = {"ga-sgd": own * BATCH * w / SAMPLES, "ma-sgd": own, "admm": own * LOCAL}[name]
                table.writerow((name, w, own, round(passes, 4)))
