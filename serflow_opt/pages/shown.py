"""The page of an answer inside a notebook: the same one that `report` writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from serflow_opt.ground.display import Displayed
from serflow_opt.pages.markup import tag
from serflow_opt.pages.page import page_of


class NotebookPage:
    """A page that a notebook lays out in a frame of its own.

    The frame's only right is to run scripts, so that neither the page nor what stands in it reaches the notebook. The
    page's own policy of contents holds inside it, too.
    """

    def __init__(self, page: str, height: int) -> None:
        self.page = page
        self.height = height

    def __repr__(self) -> str:
        return f"a page of {len(self.page)} characters, to be shown in a notebook; `write_page` writes it to a file"

    def _repr_html_(self) -> str:
        return tag(
            "iframe",
            srcdoc=self.page,
            sandbox="allow-scripts",
            style=f"width: 100%; height: {self.height}px; border: 0",
            title="serflow-opt",
        )


def show(answer: Displayed | Mapping[str, Any], height: int = 720) -> NotebookPage:
    """Show an answer in a notebook as the page that `serflow-opt report` writes.

    Parameters
    ----------
    answer
        A result, or its document.
    height
        Of the frame, in CSS pixels; what is longer scrolls.

    Returns
    -------
    NotebookPage
        What a notebook shows where it is the last line of a cell, or is given to `display`.

    Raises
    ------
    InputError
        For a document that says it is something and is not.
    """
    return NotebookPage(page_of(answer), height)
