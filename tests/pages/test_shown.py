"""Pages inside notebooks."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from support import tiny

import serflow_opt as so
from serflow_opt.errors import InputError
from serflow_opt.pages import page_of, show


class Frames(HTMLParser):
    """Elements that a notebook gets."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_a_notebook_gets_the_page_of_the_command_in_a_frame_that_reaches_nothing() -> None:
    """One element, whose document is the page to the letter and which may run scripts and nothing else."""
    plan = so.solve(tiny.two_stages())
    [(name, attributes)] = Frames(show(plan, height=300)._repr_html_()).found
    assert name == "iframe"
    assert attributes["srcdoc"] == page_of(plan)
    assert attributes["sandbox"] == "allow-scripts"
    assert "height: 300px" in (attributes["style"] or "")


def test_elsewhere_it_says_what_it_is() -> None:
    """A terminal prints one line, not the page."""
    assert "write_page" in repr(show({"figure": 1}))


def test_what_is_no_answer_is_refused_at_once() -> None:
    """Not when the notebook lays it out, where the error would be swallowed."""
    with pytest.raises(InputError):
        show({"plan": 1, "metrics": 2, "certificate": 3, "objective": 4})
