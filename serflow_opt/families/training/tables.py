"""The CSV tables of a training instance: stages, rounds, knobs, leaks and packings, and what is wrong with them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from serflow_opt.errors import Problem
from serflow_opt.families.measured_times import BACKWARD, BothWays
from serflow_opt.families.training.problem import KNOBS, Knob, Leak, MeasuredRounds, Packing
from serflow_opt.problem.tables import Column, Row, read_table

VARIED = ("mode", "compression", "dropout", "noise", "selection", "topology")
"""What rounds can have been measured by, beside local epochs and clients."""
FACTORS = (
    ("down_kept", "down_kept", 1.0, 0.0),
    ("up_kept", "up_kept", 1.0, 0.0),
    ("client_flop_factor", "client_factor", 1.0, 0.0),
    ("rounds_factor", "rounds_factor", 1.0, 0.0),
    ("accuracy_loss", "loss", 0.0, -1.0),
    ("client_s", "client_s", 0.0, 0.0),
    ("up_bytes", "up_bytes", 0.0, 0.0),
    ("down_bytes", "down_bytes", 0.0, 0.0),
    ("peer_up_bytes", "peer_up_bytes", 0.0, 0.0),
    ("peer_down_bytes", "peer_down_bytes", 0.0, 0.0),
    ("peer_s", "peer_s", 0.0, 0.0),
)
"""Columns of the tables of knobs: what files and `Knob` call them, what they are where left out, and at least."""


@dataclass(frozen=True, slots=True)
class Stages:
    """The stages as the table has them: by stage, operations and seconds of a sample where they are known.

    `measured` has the seconds there and back by type of device or machine.
    """

    names: tuple[str, ...]
    flops: tuple[float, ...] | None
    seconds: tuple[float, ...] | None
    activation: tuple[float, ...]
    gradient: tuple[float, ...]
    parameters: tuple[float, ...]
    measured: Mapping[str, BothWays] = field(default_factory=dict)


def _number(row: Row, name: str, otherwise: float) -> float:
    return row.number(name) if name in row.cells else otherwise


def read_stages(path: Path, problems: list[Problem]) -> Stages | None:
    """Read the stages of a network.

    Parameters
    ----------
    path, problems
        The table, and what receives its faults.
    """
    before = len(problems)
    works = ("forward_flops", "forward_ms")

    def columns(header: list[str]) -> list[Column]:
        return [
            Column("stage", "text"),
            Column("layers", "text", required=False),
            *(Column(name, low=0, required=name in header) for name in works),
            *(Column(name.replace("forward", "backward"), low=0, required=False) for name in works),
            Column("activation_bytes", low=0),
            Column("gradient_bytes", low=0, required=False),
            Column("parameter_bytes", low=0),
        ]

    rows = read_table(path, columns, problems)
    if len(problems) > before or not rows:
        return None
    names = [str(row.cells["stage"]) for row in rows]
    for n, row in enumerate(rows):
        if names[n] in names[:n]:
            problems.append(Problem(str(path), f"line {row.line}", f"stage '{names[n]}' before", "list each once"))

    def both(name: str) -> tuple[float, ...] | None:
        if name not in rows[0].cells:
            return None
        back = name.replace("forward", "backward")
        return tuple(row.number(name) + _number(row, back, BACKWARD * row.number(name)) for row in rows)

    milliseconds = both("forward_ms")
    return Stages(
        tuple(names),
        both("forward_flops"),
        None if milliseconds is None else tuple(own / 1000 for own in milliseconds),
        tuple(row.number("activation_bytes") for row in rows),
        tuple(_number(row, "gradient_bytes", math.nan) for row in rows),
        tuple(row.number("parameter_bytes") for row in rows),
    )


def read_rounds(path: Path, problems: list[Problem]) -> list[MeasuredRounds]:
    """Read how many rounds were measured to reach which accuracy.

    Parameters
    ----------
    path, problems
        The table, and what receives its faults.
    """
    columns = [
        Column("local_epochs", "whole", 1),
        Column("clients", "whole", 1),
        *(Column(name, "text", required=False) for name in VARIED),
        Column("accuracy", low=0, high=1),
        Column("rounds", low=1),
        Column("rounds_sd", low=0, required=False),
        Column("seeds", "whole", 1, required=False),
    ]
    found = []
    for row in read_table(path, columns, problems):
        by = {name: str(row.cells[name]) for name in VARIED if name in row.cells}
        own = MeasuredRounds(
            row.whole("local_epochs"), row.whole("clients"), by, row.number("accuracy"), row.number("rounds")
        )
        found.append(own)
    return found


def read_knob(kind: str, path: Path, problems: list[Problem]) -> tuple[Knob, ...]:
    """Read the rows of a knob; those of noise are called after their multipliers.

    Parameters
    ----------
    kind
        One of `KNOBS`.
    path, problems
        The table, and what receives its faults.
    """
    assert kind in KNOBS
    noise = kind == "noise"
    first = (
        [Column("multiplier", low=0), Column("epsilon", low=0, required=False)] if noise else [Column("name", "text")]
    )
    columns = [*first, *(Column(name, low=low, required=False) for name, _, _, low in FACTORS)]
    found: list[Knob] = []
    for row in read_table(path, columns, problems):
        own = {field: _number(row, name, otherwise) for name, field, otherwise, _ in FACTORS}
        multiplier = row.number("multiplier") if noise else 0.0
        name = (f"{multiplier:g}" if multiplier else "none") if noise else str(row.cells["name"])
        epsilon = _number(row, "epsilon", math.nan if multiplier else math.inf)
        if name in [knob.name for knob in found]:
            problems.append(Problem(str(path), f"line {row.line}", f"'{name}' before", "list each once"))
        if not own["rounds_factor"] > 0:
            problems.append(Problem(str(path), f"line {row.line}, column rounds_factor", "0", "write more than 0"))
        found.append(Knob(name, epsilon=epsilon, multiplier=multiplier, **own))
    return tuple(found)


def read_leaks(path: Path, stages: int, problems: list[Problem]) -> list[Leak]:
    """Read what leaks, by cut and protection.

    Parameters
    ----------
    path, problems
        The table, and what receives its faults.
    stages
        The last cut there is.
    """
    columns = [
        Column("cut", "whole", 0, stages),
        Column("protection", "text", required=False),
        Column("leak", low=0),
        Column("client_flop_factor", low=0, required=False),
        Column("accuracy_loss", low=-1, high=1, required=False),
    ]
    found: list[Leak] = []
    for row in read_table(path, columns, problems):
        own = Leak(
            row.whole("cut"),
            str(row.cells.get("protection", "none")),
            row.number("leak"),
            _number(row, "client_flop_factor", 1.0),
            _number(row, "accuracy_loss", 0.0),
        )
        if (own.cut, own.protection) in [(leak.cut, leak.protection) for leak in found]:
            problems.append(
                Problem(str(path), f"line {row.line}", "listed before", "list each cut and protection once")
            )
        found.append(own)
    return found


def read_packings(path: Path, problems: list[Problem]) -> tuple[Packing, ...]:
    """Read ways to make smaller what crosses the cut.

    Parameters
    ----------
    path, problems
        The table, and what receives its faults.
    """
    columns = [
        Column("name", "text"),
        Column("kept", low=0),
        Column("client_flop_factor", low=0, required=False),
        Column("accuracy_loss", low=-1, high=1, required=False),
    ]
    found: list[Packing] = []
    for row in read_table(path, columns, problems):
        factor, loss = _number(row, "client_flop_factor", 1.0), _number(row, "accuracy_loss", 0.0)
        own = Packing(str(row.cells["name"]), row.number("kept"), factor, loss)
        if own.name in [packing.name for packing in found]:
            problems.append(Problem(str(path), f"line {row.line}", f"'{own.name}' before", "list each once"))
        found.append(own)
    return tuple(found)
