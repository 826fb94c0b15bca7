"""Write YAML for people: blocks, comments with reasons, quotes where a reader would take a text for something else.

Manifests are dictionaries, lists, texts and whole numbers; a library for more than that would be one more to install,
and would drop the comments. The tests read what comes out with PyYAML.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from serflow_opt.export.text import one_line, quoted

PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9._/-]*(:[A-Za-z0-9._/-]+)*|[1-9][0-9]*(m|s|Mi)")
TAKEN = {"true", "false", "yes", "no", "on", "off", "null", "y", "n"}
"""Words of YAML 1.1 and 1.2 that are no texts."""


@dataclass(frozen=True, slots=True)
class Said:
    """A value and why it is so: a comment above its key."""

    value: Any
    why: str


def to_yaml(value: Any) -> str:
    """Write one document, without its `---`."""
    return "".join(line + "\n" for line in _lines(value))


def _lines(value: Any) -> Iterator[str]:
    match value:
        case dict() if value:
            for key, given in value.items():
                each = given.value if isinstance(given, Said) else given
                if isinstance(given, Said):
                    yield f"# {one_line(given.why)}"
                if isinstance(each, dict | list) and each:
                    yield f"{scalar(key)}:"
                    yield from ("  " + line for line in _lines(each))
                else:
                    yield f"{scalar(key)}: {scalar(each)}"
        case list() if value:
            for each in value:
                first, *others = _lines(each)
                yield f"- {first}"
                yield from ("  " + line for line in others)
        case _:
            yield scalar(value)


def scalar(value: Any) -> str:
    """Write a text, whole number, truth, or something empty."""
    match value:
        case str() if PLAIN.fullmatch(value) and value.lower() not in TAKEN:
            return value
        case str() if '"' in value and "'" not in value and value.isprintable():
            return f"'{value}'"
        case str():
            return quoted(value)
        case Decimal():  # digits and a point are a number in all versions
            return f"{value.normalize():f}" if value % 1 else f"{value:.1f}"
        case float():
            raise TypeError(f"{value}: versions of YAML disagree on some floats, so manifests have none")
    return json.dumps(value)
