"""One page of an answer: a file that needs no network and runs no script but its own.

The page forbids by its policy of contents whatever it does not bring itself: scripts and styles are allowed by their
digest, so that not even markup slipped in by a name would run.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from serflow_opt.errors import InputError, Problem
from serflow_opt.files import write_atomically
from serflow_opt.ground.answers import read_answer
from serflow_opt.ground.display import Displayed
from serflow_opt.pages.kinds import body_of, title_of
from serflow_opt.pages.markup import Markup, join, tag


def page_of(answer: Displayed | Mapping[str, Any]) -> str:
    """Return the page of an answer: a plan, a front, a comparison, a deployment, .., of any family.

    Parameters
    ----------
    answer
        A result, or its document.

    Raises
    ------
    InputError
        For a document that says it is something and is not.
    """
    title = title_of(answer)
    style, script = _own("page.css"), _own("page.js")
    policy = f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        tag("style", Markup(style)),
    )
    foot = tag("footer", "Written by serflow-opt. This page fetches nothing.")
    main = tag("main", tag("h1", title), body_of(answer), foot)
    return f"<!doctype html>\n{tag('html', head, tag('body', main, tag('script', Markup(script))), lang='en')}\n"


def write_page(answer: Displayed | Mapping[str, Any] | str | Path, path: str | Path) -> None:
    """Write the page of an answer, or of the file of one.

    Parameters
    ----------
    answer
        A result, its document, or the file that `save`, `--out` or `--json` wrote.
    path
        The page, ending in .html.

    Raises
    ------
    InputError
        For a file that holds no answer, and where nothing can be written.
    """
    target = Path(path)
    if target.suffix.lower() not in (".html", ".htm"):
        raise InputError([Problem(str(path), "", f"ending '{target.suffix}'", "end in .html")])
    if isinstance(answer, str | Path):
        from dataclasses import replace

        document = read_answer(answer)
        try:
            text = page_of(document)
        except InputError as error:
            raise InputError(replace(problem, file=str(answer)) for problem in error.problems) from None
    else:
        text = page_of(answer)
    write_atomically(target, lambda draft: draft.write_text(text, encoding="utf-8"))


def _own(name: str) -> str:
    """A file of the package."""
    return join([Markup(resources.files(__package__).joinpath(name).read_text(encoding="utf-8").strip())])


def _digest(text: str) -> str:
    """What a policy of contents calls a text."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
