"""A schedule as a table."""

from __future__ import annotations

from pathlib import Path

from support.helpers import has_line, run
from support.shifts import MACHINE, written


def test_a_row_an_hour(tmp_path: Path) -> None:
    """What comes, what is served by how many machines, and what it emits."""
    shown = run("solve", written(tmp_path, "deferrable = 0.5\ndefer_h = 1\n", tables=MACHINE)).stdout
    assert has_line(shown, "33.3% of requests wait; 9 USD and 129.6 g CO2e in 2 hours")
    assert has_line(shown, "0", "4", "2", "1 x m", "2 to 1", "108")
