"""Which diagrams are run for one set of weights: all levels at once where that is quick, else cells, finer and finer.

A diagram over all levels proves little before it ends. One over cells is soon done and bounds them all; its cells are
one level wide at the best thresholds known and grow away from them. Where nothing in them is below the cutoff, neither
is any level.

Where a bound is wanted to rule a placement out, thresholds below it refute it: descents look for such before diagrams
of any length, and what they find instead says how little there is still to prove.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from serflow_opt.ground.arrays import Floats, Ints
from serflow_opt.ground.deadline import NEVER, Deadline
from serflow_opt.search.joint.cells import Cells
from serflow_opt.search.joint.descent import polish, starts
from serflow_opt.search.joint.diagram import DiagramOutcome, best_below
from serflow_opt.search.joint.grid import Aim, Grid, lowered
from serflow_opt.search.joint.potentials import Priced

STAGES = (
    (None, 4e9),
    (2.0, 4e9),
    (1.5, 4e9),
    (1.25, 4e9),
    (1.12, 4e9),
    (1.06, 4e9),
    (None, np.inf),
)
"""Diagrams in turn: how much wider each cell is than the one before it (None: all levels), and samples x children at
most, of which a core values about 4e8 a second."""
QUICK = (None, 2e8)
"""The diagram before these where a bound is wanted: what is easily proven needs no better thresholds."""
PART = 1 / 3
"""Share of the time left that a diagram but the last may take."""


def least(
    grid: Grid,
    aim: Aim,
    cutoff: float,
    price: Floats | None = None,
    deadline: Deadline = NEVER,
    trained: dict[int, Priced] | None = None,
    near: Ints | None = None,
    enough: float = -np.inf,
) -> tuple[DiagramOutcome, list[Ints]]:
    """Find the best thresholds with a value below the cutoff.

    Parameters
    ----------
    grid, aim, cutoff, price, deadline, trained
        As `diagram.best_below` takes them.
    near
        Good levels, to have narrow cells at; None: the strictest.
    enough
        A bound that would do; the search ends once thresholds refute it.

    Returns
    -------
    Answer, list of levels
        The answer, and levels met that may be worth trying, the answer's own among them.
    """
    met: list[Ints] = []
    trained = {} if trained is None else trained
    around = near if near is not None else np.array(grid.levels, dtype=np.int64) - 1
    answer = DiagramOutcome(np.inf, None, -np.inf, complete=False, nodes=0, diagrams=0)
    refutable = enough > -np.inf
    if refutable:
        met.append(_best(grid, aim, starts(grid, aim, deadline)))
        cutoff = min(cutoff, _lowered(grid, aim, met[-1], enough))
    for stage, (growth, effort) in enumerate((QUICK, *STAGES) if refutable else STAGES):
        if cutoff <= enough or answer.value <= enough:
            break
        if stage == 1 and refutable:
            met.append(polish(grid, aim, around, deadline))
            cutoff = min(cutoff, _lowered(grid, aim, met[-1], enough))
            if cutoff <= enough:
                break
        if growth is not None and not grid.monotone:
            continue
        cells = None if growth is None else Cells.around(grid, around, growth)
        most, below = effort / grid.samples, min(cutoff, answer.value)
        until = Deadline(deadline.left * PART) if deadline.limited and np.isfinite(effort) else deadline
        wanted = enough if cells is None else -np.inf
        part = best_below(grid, aim, below, price, until, trained, cells, most, wanted)
        answer = replace(
            answer,
            bound=max(answer.bound, part.bound),
            nodes=answer.nodes + part.nodes,
            diagrams=answer.diagrams + 1,
            complete=part.complete and (cells is None or part.levels is None),
        )
        if part.levels is not None and cells is None:
            answer = replace(answer, value=part.value, levels=part.levels)
            met.append(part.levels)
        elif part.levels is not None and cells is not None:
            ends = np.array([high[level] for high, level in zip(cells.high, part.levels, strict=True)])
            met.append(polish(grid, aim, ends, deadline))
            cutoff = min(cutoff, _lowered(grid, aim, met[-1], enough))
        if answer.complete or deadline.expired:
            break
    return answer, met


def _best(grid: Grid, aim: Aim, levels: Ints) -> Ints:
    """Return the best of rows of levels that keep the floor; the last where none does."""
    counts, right = grid.follow(levels)
    best: Ints = levels[int(np.where(right >= aim.need, aim.value(counts), np.inf).argmin())]
    return best


def _lowered(grid: Grid, aim: Aim, levels: Ints, enough: float) -> float:
    """What is still to be proven where a bound is wanted and thresholds are met; infinite where they say nothing."""
    counts, right = grid.follow(levels[None, :])
    holds = right[0] >= aim.need and bool((aim.use @ counts[0] <= aim.most).all())
    return lowered(float(aim.value(counts)[0]), enough) if holds and enough > -np.inf else np.inf
