"""Which diagrams are run for one set of weights: all levels at once where that is quick, else cells, finer and finer.

A diagram over all levels proves nothing useful before it ends. One over cells is soon done and bounds them all; its
cells are one level wide at the best thresholds known and grow away from them. Where nothing in them is below the
cutoff, neither is any level.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from serflow_opt.deadline import NEVER, Deadline
from serflow_opt.joint.cells import Cells
from serflow_opt.joint.descent import polish
from serflow_opt.joint.diagram import Answer, best_below
from serflow_opt.joint.grid import Aim, Floats, Grid, Ints
from serflow_opt.joint.potentials import Priced

QUICK = 4e9
"""Samples x children of the first diagram over all levels: some ten seconds. Those over cells may have as many each."""
GROWTH = (2.0, 1.5, 1.25, 1.12, 1.06)
"""How much wider a cell is than the one before it, away from the best thresholds known."""


def least(
    grid: Grid,
    aim: Aim,
    cutoff: float,
    price: Floats | None = None,
    deadline: Deadline = NEVER,
    trained: dict[int, Priced] | None = None,
    near: Ints | None = None,
) -> tuple[Answer, list[Ints]]:
    """Find the best thresholds with a value below the cutoff.

    Parameters
    ----------
    grid, aim, cutoff, price, deadline, trained
        As `diagram.best_below` takes them.
    near
        Good levels, to have narrow cells at; None: the strictest.

    Returns
    -------
    Answer, list of levels
        The answer, and levels met that may be worth trying, the answer's own among them.
    """
    met: list[Ints] = []
    trained = {} if trained is None else trained
    quick = QUICK / grid.samples
    answer = best_below(grid, aim, cutoff, price, deadline, trained, most=quick)
    if answer.levels is not None:
        met.append(answer.levels)
    if answer.complete:
        return answer, met

    around = near if near is not None else np.array(grid.levels, dtype=np.int64) - 1
    for growth in GROWTH if grid.monotone else ():
        if deadline.expired:
            break
        cells = Cells.around(grid, around, growth)
        coarse = best_below(grid, aim, min(cutoff, answer.value), price, deadline, trained, cells, quick)
        answer = replace(
            answer,
            bound=max(answer.bound, coarse.bound),
            nodes=answer.nodes + coarse.nodes,
            diagrams=answer.diagrams + 1,
        )
        if coarse.complete and coarse.levels is None:
            return replace(answer, complete=True), met
        if coarse.levels is not None:
            ends = np.array([high[level] for high, level in zip(cells.high, coarse.levels, strict=True)])
            met.append(polish(grid, aim, ends))
    if deadline.expired:
        return answer, met
    full = best_below(grid, aim, min(cutoff, answer.value), price, deadline, trained)
    if full.levels is not None:
        met.append(full.levels)
    else:
        full = replace(full, value=answer.value, levels=answer.levels)
    bound = max(answer.bound, full.bound)
    return replace(full, bound=bound, nodes=answer.nodes + full.nodes, diagrams=answer.diagrams + 1), met
