"""Write stages.csv and table1-plan.json; with --data also exits.csv and times.csv.

--data is experiment_lenet_mnist.ipynb of kunglab/branchynet@a33d136, which prints a sweep over the threshold.
"""

from __future__ import annotations

import argparse
import json
import math
import re
from pathlib import Path

import numpy as np

from serflow_opt.instances.architectures import branchynet_lenet, write_stages, write_table

FOLDER = Path(__file__).parent
TABLE1 = {"entropy": 0.025, "exit1": 0.9437, "accuracy": 0.9925, "ms": 0.62}
"""BranchyNet, Table I, B-LeNet on a CPU; the share is printed as 94.3 beside 5.63."""
ROW = re.compile(r"B-LeNet\s+([\d.]+)\s+([\d.]+)\s+[\d.]+\s+\{([\d.]+)\}\s*\{([\d.]+),")


def threshold(entropy: float) -> float:
    """Turn an entropy bound (leave below it) into a confidence bound: 1 - entropy / ln 10, not below 0."""
    return round(max(0.0, 1 - entropy / math.log(10)), 6)


def read_sweep(notebook: Path) -> np.ndarray:
    """Return the CPU sweep the notebook prints: accuracy, milliseconds, entropy bound, share of exit 1."""
    text = notebook.read_text(encoding="utf-8").split("CPU Results")[1].split("GPU Results")[0]
    rows = np.array([[float(cell) for cell in match] for match in ROW.findall(text)])
    return rows / [100, 1, 1, 100]


def write_exits(path: Path, sweep: np.ndarray) -> None:
    """Write exits.csv: the sweep, with Table I's row in place of the sweep's at the same entropy.

    The accuracy r2 of exit 2 is such that exit 1 is always right at the strictest threshold; then every r1
    follows from the printed overall accuracy A = e r1 + (1 - e) r2.
    """
    menu = {threshold(entropy): (share, accuracy) for accuracy, _, entropy, share in sweep}
    menu[threshold(TABLE1["entropy"])] = TABLE1["exit1"], TABLE1["accuracy"]
    share, accuracy = menu[max(menu)]
    r2 = (accuracy - share) / (1 - share)
    menu_rows = sorted(menu.items())
    rows = [(1, a, round(e, 6), round((total - (1 - e) * r2) / e, 6)) for a, (e, total) in menu_rows]
    write_table(path, "stage,threshold,exit_rate,accuracy", [*rows, (2, 0.0, 1.0, round(r2, 6))])


def write_times(path: Path, sweep: np.ndarray) -> None:
    """Write times.csv: t1 + (1 - e) t2 fitted to the sweep, scaled to Table I's time."""
    reach = np.column_stack([np.ones(len(sweep)), 1 - sweep[:, 3]])
    times = np.linalg.lstsq(reach, sweep[:, 1], rcond=None)[0]
    scale = TABLE1["ms"] / (times @ [1, 1 - TABLE1["exit1"]])
    print(f"sweep: {times.round(4)} ms, rmse {np.std(sweep[:, 1] - reach @ times):.3f} ms; scale {scale:.4f}")
    rows = [(stage, "cpu", round(t, 6)) for stage, t in enumerate(scale * times, start=1)]
    write_table(path, "stage,option,mean_ms", rows)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="experiment_lenet_mnist.ipynb")
    data: Path | None = parser.parse_args().data
    write_stages(FOLDER / "stages.csv", branchynet_lenet())
    plan = {
        "placement": [{"stage": stage, "tier": "device", "option": "cpu"} for stage in (1, 2)],
        "cut": 0,
        "thresholds": [{"stage": 1, "threshold": threshold(TABLE1["entropy"])}],
    }
    (FOLDER / "table1-plan.json").write_text(json.dumps({"plan": plan}, indent=2) + "\n", encoding="utf-8")
    if data is not None:
        sweep = read_sweep(data)
        write_exits(FOLDER / "exits.csv", sweep)
        write_times(FOLDER / "times.csv", sweep)


if __name__ == "__main__":
    main()
