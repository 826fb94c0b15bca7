"""Results that show themselves: as a table in terminals, and as the same in Jupyter."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import RenderableType


class Shown:
    """Something that lays itself out with rich."""

    __slots__ = ()

    def __rich__(self) -> RenderableType:
        """Return the layout."""
        raise NotImplementedError

    def _repr_html_(self) -> str:
        import io

        from rich.console import Console

        console = Console(record=True, width=160, file=io.StringIO(), force_jupyter=False, markup=False, emoji=False)
        console.print(self.__rich__())
        return console.export_html(inline_styles=True, code_format="<pre>{code}</pre>")
