"""Write stages.csv; with --data also exits.csv.

--data is csv_files/df.csv of Div290/Buffer_based_threshold@69cc98b.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

from serflow_opt.instances.architectures import amdahl_fraction, bert_base_exits, write_stages, write_table
from serflow_opt.problem.exits import derive_menus
from serflow_opt.problem.network import Samples

FOLDER = Path(__file__).parent
EXITS = 12
LEVELS = 10
EARLIER_THRESHOLD = 0.7
VISION_TRANSFORMER_MS = {1: 665.62, 2: 338.89, 4: 175.36, 8: 93.10}
"""Average milliseconds by threads: Tencent/ncnn@a4d2ea1 benchmark/README.md, Azure D64s v6, AVX-512."""


def read_samples(file: Path) -> Samples:
    """Return the samples at exits 2 to 12; exit 1 sees only the embedding of [CLS], the same every time."""
    long = pd.read_csv(file)
    long["Correct"] = long["Prediction"] == long["Label"]
    confidence = long.pivot(index="Sample_ID", columns="Exit", values="Confidence").round(6).to_numpy()
    correct = long.pivot(index="Sample_ID", columns="Exit", values="Correct").to_numpy(dtype=bool)
    held_out = np.zeros(len(confidence), dtype=bool)
    return Samples(confidence[:, 1:], correct[:, 1:], tuple(range(2, EXITS + 1)), held_out)


def write_exits(path: Path, samples: Samples) -> None:
    """Write the exit table."""
    rows: list[tuple[int, float, float, float]] = []
    for stage, menu in enumerate(derive_menus(samples, EXITS, LEVELS, EARLIER_THRESHOLD), start=1):
        entries = zip(menu.thresholds, menu.exit_rates, menu.accuracies, strict=bool(menu.thresholds))
        rows += [(stage, round(a, 6), round(e, 6), round(r, 6)) for a, e, r in entries]
    write_table(path, "stage,threshold,exit_rate,accuracy", rows)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="df.csv: Sample_ID,Exit,Confidence,Prediction,Label")
    data: Path | None = parser.parse_args().data
    write_stages(FOLDER / "stages.csv", bert_base_exits(tokens=128))
    print(f"parallel_fraction {amdahl_fraction(VISION_TRANSFORMER_MS):.3f}")
    if data is not None:
        write_exits(FOLDER / "exits.csv", read_samples(data))


if __name__ == "__main__":
    main()
