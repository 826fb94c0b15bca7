"""Channels of the catalogue and of a file, in seconds, bytes and USD."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources
from math import inf
from pathlib import Path
from typing import Any

from serflow_opt.errors import Problem, nearest
from serflow_opt.families.job.document import DIRECT
from serflow_opt.families.job.document import ChannelTable as Given
from serflow_opt.families.job.problem import Channel
from serflow_opt.problem.tables import Column, read_table

FIGURES = (
    "mb_per_s",
    "latency_ms",
    "usd_per_write",
    "usd_per_read",
    "write_unit_bytes",
    "read_unit_bytes",
    "item_bytes_max",
    "usd_per_hour",
    "start_s",
)


@cache
def shipped() -> dict[str, dict[str, Any]]:
    """Return the channels of the catalogue, by name."""
    columns = [Column(name, "text") for name in ("name", "kind", "source", "as_of")]
    columns += [Column(name, low=0, required=False) for name in FIGURES]
    problems: list[Problem] = []
    with resources.as_file(resources.files("serflow_opt.problem.catalog") / "channels.csv") as path:
        rows = read_table(path, columns, problems)
    assert not problems, problems
    return {str(row.cells["name"]): dict(row.cells) for row in rows}


def channels_of(
    given: Sequence[Given], used: Mapping[str, str], path: Path, problems: list[Problem]
) -> dict[str, Channel]:
    """Return the channels that are used, by name, or add to what is wrong with them.

    Parameters
    ----------
    given
        Channels of the file.
    used
        Names that platforms use, and where.
    path, problems
        The file, and the list that takes faults.
    """
    own = {table.name: table.model_dump(exclude_none=True) for table in given}
    known = {**shipped(), **own}
    found: dict[str, Channel] = {}
    for name, place in used.items():
        if name == DIRECT:
            found[name] = Channel(DIRECT, "direct")
            continue
        if name not in known:
            problems.append(Problem(str(path), place, f"'{name}'", nearest(name, [*known, DIRECT])))
            continue
        figures = {**shipped().get(name, {}), **own.get(name, {})}
        missing = [key for key in ("kind", "mb_per_s", "latency_ms") if key not in figures]
        priced = figures.get("kind") == "server" or "usd_per_write" in figures or "usd_per_hour" in figures
        if not priced:
            missing.append("usd_per_write")
        if figures.get("kind") == "server" and "usd_per_hour" not in figures:
            missing.append("usd_per_hour")
        for key in missing:
            problems.append(Problem(str(path), f"channel '{name}'.{key}", "missing", "give it: the catalogue does not"))
        if not missing:
            found[name] = Channel(
                name,
                figures["kind"],
                figures["mb_per_s"] * 1e6,
                figures["latency_ms"] / 1000,
                figures.get("usd_per_write", 0.0),
                figures.get("usd_per_read", 0.0),
                figures.get("write_unit_bytes", inf),
                figures.get("read_unit_bytes", inf),
                figures.get("item_bytes_max", inf),
                figures.get("usd_per_hour", 0.0) / 3600,
                figures.get("start_s", 0.0),
            )
    return found
