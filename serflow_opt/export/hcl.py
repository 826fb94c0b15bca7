"""Write HCL as `terraform fmt` would: two spaces a level, equals signs of neighbouring lines in a column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from serflow_opt.export.text import one_line, quoted


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute; its value is HCL already, and may have lines of its own. `why` goes above it."""

    name: str
    value: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class Nest:
    """A block: `header { body }`."""

    header: str
    body: Sequence[Item]


Item = Attribute | Nest | str | None
"""A text is a comment, None an empty line."""


def render(items: Sequence[Item], level: int = 0) -> str:
    """Write items, with a line break after each."""
    return "".join(f"{'  ' * level}{line}".rstrip() + "\n" for line in _lines(items))


def _lines(items: Sequence[Item]) -> Iterator[str]:
    aligned: list[Attribute] = []
    for item in items:
        alone = not isinstance(item, Attribute) or item.why or "\n" in item.value
        if alone:
            yield from _columns(aligned)
            aligned = []
        if item is None:
            yield ""
        elif isinstance(item, str):
            yield f"# {one_line(item)}"
        elif isinstance(item, Nest):
            yield f"{item.header} {{"
            yield from ("  " + line if line else "" for line in _lines(item.body))
            yield "}"
        elif "\n" in item.value:
            yield from [f"# {one_line(item.why)}"] if item.why else []
            first, *others = item.value.split("\n")
            yield f"{item.name} = {first}"
            yield from others
        else:
            yield from [f"# {one_line(item.why)}"] if item.why else []
            aligned.append(item)
    yield from _columns(aligned)


def _columns(lines: Sequence[Attribute]) -> Iterator[str]:
    width = max((len(line.name) for line in lines), default=0)
    yield from (f"{line.name:<{width}} = {line.value}" for line in lines)


def literal(value: Any, inline: bool = False) -> str:
    """Write a value of JSON: numbers as Python has them, lists of objects with a line each unless inline."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case str():
            return literal_text(value)
        case dict():
            return "{ " + ", ".join(f"{_key(key)} = {literal(each, True)}" for key, each in value.items()) + " }"
        case list() if not inline and any(isinstance(each, dict) for each in value):
            return "[\n" + "".join(f"  {literal(each)},\n" for each in value) + "]"
        case list():
            return "[" + ", ".join(literal(each, True) for each in value) + "]"
    return repr(value)


def literal_text(text: str) -> str:
    """Write a string in which nothing is interpolated."""
    return quoted(text).replace("${", "$${").replace("%{", "%%{")


def _key(text: str) -> str:
    return text if text.isidentifier() and text.isascii() else literal_text(text)
