"""The table of an instance file that says how its numbers were made."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from serflow_opt.problem.key_types import FileName, InstanceTable, Name, NonNegative


class ProfileTable(InstanceTable):
    """[profile]: how the numbers were made; `serflow-opt profile` writes it, `run` repeats it, solving ignores it."""

    network: Name = Field(description="what was measured: a shipped architecture, FILE.py:NAME, or an ONNX file")
    weights: FileName | None = Field(default=None, description="trained weights, beside the instance")
    data: list[Name] = Field(default=[], description="labelled data the exits were measured on")
    data_digest: str = Field(default="", description="of inputs and labels, so that `run` knows them again")
    classes: int | None = Field(default=None, ge=1, description="number of classes of the data")
    training: Literal["no", "joint", "frozen"] | None = Field(
        default=None, description="no: weights as given; joint: trained with all exits; frozen: classifiers alone"
    )
    stages: int | None = Field(default=None, ge=1, description="most stages the network was cut into")
    input: list[int] = Field(default=[], description="shape of one input, where it was given")
    seed: int = Field(default=0, ge=0, description="seed of weights, parts of the data and order of training")
    warmup: int = Field(default=0, ge=0, description="passes before the timed ones")
    repeats: int = Field(default=0, ge=0, description="timed passes")
    baseline_mse: NonNegative | None = Field(
        default=None, description="error of guessing the mean training input: an attacker who sees nothing"
    )
    machine: str = Field(default="", description="processor and threads it was timed on")
    versions: str = Field(default="", description="of what did the work")
    date: str = Field(default="", description="day of the measurement")
