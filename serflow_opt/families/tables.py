"""What tables of any family's files are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from serflow_opt.errors import Problem
from serflow_opt.ground.document import TAG

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
AtLeast0 = Annotated[float, Field(ge=0, allow_inf_nan=False)]


Item = TypeVar("Item")
Span = TypeVar("Span", bound="Table")
ListOr = Annotated[
    Annotated[list[Item], Tag(f"{TAG}list")] | Annotated[Span, Tag(f"{TAG}table")],
    Discriminator(lambda value: f"{TAG}table" if isinstance(value, dict | BaseModel) else f"{TAG}list"),
]
"""A list of values, or a table that says them."""


class Table(BaseModel):
    """A table of a file; unknown keys are kept out."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)


def check_names(names: Mapping[str, Sequence[str]], file: str, problems: list[Problem]) -> None:
    """Add a fault for each name that stands twice among tables of one kind.

    Parameters
    ----------
    names
        By what the tables are called in the file, their names in turn.
    file, problems
        Where they stand, and the list that takes faults.
    """
    for what, own in names.items():
        for n, name in enumerate(own):
            if name in own[:n]:
                problems.append(Problem(file, f"{what}[{n + 1}].name", repr(name), "give each a name of its own"))


MOST_STEPS = 10_000
"""Of values from one to another."""


class CountsTable(Table):
    """Whole numbers from one to another by a step."""

    from_: int = Field(alias="from", default=1, ge=1)
    to: int = Field(ge=1)
    step: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _in_order(self) -> CountsTable:
        if self.to < self.from_:
            raise ValueError("write `to` at least as large as `from`")
        if (self.to - self.from_) / self.step > MOST_STEPS:
            raise ValueError(f"at most {MOST_STEPS:,} steps")
        return self

    def values(self) -> list[int]:
        """Return every number; the last is at most `to`."""
        return list(range(self.from_, self.to + 1, self.step))


def numbers_of(given: Sequence[int] | CountsTable) -> list[int]:
    """Return what a key offers, rising, each number once."""
    return given.values() if isinstance(given, CountsTable) else sorted(set(given))
