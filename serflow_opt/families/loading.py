"""Read an instance of any kind: its file says which, and the family makes the problem of it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from serflow_opt.errors import InputError, Problem
from serflow_opt.families.registry import DEFAULT, get


def load(name: str | Path, catalogs: Sequence[str | Path] = (), scenario: str | None = None) -> Any:
    """Read and check an instance.

    Parameters
    ----------
    name
        Path of the TOML file or of its folder, or the name of a shipped instance.
    catalogs
        Price files that add to or override the catalogue, applied after those the instance names.
    scenario
        Which of the file's [scenario.NAME] is laid over it; None: none.

    Returns
    -------
    Instance
        Or the problem of another family, where the file says `kind = "..."`.

    Raises
    ------
    InputError
        With every problem found, each with file, place, value and cure.
    """
    from serflow_opt.problem.loader import find, read_toml

    path = find(name)
    problems: list[Problem] = []
    raw = read_toml(path, problems, scenario)
    if raw is None or problems:
        raise InputError(problems)
    problem = get(raw.get("kind", DEFAULT), str(path)).resolve(raw, path, catalogs, problems)
    if problems or problem is None:
        raise InputError(problems)
    return problem


def kind_of(name: str | Path) -> str:
    """Return the kind that a file says it is of; "": it cannot be read."""
    from serflow_opt.problem.loader import find, read_toml

    try:
        raw = read_toml(find(name), [])
    except InputError:
        return ""
    return "" if raw is None else str(raw.get("kind", DEFAULT))


def problem_of(given: Any) -> Any:
    """Return a problem as it is, and load what names one.

    Raises
    ------
    InputError
        For anything else, and as `load` does.
    """
    if hasattr(given, "kind"):
        return given
    if isinstance(given, str | os.PathLike):
        return load(Path(given) if isinstance(given, os.PathLike) else given)
    from serflow_opt.problem.given import instance_of

    return instance_of(given)  # tells what it should have been


def problems_of(given: Any) -> list[Any]:
    """Return problems as they are, and load what names them; one alone is no list."""
    if hasattr(given, "kind") or isinstance(given, str | os.PathLike) or not isinstance(given, Iterable):
        from serflow_opt.problem.given import instances_of

        return list(instances_of(given))  # tells what it should have been
    return [problem_of(own) for own in given]
