"""Parts of documents, and results that are documents: read back, or told what is wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from serflow_opt.errors import InputError, Problem
from serflow_opt.ground.display import Displayed

TAG = "="
"""Begins the names of alternatives of a key: they stand in pydantic's places, not in the user's."""


class Document(BaseModel):
    """A part of a document; unknown keys are kept out."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


class Answer(Displayed, Document):
    """A result that is its own document."""

    def to_dict(self) -> dict[str, Any]:
        """Return the document."""
        return self.model_dump(mode="json")

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Self:
        """Return what a document is of; `to_dict` gives the same again.

        Raises
        ------
        InputError
            For a document of something else.
        """
        return validated(cls, document, f"give the document of a {cls.__name__.lower()}, as `to_dict` returns it")


Read = TypeVar("Read", bound=BaseModel)


def validated(model: type[Read], document: object, cure: str, file: str = "") -> Read:
    """Return a document as an object of its model.

    Parameters
    ----------
    model
        What the document is read as.
    document
        Parsed JSON or TOML.
    cure
        What to do about a key that is missing.
    file
        Where the document stands, for messages; empty: in none.

    Raises
    ------
    InputError
        With everything that is wrong with the document.
    """
    try:
        return model.model_validate(document)
    except ValidationError as error:
        raise InputError([explained(dict(fault), cure, file) for fault in error.errors(include_url=False)]) from None


def explained(fault: Mapping[str, Any], cure: str, file: str = "") -> Problem:
    """Turn one error of pydantic into place, value and cure.

    Parameters
    ----------
    fault
        One of `ValidationError.errors()`.
    cure, file
        As `validated` takes them.
    """
    message = fault["msg"].removeprefix("Value error, ")
    place = "".join(f"[{step + 1}]" if isinstance(step, int) else f".{step}" for step in fault["loc"]).lstrip(".")
    if fault["type"] == "missing":
        return Problem(file, place, "missing", cure)
    if fault["type"] == "union_tag_invalid":
        context = fault["ctx"]
        key, cure = context["discriminator"].strip("'"), context["expected_tags"].replace(", ", " or ")
        return Problem(file, f"{place}.{key}", f"'{context['tag']}'", f"write {cure}")
    if fault["type"] == "union_tag_not_found":
        return Problem(file, f"{place}.{fault['ctx']['discriminator'].strip(chr(39))}", "missing", cure)
    if fault["type"] == "extra_forbidden":
        found = f"unknown key (= {fault['input']!r:.60})"
        return Problem(file, place, found, "remove it, or use the version that wrote the document")
    return Problem(file, place, f"{fault['input']!r:.80}", f"{message[:1].lower()}{message[1:]}")


def without_tags(document: Any, loc: Sequence[str | int]) -> tuple[str | int, ...]:
    """Return the place of a fault in a document: where a key may hold one thing or another, pydantic adds which.

    Parameters
    ----------
    document
        What has the fault.
    loc
        Where, as pydantic has it.
    """
    here, place = document, list[str | int]()
    for n, step in enumerate(loc):
        there = isinstance(here, Mapping) and step in here if isinstance(step, str) else isinstance(here, list)
        named = n == len(loc) - 1 and isinstance(here, Mapping) and not str(step).startswith(TAG)
        if there or named:
            place.append(step)
            here = here[step] if there and not (isinstance(step, int) and step >= len(here)) else None
    return tuple(place)
