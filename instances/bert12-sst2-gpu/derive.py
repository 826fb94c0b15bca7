"""Write the tables: stages and exits of bert12-sst2; a stage takes its share of operations of a batch's time."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

from serflow_opt.problem.loader import shipped_folder

FOLDER = Path(__file__).parent
WHOLE = 7
BATCH_MS = {
    1: {1: 13, 2: 23, 4: 42, 8: 79, 16: 136, 32: 310, 64: 545},
    2: {1: 14, 2: 18, 4: 28, 8: 54, 16: 89, 32: 200, 64: 366},
    3: {1: 14, 2: 18, 4: 25, 8: 45, 16: 73, 32: 166, 64: 302},
    4: {1: 14, 2: 18, 4: 23, 8: 39, 16: 76, 32: 147, 64: 272},
    7: {1: 14, 2: 18, 4: 24, 8: 37, 16: 64, 32: 123, 64: 227},
}
"""By sevenths of the card and batch size: BERT on MIG slices of an A100-80GB, one process, milliseconds of a
batch; from the evaluation data of ParvaGPU (SC 2024), MunQ-Lee/ParvaGPU_SC24@5f3de1e (MIT)."""


def main() -> None:
    """Run from the command line."""
    for name in ("stages.csv", "exits.csv"):
        source = shipped_folder() / "bert12-sst2" / name
        if source.resolve() != (FOLDER / name).resolve():
            shutil.copyfile(source, FOLDER / name)
    with (FOLDER / "stages.csv").open(encoding="utf-8") as file:
        flops = [float(row["flops"]) for row in csv.DictReader(file)]
    for name, slices in (("card.csv", [WHOLE]), ("slices.csv", sorted(BATCH_MS))):
        with (FOLDER / name).open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["stage", "option", "batch", "mean_ms"])
            for own in slices:
                option = "a100" if own == WHOLE else f"a100-{own}g"
                for batch, ms in BATCH_MS[own].items():
                    for stage, done in enumerate(flops, start=1):
                        writer.writerow([stage, option, batch, round(ms * done / sum(flops), 6)])


if __name__ == "__main__":
    main()
