"""The ways to a front that `fronts.py` compares, each as a function of instance, objectives and true front.

Seconds are processor time, of all processes of a run, so that others on the machine do not count; nothing here uses
more than one core at a time. Reads /proc, hence Linux.
"""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import os
import signal
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import serflow_opt as so
from serflow_opt.fronts.pareto import pareto
from serflow_opt.ground.deadline import Deadline
from serflow_opt.problem.limits import at_most
from serflow_opt.search.best import search
from serflow_opt.search.outcome import SearchSettings

GAP = 1e-6
"""Relative gap of rivals' solves."""
STARTING = 120.0
"""Seconds a rival's process may take to import what it needs; they do not count."""


@dataclass(frozen=True, slots=True)
class Run:
    """Points (USD, seconds, loss), processor seconds, models solved; done: ended by itself; failed: why it did not.

    The hypervolume is that of `pareto`, a share.
    """

    points: np.ndarray
    seconds: float
    solves: int
    done: bool = True
    failed: str = ""
    hypervolume: float = float("nan")


def ours(instance: so.Instance, names: Sequence[str], method: str = "auto", limit: float | None = None) -> Run:
    """Run `pareto`. Its limit is in seconds of the clock: it gets twice as many."""
    began = time.process_time()
    wall = None if limit is None else 2 * limit
    front = pareto(instance, names, method=method, time_limit=wall, jobs=1)  # type: ignore[arg-type]
    units = [1e-3 if name == "latency" else 1.0 for name in names]
    points = np.array(front.points).reshape(-1, len(names)) * units
    return Run(
        points, time.process_time() - began, front.counts.get("solves", 0), front.complete, "", front.hypervolume or 0.0
    )


def even_grid(instance: so.Instance, names: Sequence[str], front: np.ndarray, count: int, limit: float) -> Run:
    """Solve the whole MILP for the least of the first objective at evenly spread bounds on the others.

    It is told the ranges, which are those of the true front, and spends no solve on them.
    """
    began, points, solves = time.process_time(), [], 0
    per_side = round(count ** (1 / (len(names) - 1)))
    sides = [np.linspace(column.max(), column.min(), per_side) * (1 + 1e-9) for column in front[:, 1:].T]
    cells = list(itertools.product(*sides))
    for cell in cells:
        left = limit - (time.process_time() - began)
        if left <= 0:
            return Run(_best(points, names), time.process_time() - began, solves, done=False)
        bounded = instance
        for name, bound in zip(names[1:], cell, strict=True):
            bounded = at_most(bounded, name, float(bound))  # type: ignore[arg-type]
        settings = SearchSettings(gap=GAP, deadline=Deadline(left), threads=1, method="milp")
        found = search(bounded, settings, {names[0]: 1.0})  # type: ignore[dict-item]
        solves += 1
        if found.metrics is not None and found.proven(GAP):
            points.append([found.metrics.objective(name, instance.latency_measure) for name in names])  # type: ignore[arg-type]
    return Run(_best(points, names), time.process_time() - began, solves)


def augmecon(instance: so.Instance, names: Sequence[str], grid: int, limit: float, presolve: str) -> Run:
    """Run pyaugmecon in processes that can be ended at the limit; points found until then count.

    `presolve` is that of HiGHS: off, or choose, as shipped.
    """
    context = multiprocessing.get_context("spawn")  # HiGHS keeps threads, which a fork would leave behind
    receiver, sender = context.Pipe(duplex=False)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        process = context.Process(target=_augmecon, args=(instance, list(names), grid, folder, presolve, sender))
        process.start()
        if not receiver.poll(STARTING) or receiver.recv() != "ready":
            raise RuntimeError("pyaugmecon did not start")
        began, answer = _processor_seconds(process.pid), None
        while answer is None and _processor_seconds(process.pid) - began < limit:
            answer = receiver.recv() if receiver.poll(0.1) else None
        if answer is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.join()
        solves = (folder / "solves").stat().st_size if (folder / "solves").exists() else 0
        if answer is not None and "points" in answer:
            return Run(np.array(answer["points"]).reshape(-1, len(names)), answer["seconds"], solves)
        noted = (folder / "points").read_text().splitlines(keepends=True) if (folder / "points").exists() else []
        points = [[float(v) for v in line.split()] for line in noted if line.endswith("\n")]
    if answer is not None:
        return Run(_best(points, names), answer["seconds"], solves, done=False, failed=answer["error"])
    return Run(_best(points, names), limit, solves, done=False)


def _processor_seconds(group: int) -> float:
    """Seconds that the processes of a group, and those they waited for, have computed."""
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()  # from the third on: man 5 proc
            if int(fields[2]) == group:
                ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


def _augmecon(instance: so.Instance, names: list[str], grid: int, folder: Path, presolve: str, sender: Any) -> None:
    os.setsid()
    multiprocessing.set_start_method("fork", force=True)  # as pyaugmecon has it where it is started by hand
    from augmecon import solve_augmecon

    sender.send("ready")
    began = _processor_seconds(os.getpid())
    answer: dict[str, Any]
    try:
        answer = {"points": solve_augmecon(instance, names, grid, folder, presolve)}
    except Exception as error:
        answer = {"error": f"{type(error).__name__}: {error}"}
    sender.send(answer | {"seconds": _processor_seconds(os.getpid()) - began})


def _best(points: list[list[float]], names: Sequence[str]) -> np.ndarray:
    """The points that none of the others beats."""
    values = np.array(points).reshape(-1, len(names))
    values = np.unique(values, axis=0)
    beaten = (values[None] <= values[:, None]).all(axis=2) & (values[None] < values[:, None]).any(axis=2)
    return values[~beaten.any(axis=1)]
