"""Published figures beside recomputed ones, as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.text import Text

from serflow_opt.ground.sheet import Sheet

if TYPE_CHECKING:
    from serflow_opt.claims.result import Judged, Reproduction


def claims_table(found: Reproduction) -> RenderableType:
    """Lay all claims out: a row each, why some do not come out, and how many came to each verdict."""
    rows = [
        (row.key, row.what, figure(row.printed, row.unit), figure(row.found, row.unit), row.verdict)
        for row in found.rows
    ]
    words = ("claim", "what", "verdict")
    table = Sheet(("claim", "what", "published", "here", "verdict"), rows, left=words, folds=("what",))
    why = [Text(f"{row.key}: {row.why}") for row in found.rows if row.why and row.verdict != "confirmed"]
    counted = ", ".join(f"{count} {name}" for name, count in found.verdicts.items())
    return Group(table, *why, Text(f"{len(found.rows)} claims: {counted}", style="bold"))


def figure(value: float | str | None, unit: str) -> str:
    """Write a figure with its unit, a word as it is."""
    if value is None:
        return "-"
    return value if isinstance(value, str) else f"{value:,.6g} {unit}".rstrip()


def as_markdown(found: Reproduction) -> str:
    """Return the table of a page: claims by verdict, with their sources."""
    lines = ["| what | source | published | here | verdict |", "|---|---|---|---|---|"]
    lines += [_line(row) for row in found.rows]
    return "\n".join(lines)


def _line(row: Judged) -> str:
    verdict = f"{row.verdict}: {row.why}" if row.why else row.verdict
    cells = (row.what, row.source, figure(row.printed, row.unit), _rounded(row), verdict)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _rounded(row: Judged) -> str:
    """A figure to four digits: pages do not change with the last bits."""
    found = float(f"{row.found:.4g}") if isinstance(row.found, float) else row.found
    return figure(found, row.unit)
