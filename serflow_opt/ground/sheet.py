"""Tables that stay whole on narrow screens: titles fold first, then long texts, and what is left over goes below.

No cell is ever cut: a threshold or the name of a machine that ends in dots cannot be used.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from textwrap import wrap
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.table import Table

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult
    from rich.text import Text

READABLE = 24
"""Columns a text that may fold gets at least, where it needs them."""


@dataclass(frozen=True)
class Sheet:
    """Rows under titles.

    Attributes
    ----------
    left
        Titles of columns that read from the left: words. Others hold figures.
    folds
        Titles of columns whose cells may run over several lines.
    keys
        How many columns say what a row is of; they stand again wherever columns go below.
    stays
        Titles of columns that stay with the one before.
    spare
        Words that cells can do without where there is no room.
    """

    titles: Sequence[str]
    rows: Sequence[Sequence[str]]
    left: Collection[str] = ()
    folds: Collection[str] = ()
    keys: int = 1
    stays: Collection[str] = ()
    spare: Collection[str] = ()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Lay the columns out in the width there is."""
        widths, gap = self._natural(), 2
        every = list(range(len(self.titles)))
        if _total(widths, every, gap) > options.max_width:
            if any(word in cell for word in self.spare for row in self.rows for cell in row):
                yield from self._without_spare().__rich_console__(console, options)
                return
            widths = self._narrow()
            gap = 2 if _total(widths, every, 2) <= options.max_width else 1
        groups = [every] if _total(widths, every, gap) <= options.max_width else list(self._groups(widths, options))
        gap = gap if len(groups) == 1 else 2
        for number, columns in enumerate(groups):
            if number:
                yield ""
            yield self._table(columns, self._shared_out(widths, columns, gap, options.max_width), gap)

    def _without_spare(self) -> Sheet:
        rows = [list(row) for row in self.rows]
        for word in self.spare:
            rows = [[cell.replace(word, "") for cell in row] for row in rows]
        return replace(self, rows=rows, spare=())

    def _cells(self, column: int) -> list[str]:
        return [row[column] for row in self.rows]

    def _natural(self) -> list[int]:
        """Widths in which nothing folds."""
        return [max(map(cell_len, [title, *self._cells(n)])) for n, title in enumerate(self.titles)]

    def _narrow(self) -> list[int]:
        """Widths in which titles, and texts that may, fold between words."""
        widths = []
        for n, title in enumerate(self.titles):
            longest = next(width for width in range(cell_len(title) + 1) if _fits_two_lines(title, width))
            for cell in self._cells(n):
                whole = cell_len(cell)
                if title in self.folds:
                    whole = min(whole, max(READABLE, *(cell_len(word) for word in cell.split() or [""])))
                longest = max(longest, whole)
            widths.append(longest)
        return widths

    def _groups(self, widths: list[int], options: ConsoleOptions) -> Iterator[list[int]]:
        """Share the columns out to tables below each other, each with the keys."""
        keys = list(range(self.keys))
        group: list[int] = []
        bundles: list[list[int]] = []
        for n in range(self.keys, len(self.titles)):
            if bundles and self.titles[n] in self.stays:
                bundles[-1].append(n)
            else:
                bundles.append([n])
        for bundle in bundles:
            if group and _total(widths, [*keys, *group, *bundle], 2) > options.max_width:
                yield [*keys, *group]
                group = []
            group += bundle
        yield [*keys, *group]

    def _shared_out(self, widths: list[int], columns: list[int], gap: int, room: int) -> list[int]:
        """Give what is left to texts that would fold, and take from them what there is not."""
        own = {n: widths[n] for n in columns}
        left = room - _total(widths, columns, gap)
        for n, most in zip(range(len(self.titles)), self._natural(), strict=True):
            if n in own and self.titles[n] in self.folds:
                change = max(min(left, most - own[n]), 8 - own[n])
                own[n] += change
                left -= change
        return [own[n] for n in columns]

    def _table(self, columns: list[int], widths: list[int], gap: int) -> Table:
        table = Table(show_edge=False, pad_edge=False, header_style="bold", box=None, padding=(0, gap, 0, 0))
        for n, width in zip(columns, widths, strict=True):
            title = self.titles[n]
            table.add_column(
                "\n".join(wrap(title, max(width, 1))),
                justify="left" if title in self.left else "right",
                vertical="top",
                overflow="fold",
                width=width,
            )
        for row in self.rows:
            table.add_row(*(row[n] for n in columns))
        return table


def _fits_two_lines(title: str, width: int) -> bool:
    longest = max((cell_len(word) for word in title.split()), default=0)
    return width >= longest and (not title or len(wrap(title, max(width, 1))) <= 2)


def facts_table(facts: Iterable[tuple[str, str | Text]]) -> Table:
    """Lay out what is said of each thing; facts without a text are left out."""
    table = Table(show_edge=False, show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for title, text in facts:
        if text:
            table.add_row(title, text)
    return table


def _total(widths: Sequence[int], columns: Sequence[int], gap: int) -> int:
    return sum(widths[n] for n in columns) + gap * (len(columns) - 1)
