"""What a terminal shows of a result or a table."""

from __future__ import annotations

from rich.console import Console, RenderableType

from serflow_opt.ground.display import Displayed


def text_of(result: Displayed | RenderableType, width: int = 300) -> str:
    """What a terminal of some width shows."""
    console = Console(width=width)
    with console.capture() as capture:
        console.print(result)
    return capture.get()
