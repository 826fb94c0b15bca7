"""Any document as tables: what has no page of its own, and what is left of those that have."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from serflow_opt.pages.markup import Markup, facts, join, table, tag

ASIDE = frozenset({"exact", "check"})
"""Data for programs, not for people."""
DEEPEST = 8
"""Levels that are laid out; what lies deeper is told as text."""
MOST_ROWS = 2000
"""Rows of a table at most."""


def anything(value: Any, aside: Iterable[str] = (), depth: int = 0) -> Markup:
    """Return a value of a JSON document laid out: figures as a list, rows as a table, what is inside below.

    Parameters
    ----------
    value
        Of whatever form.
    aside
        Keys of the outermost level that are left out.
    depth
        How deep it stands.
    """
    if depth > DEEPEST:
        return tag("p", "...")
    if isinstance(value, Mapping):
        hidden = ASIDE | set(aside)
        plain = [(_title(key), cell(own)) for key, own in value.items() if key not in hidden and _flat(own)]
        inner = [
            join([tag(f"h{min(depth + 3, 6)}", _title(key)), anything(own, (), depth + 1)])
            for key, own in value.items()
            if key not in hidden and not _flat(own) and own
        ]
        return join([facts(plain), *inner])
    if isinstance(value, list):
        rows = [own for own in value if isinstance(own, Mapping)]
        if rows and len(rows) == len(value):
            return _rows(rows, depth)
        return tag("ul", *(tag("li", cell(own) if _flat(own) else anything(own, (), depth + 1)) for own in value))
    return tag("p", cell(value))


def _rows(rows: Sequence[Mapping[str, Any]], depth: int) -> Markup:
    """A table of what is flat in rows, and below it what is not."""
    keys = list(dict.fromkeys(key for row in rows for key in row if key not in ASIDE))
    flat = [key for key in keys if all(_flat(row.get(key)) for row in rows)]
    words = [_title(key) for key in flat if any(isinstance(row.get(key), str) for row in rows)]
    shown = rows[:MOST_ROWS]
    parts: list[Markup] = []
    if flat:
        cells = [[cell(row.get(key)) for key in flat] for row in shown]
        parts.append(table([_title(key) for key in flat], cells, words))
    if len(rows) > len(shown):
        parts.append(tag("p", f"{len(shown):,} of {len(rows):,} rows"))
    for n, row in enumerate(shown, 1):
        rest = {key: row[key] for key in keys if key in row and key not in flat and row[key]}
        if rest:
            parts.append(tag("details", tag("summary", f"row {n}"), anything(rest, (), depth + 1)))
    return join(parts)


def cell(value: object) -> str:
    """Return a value as a cell: figures short, nothing empty."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(cell(own) for own in value)
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _flat(value: object) -> bool:
    """Whether a value fits a cell."""
    if isinstance(value, list):
        return len(value) <= 4 and all(own is None or isinstance(own, str | int | float) for own in value)
    return value is None or isinstance(value, str | int | float)


def _title(key: object) -> str:
    return str(key).replace("_", " ")
