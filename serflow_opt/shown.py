"""Results that show themselves: as a table in terminals, and as the same in Jupyter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import RenderableType


class Shown:
    """Something that lays itself out with rich."""

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON document."""
        raise NotImplementedError

    def __rich__(self) -> RenderableType:
        """Return the layout."""
        raise NotImplementedError

    def _repr_html_(self) -> str:
        return html(self.__rich__(), 160)


def html(renderable: RenderableType, width: int = 130) -> str:
    """Render what rich can print for a notebook, so many characters wide."""
    import io

    from rich.console import Console

    console = Console(record=True, width=width, file=io.StringIO(), force_jupyter=False, markup=False, emoji=False)
    console.print(renderable)
    return console.export_html(inline_styles=True, code_format="<pre>{code}</pre>")
