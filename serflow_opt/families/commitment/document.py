"""The tables of an instance of `kind = "commitment"`, as files have them: units are in the names of keys."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from serflow_opt.families.standard import Tables
from serflow_opt.families.tables import AtLeast0, Positive, Table

Discount = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]


class RentedTable(Table):
    """[[rented]]: a column of the demand with a price of its own; other columns are machines of the catalogue."""

    name: str = Field(min_length=1, description="column of the demand")
    usd_per_hour: Positive = Field(
        description="of one of it, on demand; 1 for a column in USD an hour, as of functions"
    )


class CommitmentPlanTable(Table):
    """[[plan]]: something to commit to, as an amount of USD an hour that is paid whether it is used or not."""

    name: str = Field(min_length=1)
    covers: list[str] = Field(min_length=1, description="columns of the demand")
    term: str = Field(default="", description="of the catalogue: gives months, upfront and discount where left out")
    provider: str = Field(default="aws", description="whose terms they are")
    months: Positive | None = Field(default=None, description="how long it is paid")
    upfront: Annotated[float, Field(ge=0, le=1)] | None = Field(default=None, description="share paid at the start")
    discount: Discount | None = Field(default=None, description="share of the price on demand that is not paid")
    discounts: dict[str, Discount] = Field(default={}, description="of columns with another discount")
    whole: bool = Field(default=False, description="bought by the machine, of one column; else any amount")


class CommitmentTables(Tables):
    """An instance of `kind = "commitment"`."""

    demand: str = Field(description="CSV: hours, and a column for each thing rented: how many at once in these hours")
    times: AtLeast0 = Field(default=1.0, description="the demand is so many times that of the table")
    region: str = Field(default="us-east-1", description="of the machines of the catalogue")
    rented: list[RentedTable] = Field(default=[])
    plan: list[CommitmentPlanTable] = Field(min_length=1)
