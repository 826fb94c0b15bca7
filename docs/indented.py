"""For the site: equations and tables in docstrings of modules stay as they are set, line by line."""

from __future__ import annotations

import re
from typing import Any

import griffe


class Indented(griffe.Extension):
    """Set a blank line before indented lines, which makes Markdown keep them.

    Sections in numpy style are left alone: their indented lines are descriptions.
    """

    def on_module(self, *, mod: griffe.Module, **others: Any) -> None:
        """Change the docstring of a module."""
        if mod.docstring and "\n---" not in mod.docstring.value:
            mod.docstring.value = re.sub(r"^(\S.*)\n(?= {4}\S)", r"\1\n\n", mod.docstring.value, flags=re.MULTILINE)
