"""Write stages.csv, exits.csv and table1-plan.json; with --data also the times and exits-notebook.csv.

--data is experiment_alex_cifar10.ipynb of kunglab/branchynet@a33d136, which prints a sweep of thresholds.
"""

from __future__ import annotations

import argparse
import json
import math
import re
from pathlib import Path

import numpy as np
from scipy.optimize import lsq_linear

from serflow_opt.instances.architectures import branchynet_alexnet, write_stages, write_table

FOLDER = Path(__file__).parent
ENTROPIES, SHARES, ACCURACY, MS = (0.0001, 0.05), (0.656, 0.252, 0.092), 0.7919, 6.32
"""BranchyNet, Table I, B-AlexNet on a CPU."""
HEADER = "stage,threshold,exit_rate,accuracy"
ROW = re.compile(
    r"B-AlexNet\s+([\d.]+)\s+([\d.]+)\s+[\d.]+\s*\{([\d.]+), ([\d.]+)\}\s*\{([\d.]+), ([\d.]+), ([\d.]+)\}"
)


def threshold(entropy: float) -> float:
    """Turn an entropy bound (leave below it) into a confidence bound: 1 - entropy / ln 10, not below 0."""
    return round(max(0.0, 1 - entropy / math.log(10)), 6)


def read_sweep(notebook: Path) -> np.ndarray:
    """Return the CPU sweep: accuracy, milliseconds, two thresholds (of confidence), three exit shares."""
    text = notebook.read_text(encoding="utf-8").split("CPU Results")[1].split("GPU Results")[0]
    rows = np.array([[float(cell) for cell in match] for match in ROW.findall(text)])
    rows[:, 2:4] = np.vectorize(threshold)(rows[:, 2:4])
    return rows / [100, 1, 1, 1, 100, 100, 100]


def write_table1() -> None:
    """Write exits.csv and table1-plan.json: one threshold an exit, and 1, which lets nobody leave."""
    rates = SHARES[0], round(SHARES[1] / (1 - SHARES[0]), 6)
    rows: list[tuple[int, float, float, float]] = []
    for stage, (entropy, rate) in enumerate(zip(ENTROPIES, rates, strict=True), start=1):
        rows += [(stage, threshold(entropy), rate, ACCURACY), (stage, 1.0, 0.0, 0.0)]
    write_table(FOLDER / "exits.csv", HEADER, [*rows, (3, 0.0, 1.0, ACCURACY)])
    plan = {
        "placement": [{"stage": stage, "tier": "device", "option": "cpu"} for stage in (1, 2, 3)],
        "cut": 0,
        "thresholds": [{"stage": s, "threshold": threshold(h)} for s, h in enumerate(ENTROPIES, start=1)],
    }
    (FOLDER / "table1-plan.json").write_text(json.dumps({"plan": plan}, indent=2) + "\n", encoding="utf-8")


def write_notebook_exits(path: Path, sweep: np.ndarray) -> None:
    """Write exits-notebook.csv: rates of exit 2 from the rows with the strictest first threshold.

    Accuracies are fitted to the printed overall accuracies, A = e1 r1 + (1 - e1) (e2 r2 + (1 - e2) r3). Two
    directions are undetermined by them; a small pull to the mean accuracy settles these.
    """
    first, second = np.unique(sweep[:, 2]), np.unique(sweep[:, 3])
    e1 = np.array([sweep[sweep[:, 2] == a][0, 4] for a in first])
    strictest = sweep[sweep[:, 2] == first[-1]]
    e2 = np.array([strictest[strictest[:, 3] == a][0, 5] for a in second]) / (1 - e1[-1])
    i, j = np.searchsorted(first, sweep[:, 2]), np.searchsorted(second, sweep[:, 3])
    shares = np.zeros((len(sweep), len(first) + len(second) + 1))
    line = np.arange(len(sweep))
    shares[line, i], shares[line, len(first) + j] = e1[i], (1 - e1[i]) * e2[j]
    shares[:, -1] = (1 - e1[i]) * (1 - e2[j])
    pull = 1e-4 * np.eye(shares.shape[1])
    target = np.concatenate([sweep[:, 0], pull @ np.full(len(pull), sweep[:, 0].mean())])
    fit = lsq_linear(np.vstack([shares, pull]), target, bounds=(0, 1)).x
    error = np.abs((1 - e1[i]) * e2[j] - sweep[:, 5]).max()
    residual = sweep[:, 0] - shares @ fit
    print(f"accuracy: rmse {residual.std():.4f}, max {np.abs(residual).max():.4f}")
    print(f"share of exit 2: max error {error:.3f}")
    rows = [(1, a, round(e, 6), round(r, 4)) for a, e, r in zip(first, e1, fit, strict=False)]
    rows += [(2, a, round(e, 6), round(r, 4)) for a, e, r in zip(second, e2, fit[len(first) :], strict=False)]
    write_table(path, HEADER, [*rows, (3, 0.0, 1.0, round(fit[-1], 4))])


def write_times(sweep: np.ndarray) -> None:
    """Write times-notebook.csv, t1 + R2 t2 + R3 t3 fitted to the sweep, and times.csv, scaled to Table I."""
    reach = np.column_stack([np.ones(len(sweep)), 1 - sweep[:, 4], sweep[:, 6]])
    times = np.linalg.lstsq(reach, sweep[:, 1], rcond=None)[0]
    scale = MS / (times @ [1, 1 - SHARES[0], SHARES[2]])
    print(f"sweep: {times.round(4)} ms, rmse {np.std(sweep[:, 1] - reach @ times):.3f} ms; scale {scale:.4f}")
    for name, values in (("times.csv", scale * times), ("times-notebook.csv", times)):
        rows = [(s, "cpu", round(t, 6)) for s, t in enumerate(values, start=1)]
        write_table(FOLDER / name, "stage,option,mean_ms", rows)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="experiment_alex_cifar10.ipynb")
    data: Path | None = parser.parse_args().data
    write_stages(FOLDER / "stages.csv", branchynet_alexnet())
    write_table1()
    if data is not None:
        sweep = read_sweep(data)
        write_notebook_exits(FOLDER / "exits-notebook.csv", sweep)
        write_times(sweep)


if __name__ == "__main__":
    main()
