"""HTML and SVG as text: whatever is not markup of ours is escaped, so that no name of a file becomes a tag."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from itertools import count

VOID = frozenset({"meta", "input", "line", "rect", "circle", "polygon", "path", "polyline"})
"""Elements without an end."""


class Markup(str):
    """Text that is HTML already: only `tag` and `join` make it."""

    __slots__ = ()


def tag(name: str, /, *children: str | None, **attributes: str | float | bool | None) -> Markup:
    """Return an element.

    Parameters
    ----------
    name
        Of the element.
    *children
        Text, which is escaped, or markup; None: nothing.
    **attributes
        `class_` is `class`, `data_x` is `data-x`; None and False: left out, True: without a value.
    """
    parts = [name]
    for key, value in attributes.items():
        if value is None or value is False:
            continue
        title = key.rstrip("_").replace("_", "-")
        said = f"{value:.6g}" if isinstance(value, float) else str(value)
        parts.append(title if value is True else f'{title}="{html.escape(said, quote=True)}"')
    head = " ".join(parts)
    return Markup(f"<{head}/>" if name in VOID else f"<{head}>{join(children)}</{name}>")


def join(parts: Iterable[str | None]) -> Markup:
    """Return parts one after the other, each escaped where it is not markup."""
    return Markup(
        "".join(part if isinstance(part, Markup) else html.escape(str(part)) for part in parts if part is not None)
    )


def table(titles: Sequence[str], rows: Iterable[Sequence[str]], words: Iterable[str] = (), caption: str = "") -> Markup:
    """Return a table in a box that scrolls by itself where the screen is narrow.

    Parameters
    ----------
    titles, rows
        Its head, and its cells.
    words
        Titles of columns that read from the left; others hold figures.
    caption
        What it shows, for those who do not see it.
    """
    left = {n for n, title in enumerate(titles) if title in set(words)}

    def cells(kind: str, row: Sequence[str]) -> Markup:
        return tag("tr", *(tag(kind, cell, class_="w" if n in left else None) for n, cell in zip(count(), row)))

    head = tag("thead", cells("th", titles))
    body = tag("tbody", *(cells("td", row) for row in rows))
    named = tag("caption", caption) if caption else None
    return tag("div", tag("table", named, head, body), class_="scroll", tabindex="0", role="region", aria_label=caption)


def facts(pairs: Iterable[tuple[str, str]]) -> Markup:
    """Return what things are called and what they are, those left out of which nothing is known."""
    rows = [tag("div", tag("dt", name), tag("dd", value)) for name, value in pairs if value]
    return tag("dl", *rows) if rows else Markup("")


def section(title: str, *children: str | None) -> Markup:
    """Return a part of a page under a title; nothing where there is nothing in it."""
    inner = join(children)
    return tag("section", tag("h2", title), inner) if inner else Markup("")


def tiles(pairs: Iterable[tuple[str, str]]) -> Markup:
    """Return the figures that people look for first."""
    return tag(
        "div",
        *(tag("div", tag("b", value), tag("span", name), class_="tile") for name, value in pairs if value),
        class_="tiles",
    )
