"""A sweep as a table: the values tried, and what the best plan for each achieves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Group
from rich.text import Text

from serflow_opt.ground.sheet import Sheet

if TYPE_CHECKING:
    from rich.console import RenderableType

    from serflow_opt.families.sweep import SweptValues

ASIDE = ("status", "objective", "value", "unit", "bound", "gap", "seconds", "because", "scope")


def sweep_table(sweep: SweptValues) -> RenderableType:
    """Lay out the values, the status, what was optimised, and all else that is not the same in every row."""
    columns = list(dict.fromkeys(column for row in sweep.rows for column in row))
    further = [c for c in columns if c not in sweep.keys and c not in ASIDE and _differs(sweep, c)]
    asked = dict.fromkeys(f"{row.get('objective', '')} ({row.get('unit', '')})" for row in sweep.rows)
    one = next(iter(asked)) if len(asked) == 1 else "value"
    titles = [*sweep.keys, "status", one, *(column.removeprefix("metrics.") for column in further)]
    rows = [[_cell(row.get(column)) for column in (*sweep.keys, "status", "value", *further)] for row in sweep.rows]
    words = {
        title for title, column in zip(titles[len(sweep.keys) + 2 :], further, strict=True) if _is_text(sweep, column)
    }
    left = ("status", *(key for key in sweep.keys if _is_text(sweep, key)), *words)
    parts: list[Any] = [Text(f"{sweep.instance}, {len(sweep.rows)} combinations", "bold")]
    parts.append(Sheet(titles, rows, left=left, keys=len(sweep.keys)))
    because = dict.fromkeys(str(row["because"]) for row in sweep.rows if row.get("because"))
    parts += [Text(f"infeasible: {reason}") for reason in because]
    scopes = dict.fromkeys(str(row["scope"]) for row in sweep.rows if row.get("scope"))
    parts += [Text(f"proof of    {scope}") for scope in scopes]
    return Group(*parts)


def _differs(sweep: SweptValues, column: str) -> bool:
    found = [row.get(column) for row in sweep.rows if row.get("status") in ("optimal", "feasible")]
    return any(value not in (None, "") for value in found) and any(value != found[0] for value in found)


def _is_text(sweep: SweptValues, column: str) -> bool:
    return any(isinstance(row.get(column), str) for row in sweep.rows)


def _cell(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
