"""Two answers side by side as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.text import Text

from serflow_opt.ground.sheet import Sheet, facts_table

if TYPE_CHECKING:
    from rich.console import RenderableType

    from serflow_opt.families.differences import Differences


def differences_table(found: Differences) -> RenderableType:
    """Lay out the places that differ: what the first says, what the second, and the change of numbers."""
    heads = facts_table([("A", found.first), ("B", found.second)])
    if not found.rows:
        return Group(heads, Text("no difference in what is asked, decided and achieved"))
    rows = [
        (row.place, _cell(row.first), _cell(row.second), "" if row.change is None else f"{row.change:+.1%}")
        for row in found.rows
    ]
    return Group(
        heads, "", Sheet(("place", "A", "B", "change"), rows, left=("place", "A", "B"), folds=("place", "A", "B"))
    )


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
