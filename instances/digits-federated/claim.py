"""Print what each mode takes to an accuracy, with standard deviations over the seeds, and draw it.

    python claim.py ../../docs/digits-federated.png

Less client work than federated training, less time than split training, at the same accuracy: what is claimed of
hybrid training. Each mode has its fastest plan within the instance's limits, of several as fast that with the least
energy of clients; a seed's time is its rounds times a round of that plan, so deviations are those of rounds.csv.
"""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Any

import serflow_opt as so
from serflow_opt.families.training.family import TRAINING
from serflow_opt.plotting.plan import COLOURS

HERE = Path(__file__).parent
MODES = ("federated", "split", "hybrid")
TIE = 1e-6
"""Of the least time: how much more still counts as that."""
BACK = 3
"""Operations there and back by those there."""


def curves() -> dict[tuple[str, int, int], list[tuple[float, ...]]]:
    """Accuracy, rounds and their deviation by mode, epochs and clients; all are drawn, updates as they are."""
    found: dict[tuple[str, int, int], list[tuple[float, ...]]] = {}
    with (HERE / "rounds.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if (row["compression"], row["selection"]) == ("none", "none"):
                key = (row["mode"], int(row["local_epochs"]), int(row["clients"]))
                found.setdefault(key, []).append(tuple(float(row[k]) for k in ("accuracy", "rounds", "rounds_sd")))
    return found


def main() -> None:
    """Solve for each mode, print a row each, draw all."""
    from matplotlib.figure import Figure

    problem: Any = so.load(HERE)  # what a file of this kind holds, and a solution of it below
    known = curves()
    with (HERE / "stages.csv").open(newline="", encoding="utf-8") as file:
        forward = [float(row["forward_flops"]) for row in csv.DictReader(file)]
    floor = -problem.limits["accuracy"]
    figure = Figure(figsize=(11, 3.6), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    print("mode | local epochs, clients | rounds | round s | time s | client GFLOP | client J")
    for n, mode in enumerate(MODES):
        of_all: Any = so.solve(TRAINING.changed(problem, {"mode": mode}))
        fastest = of_all.achieved("time") or 0.0
        within = {"mode": mode, "objective": "energy", "deadline_h": fastest * (1 + TIE)}
        solution: Any = so.solve(TRAINING.changed(problem, within))
        plan = solution.plan
        assert plan is not None
        key = (mode, plan["local_epochs"], plan["clients_per_round"])
        rounds, spread = next((r, sd) for accuracy, r, sd in known[key] if accuracy >= floor)
        samples = {own.name: own.samples for own in problem.data.clients}
        turn = sum(own["drawn"] * BACK * sum(forward[: own["cut"]]) * samples[own["client"]] for own in plan["groups"])
        work = turn * plan["local_epochs"] / 1e9
        joules = (solution.achieved("energy") or 0.0) / plan["rounds"]
        print(
            f"{mode} | {key[1]}, {key[2]} | {rounds:.1f} ± {spread:.1f} | {plan['round_s']:.3f} | "
            f"{rounds * plan['round_s']:.1f} ± {spread * plan['round_s']:.1f} | "
            f"{rounds * work:.1f} ± {spread * work:.1f} | {rounds * joules:.0f} ± {spread * joules:.0f}"
        )
        middle.bar(n, rounds * plan["round_s"], yerr=spread * plan["round_s"], capsize=4, color=COLOURS[n])
        right.bar(n, rounds * work, yerr=spread * work, capsize=4, color=COLOURS[n])
    for n, mode in enumerate(("federated", "split")):
        shares, means, spreads = zip(*known[(mode, 1, 5)], strict=True)
        name = "federated and hybrid" if mode == "federated" else mode
        left.errorbar(shares, means, spreads, capsize=3, label=name, color=COLOURS[n])
    left.set(xlabel="accuracy", ylabel="rounds (1 local epoch, 5 clients)", title="rounds to an accuracy")
    left.legend()
    for axes, what in ((middle, "time, s"), (right, "work of clients, GFLOP")):
        axes.set_xticks(range(len(MODES)), MODES)
        axes.set(ylabel=what, title=f"{what.split(',')[0]} to accuracy {floor:g}")
    if len(sys.argv) > 1:
        figure.savefig(sys.argv[1], dpi=120)


if __name__ == "__main__":
    main()
