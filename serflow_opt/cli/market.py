"""What `scale` and `compare` do for spot pools: rules and bounds over a market."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from serflow_opt.cli.common import OK, hand_over, telling
from serflow_opt.cli.output import write_frame
from serflow_opt.errors import InputError, Problem


def in_market(
    problem: Any,
    trace: Path,
    every_s: float,
    time_limit: float | None,
    as_json: bool,
    out: Path | None,
    plot: Path | None,
    *,
    rules: bool,
) -> int:
    """Run rules over a market, or only bound what they pay, and print it.

    Parameters
    ----------
    problem
        Of kind spot.
    trace, every_s, time_limit
        The market, seconds between decisions, and seconds for all of it.
    as_json, out, plot
        How it is told.
    rules
        Whether rules are run.

    Raises
    ------
    InputError
        For a picture, of which there is none, and for a file that is no market.
    """
    from serflow_opt.families.spot.compare import compare

    if plot is not None:
        raise InputError([Problem("", "--plot", str(plot), "rules over a market have no picture: leave it out")])
    with telling(not as_json) as tell:
        found = compare(problem, trace, every_s=every_s, rules=rules, time_limit=time_limit, on_progress=tell)
    if out is not None:
        write_frame(found.to_frame(), out)
    hand_over(found, as_json)
    return OK
