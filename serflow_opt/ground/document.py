"""Parts of documents, and results that are documents: read back, or told what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from serflow_opt.errors import InputError, Problem
from serflow_opt.ground.display import Displayed


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
        problems = []
        for fault in error.errors(include_url=False):
            place = "".join(f"[{step + 1}]" if isinstance(step, int) else f".{step}" for step in fault["loc"])
            found, wanted = f"{fault['input']!r:.80}", f"{fault['msg'][:1].lower()}{fault['msg'][1:]}"
            if fault["type"] == "missing":
                found, wanted = "missing", cure
            elif fault["type"] == "extra_forbidden":
                found, wanted = (
                    f"unknown key (= {fault['input']!r:.60})",
                    "remove it, or use the version that wrote the document",
                )
            problems.append(Problem(file, place.lstrip("."), found, wanted))
        raise InputError(problems) from None
