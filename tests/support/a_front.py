"""A front as a terminal shows it, and documents with fronts of many points."""

from __future__ import annotations

import io

from rich.console import Console

from serflow_opt.fronts.front import Front

MANY, MANY_MORE = 90, 14
"""Seeds of `front_document` with 46 and 44 points of cost and latency; memory couples the runs of the first."""


def shown(front: Front) -> str:
    """The table as a terminal of 200 columns shows it."""
    console = Console(width=200, file=io.StringIO(), record=True)
    console.print(front)
    return console.export_text()
