"""[uncertainty] of an instance file, key by key."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from serflow_opt.problem.key_types import MANY, ONE, FileName, InstanceTable, Name, NonNegative, Positive, Share

BY_STAGE = Discriminator(lambda value: MANY if isinstance(value, list) else ONE)
BY_TIER = Discriminator(lambda value: MANY if isinstance(value, dict) else ONE)
StageShares = Annotated[Annotated[NonNegative, Tag(ONE)] | Annotated[list[NonNegative], Tag(MANY)], BY_STAGE]
ExitShares = Annotated[Annotated[Share, Tag(ONE)] | Annotated[list[Share], Tag(MANY)], BY_STAGE]
TierShares = Annotated[Annotated[NonNegative, Tag(ONE)] | Annotated[dict[Name, NonNegative], Tag(MANY)], BY_TIER]
StageFactors = Annotated[Annotated[Positive, Tag(ONE)] | Annotated[list[Positive], Tag(MANY)], BY_STAGE]
TierFactors = Annotated[Annotated[NonNegative, Tag(ONE)] | Annotated[dict[Name, NonNegative], Tag(MANY)], BY_TIER]


class ScenarioTable(InstanceTable):
    """[[uncertainty.scenario]]: one way that things may turn out."""

    name: Name = Field(description="what answers call it")
    probability: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] | None = Field(
        default=None, description="of all of them or of none; none: equal"
    )
    rate: Positive = Field(default=1.0, description="times the rate believed")
    times: StageFactors = Field(default=1.0, description="times the seconds of stages: one number, or one a stage")
    exits: StageFactors = Field(default=1.0, description="times the shares that leave: one number, or one a stage")
    prices: TierFactors = Field(default=1.0, description="times the prices: one number, or a table by tier")
    table: FileName | None = Field(default=None, description="exit table in the place of exits.table, same thresholds")


class UncertaintyTable(InstanceTable):
    """[uncertainty]: what may turn out otherwise, within a budget or in scenarios."""

    objective: Literal["worst", "believed", "expected", "cvar"] | None = Field(
        default=None,
        description="what of the objective is minimised: in the worst case, as believed, on average, or on average of "
        "the worst 1 - beta; default: worst with a budget, expected with scenarios",
    )
    budget: Annotated[int, Field(ge=0, le=1000)] | None = Field(
        default=None, description="parts that deviate at once, at most; limits hold whichever do"
    )
    times: StageShares = Field(
        default=0.0, description="share by which a stage may take longer: one number, or one a stage; each is a part"
    )
    exits: ExitShares = Field(
        default=0.0, description="share by which fewer may leave at a classifier: one number, or one a stage"
    )
    prices: TierShares = Field(
        default=0.0, description="share by which a tier's prices may rise: one number, or a table by tier"
    )
    rate: NonNegative = Field(default=0.0, description="share by which more requests may come; one part")
    beta: Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)] | None = Field(
        default=None, description="cvar only: the average is of the worst 1 - beta"
    )
    hold: Annotated[float, Field(gt=0, le=1, allow_inf_nan=False)] = Field(
        default=1.0, description="scenarios only: probability with which all limits hold together"
    )
    scenario: list[ScenarioTable] = Field(default=[])
