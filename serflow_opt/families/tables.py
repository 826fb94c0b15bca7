"""What tables of any family's files are made of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from serflow_opt.errors import Problem

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
AtLeast0 = Annotated[float, Field(ge=0, allow_inf_nan=False)]


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
