"""What other systems are told of a plan: batches those that serve, rounds Flower; read from the plan's document."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serflow_opt.errors import InputError, Problem
from serflow_opt.export.serving import settings
from serflow_opt.export.text import slug
from serflow_opt.families.registry import get, kinds
from serflow_opt.files import read_text
from serflow_opt.ground.display import named

if TYPE_CHECKING:
    from serflow_opt.export.serving import Batcher

CURE = "give what `solve --out` writes for an instance with batches: of kind batching or cluster"
FLOWER = "flower"
CURE_OF_ROUNDS = "give what `solve --out` writes for an instance of kind training"


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
    kind, plan, title = _plan_of(path, system, CURE, ("training",))
    try:
        batchers: list[Batcher] = named(get(kind).own["export"])(plan)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError([Problem(str(path), "plan", f"not a plan of a {kind}: {error!r}", CURE)]) from None
    if not batchers:
        raise InputError([Problem(str(path), "plan", "nothing is served", "there is nothing to write")])
    return slug(name or title), settings(batchers, system, name or title)


def read_rounds_settings(path: Path, name: str | None = None) -> tuple[str, str]:
    """Return what a plan of a training is called, and the run configuration of a Flower app.

    Parameters
    ----------
    path, name
        As `read_settings` takes them.

    Raises
    ------
    InputError
        For a file that is no plan of a training, and for plans that Flower cannot follow.
    """
    others = tuple(kind for kind in kinds() if kind != "training")
    _, plan, title = _plan_of(path, FLOWER, CURE_OF_ROUNDS, others)
    try:
        return slug(name or title), named(get("training").own["export"])(plan, name or title)
    except (KeyError, TypeError) as error:
        raise InputError([Problem(str(path), "plan", f"not a plan of a training: {error!r}", CURE_OF_ROUNDS)]) from None


def _plan_of(path: Path, system: str, cure: str, besides: tuple[str, ...]) -> tuple[str, dict[str, Any], str]:
    """Return kind, plan and name of the instance of what `solve --out` wrote; kinds `besides` are none for a system."""
    problems: list[Problem] = []
    text = read_text(path, problems, cure)
    if text is None:
        raise InputError(problems)
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError([Problem(str(path), "", f"not JSON (line {error.lineno}: {error.msg})", cure)]) from None
    document = document if isinstance(document, dict) else {}
    kind, plan = document.get("kind"), document.get("plan")
    fits = kind in kinds() and kind not in besides and "export" in get(kind).own
    if not fits or not isinstance(plan, dict):
        found = "no plan" if kind is None or plan is None else f"a plan of kind {kind!r}"
        raise InputError([Problem(str(path), "--format", f"{found} for {system}", cure)])
    return str(kind), plan, str(document.get("instance") or path.stem)


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
