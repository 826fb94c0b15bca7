"""What the keys of an instance file may hold: numbers within bounds, names, one of something or a list."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag

from serflow_opt.ground.document import TAG
from serflow_opt.problem.tables import LARGEST

Positive = Annotated[float, Field(gt=0, le=LARGEST, allow_inf_nan=False)]
NonNegative = Annotated[float, Field(ge=0, le=LARGEST, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Name = Annotated[str, Field(min_length=1)]
FileName = Annotated[str, Field(min_length=1, pattern=r"^[^\x00-\x1f]+$")]

Arch = Literal["x86_64", "arm64"]


def _one_or_more(value: object) -> object:
    return [value] if isinstance(value, str) else value


Workers = Annotated[int, Field(ge=1, le=10_000)]

OneOrMoreArchs = Annotated[
    list[Arch],
    BeforeValidator(_one_or_more, json_schema_input_type=Arch | list[Arch]),
]
OneOrMoreFiles = Annotated[
    list[FileName],
    BeforeValidator(_one_or_more, json_schema_input_type=FileName | list[FileName]),
]
OneOrMoreNames = Annotated[list[Name], BeforeValidator(_one_or_more, json_schema_input_type=Name | list[Name])]
ONE, MANY = f"{TAG}one", f"{TAG}many"
Range = Annotated[list[NonNegative], Field(min_length=2, max_length=2)]
IdleAndFull = Annotated[list[NonNegative], Field(min_length=2, max_length=2)]
"""Watts."""
OneOrManyShares = Annotated[
    Annotated[Share, Tag(ONE)] | Annotated[list[Share], Tag(MANY)],
    Discriminator(lambda value: MANY if isinstance(value, list) else ONE),
]


class InstanceTable(BaseModel):
    """A TOML table whose keys are all known."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=True)
