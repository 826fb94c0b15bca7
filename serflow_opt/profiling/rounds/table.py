"""The tables of simulated clients: rounds by what was tried, ways to send updates, and what leaks by cut."""

from __future__ import annotations

import copy
import csv
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path

from serflow_opt.files import write_atomically
from serflow_opt.problem.loader import shipped_folder
from serflow_opt.problem.privacy_table import NONE as UNPROTECTED
from serflow_opt.problem.privacy_table import PrivacyRow
from serflow_opt.profiling.data.parts import DataParts
from serflow_opt.profiling.rounds.measure import Federation, MeasuredTraining, measure_rounds, tried
from serflow_opt.profiling.rounds.turns import RoundsSetting
from serflow_opt.profiling.rounds.updates import WAYS
from serflow_opt.profiling.stages.network import MultiExit

GRID = tuple(percent / 100 for percent in (*range(10, 80, 10), *range(80, 100, 2)))
"""Accuracies of which the rounds are told."""


def write_among_clients(
    network: MultiExit, parts: DataParts, folder: Path, asked: Federation, say: Callable[[str], object]
) -> None:
    """Train a copy of the network among simulated clients; write rounds.csv and updates.csv.

    Parameters
    ----------
    network, parts
        What is trained, and the data.
    folder
        Where the files go.
    asked
        What is tried.
    say
        Called with a line for each training.
    """
    runs: list[MeasuredTraining] = []
    whole = len(tried(asked, len(network.stages))) * len(asked.seeds)
    for run in measure_rounds(copy.deepcopy(network), parts, asked, phone_speeds()):
        of = run.setting
        what = f"{of.mode}, {of.local_epochs} local epochs, {of.clients} clients, updates {of.compression}"
        drawn = "" if run.selection == "none" else f", {run.selection}"
        runs.append(run)
        done = f"{len(runs)} of {whole}: {what}{drawn}, seed {run.seed}"
        say(f"{done}: right {run.accuracy[-1]:.4f} after {len(run.accuracy)} rounds")
    if len(runs) < whole:
        late = "rounds.csv has those, by seeds" if runs else "rounds.csv is not written"
        say(f"time is over: {len(runs)} of {whole} trainings ended; {late}; allow a longer --time-limit")
    if not runs:
        return
    write_rounds(runs, folder / "rounds.csv")
    write_updates(folder / "updates.csv")


def phone_speeds() -> list[float]:
    """Return how fast tenths of 333 phones are, beside the median one (instances/vgg16-phones/README.md)."""
    with (shipped_folder() / "vgg16-phones" / "phones.csv").open(encoding="utf-8", newline="") as file:
        return [float(row["speed"]) for row in csv.DictReader(file)]


def write_rounds(runs: Sequence[MeasuredTraining], path: Path) -> None:
    """Write the table of rounds: mean and standard deviation over seeds, where every seed reached the accuracy.

    Parameters
    ----------
    runs
        All trainings.
    path
        The file.
    """
    lines = ["mode,local_epochs,clients,compression,selection,accuracy,rounds,rounds_sd,seeds"]
    alike: dict[tuple[RoundsSetting, str], list[MeasuredTraining]] = {}
    for run in runs:
        alike.setdefault((run.setting, run.selection), []).append(run)
    for (setting, selection), own in alike.items():
        modes = ("federated", "hybrid") if setting.mode == "federated" else (setting.mode,)
        for accuracy in GRID:
            rounds = [n for n in (run.rounds_to(accuracy) for run in own) if n is not None]
            if len(rounds) < len(own):
                break
            spread = statistics.stdev(rounds) if len(rounds) > 1 else 0.0
            of = f"{setting.local_epochs},{setting.clients},{setting.compression},{selection}"
            found = f"{accuracy:g},{statistics.fmean(rounds):.6g},{spread:.6g},{len(rounds)}"
            lines += [f"{mode},{of},{found}" for mode in modes]
    _write(lines, path)


def write_updates(path: Path) -> None:
    """Write what ways to send updates keep of the bytes; the model comes down as it is."""
    _write(["name,down_kept,up_kept", *(f"{name},1,{way.kept:g}" for name, way in WAYS.items())], path)


def write_leaks_by_cut(rows: Sequence[PrivacyRow], guess: float, stages: int, path: Path) -> None:
    """Write what leaks at each cut, as training instances read it: 1 - error / error of guessing, 0 at least.

    Parameters
    ----------
    rows, guess
        Mean squared errors of an attacker, and that of the mean input.
    stages
        Of the network; behind the last nothing of a sample is sent.
    path
        The file.
    """
    lines = ["cut,leak"]
    lines += [f"{row.cut},{max(1 - row.mse / guess, 0.0):.6g}" for row in rows if row.protection == UNPROTECTED]
    _write([*lines, f"{stages},0"], path)


def _write(lines: Sequence[str], path: Path) -> None:
    write_atomically(path, lambda draft: draft.write_text("\n".join(lines) + "\n", encoding="utf-8"))
