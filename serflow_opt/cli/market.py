"""What `scale` and `compare` do for families that are no placements: their own answer over a trace of their kind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from serflow_opt.cli.common import OK, hand_over, telling
from serflow_opt.cli.output import draw_panels, write_frame
from serflow_opt.families.verbs import answering


def over_trace(
    verb: str,
    problem: Any,
    trace: Path,
    every_s: float,
    time_limit: float | None,
    as_json: bool,
    out: Path | None,
    plot: Path | None,
) -> int:
    """Answer a verb of a family over a trace, and print it.

    Parameters
    ----------
    verb
        `scale` or `compare`; the family has an answer to it.
    problem
        Of any family but placements.
    trace, every_s, time_limit
        What happens, seconds between decisions, and seconds for all of it.
    as_json, out, plot
        How it is told.

    Raises
    ------
    InputError
        For a picture where the family has none, and for a file that is no trace of its kind.
    """
    draw = None if plot is None else answering("plot_compared", problem)
    run = answering(verb, problem)
    with telling(not as_json) as tell:
        found = run(problem, trace, every_s=every_s, time_limit=time_limit, on_progress=tell)
    if out is not None:
        write_frame(found.to_frame(), out)
    if plot is not None and draw is not None:
        draw_panels(plot, 1, lambda axes: draw(found, axes[0]))
    hand_over(found, as_json)
    return OK
