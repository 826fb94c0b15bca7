"""What `simulate` does for functions that are kept loaded: policies side by side over a trace."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from serflow_opt.cli.common import OK
from serflow_opt.cli.output import show, write_frame
from serflow_opt.cli.traffic_options import read_part
from serflow_opt.errors import InputError, Problem


def replayed(
    problem: Any,
    trace: Path | None,
    scale: float,
    from_s: float,
    to_s: float | None,
    seed: int,
    as_json: bool,
    out: Path | None,
    plot: Path | None,
) -> int:
    """Replay a trace and print what policies come to.

    Parameters
    ----------
    problem
        Of kind keep-alive.
    trace, scale, from_s, to_s, seed
        Which requests.
    as_json, out, plot
        How it is told.

    Raises
    ------
    InputError
        Without a trace, and for a picture, of which there is none.
    """
    from serflow_opt.families.keep_alive.replay import simulate
    from serflow_opt.report.replay import replay_table

    if trace is None:
        raise InputError([Problem("", "--trace", "missing", "name a CSV of requests, or twitter-day")])
    if plot is not None:
        raise InputError([Problem("", "--plot", str(plot), "a replay has no picture: leave it out")])
    found = simulate(problem, read_part(trace, scale, from_s, to_s), seed=seed)
    if out is not None:
        write_frame(found.to_frame(), out)
    if as_json:
        print(json.dumps(found.to_dict(), indent=2))
    else:
        show(replay_table(found))
    return OK
