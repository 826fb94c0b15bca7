"""What serving systems are told of a plan with batches: read from its document, whatever its family."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from serflow_opt.errors import InputError, Problem
from serflow_opt.export.serving import settings
from serflow_opt.export.text import slug
from serflow_opt.families.registry import get, kinds
from serflow_opt.files import read_text
from serflow_opt.ground.display import named

if TYPE_CHECKING:
    from serflow_opt.export.serving import Batcher

CURE = "give what `solve --out` writes for an instance with batches: of kind batching or cluster"


def read_settings(path: Path, system: str, name: str | None = None) -> tuple[str, str]:
    """Return what a plan is called, and its settings for a serving system.

    Parameters
    ----------
    path
        What `solve --out` wrote.
    system
        triton, ray-serve, kserve or torchserve.
    name
        What the whole is called; None: as the instance.

    Raises
    ------
    InputError
        For a file that is no plan, and for plans of families without batches.
    """
    problems: list[Problem] = []
    text = read_text(path, problems, CURE)
    if text is None:
        raise InputError(problems)
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError([Problem(str(path), "", f"not JSON (line {error.lineno}: {error.msg})", CURE)]) from None
    document = document if isinstance(document, dict) else {}
    kind, plan = document.get("kind"), document.get("plan")
    where = get(kind).own.get("export") if kind in kinds() else None
    if where is None or not isinstance(plan, dict):
        found = "no plan" if kind is None or plan is None else f"a plan of kind {kind!r}"
        raise InputError([Problem(str(path), "--format", f"{found} for {system}", CURE)])
    try:
        batchers: list[Batcher] = named(where)(plan)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError([Problem(str(path), "plan", f"not a plan of a {kind}: {error!r}", CURE)]) from None
    if not batchers:
        raise InputError([Problem(str(path), "plan", "nothing is served", "there is nothing to write")])
    title = name or str(document.get("instance") or path.stem)
    return slug(title), settings(batchers, system, title)


def apart(names: list[str]) -> list[str]:
    """Return names that are not alike once they are made fit for files: those that would be are numbered."""
    found: list[str] = []
    for name in names:
        own, number = name, 1
        while slug(own) in {slug(other) for other in found}:
            number += 1
            own = f"{number}-{name}"
        found.append(own)
    return found
