"""Write the tables: stages, times by batch, and with --data the exits.

--data is a table of DiffServe's confidences: sample,conf_sdturbo,conf_sdv15.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np

from serflow_opt.instances.architectures import write_table

FOLDER = Path(__file__).parent
FIT_MS = {"sdturbo": (54.6, 44.9), "sdv15": (889.9, 733.8)}
"""Fixed milliseconds of a batch, and those of each request: least relative squares over DiffServe's batches of 1 to 32
on an A100 (within 7 % and 9 %)."""
MILLIONS = {"sdturbo": 1290, "sdv15": 1066}
"""Parameters: U-Net 866 and 860, text encoder 340 (OpenCLIP ViT-H) and 123 (CLIP ViT-L), decoder 84; two bytes each."""
PROMPT, IMAGE = 77 * 4, 512 * 512 * 3
LEVELS = 9


def write_exits(path: Path, file: Path) -> None:
    """Write thresholds at tenths of the confidences; a light image counts as good by its confidence, a heavy one is."""
    with file.open(encoding="utf-8") as rows:
        confidence = np.array([float(row["conf_sdturbo"]) for row in csv.DictReader(rows)])
    levels = np.round(np.quantile(confidence, np.linspace(0.1, 0.9, LEVELS)), 3)
    leaving = [confidence >= level for level in levels]
    rows_out = [(1, level, here.mean(), confidence[here].mean()) for level, here in zip(levels, leaving, strict=True)]
    rounded = [(stage, level, round(share, 4), round(good, 4)) for stage, level, share, good in rows_out]
    write_table(path, "stage,threshold,exit_rate,accuracy", [*rounded, (2, 0, 1, 1)])


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path)
    data: Path | None = parser.parse_args().data
    names = list(FIT_MS)
    sizes = [MILLIONS[name] * 2_000_000 for name in names]
    work = [round(sum(FIT_MS[name]) * 1e9) for name in names]
    stages = [(1, work[0], IMAGE, sizes[0], 0), (2, work[1], IMAGE, sizes[1], 1)]
    write_table(FOLDER / "stages.csv", "stage,flops,activation_bytes,parameter_bytes,restarts", stages)
    times = [(stage, "a100", *FIT_MS[name]) for stage, name in enumerate(names, start=1)]
    write_table(FOLDER / "times.csv", "stage,option,fixed_ms,per_request_ms", times)
    if data is not None:
        write_exits(FOLDER / "exits.csv", data)


if __name__ == "__main__":
    main()
