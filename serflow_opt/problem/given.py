"""What functions are given: an instance, or what is loaded as one; everything else is told what it should have been."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from functools import update_wrapper
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from serflow_opt.errors import InputError, Problem
from serflow_opt.problem.instance import Instance

P = ParamSpec("P")
R = TypeVar("R")
Named = Instance | str | Path
"""An instance, or the name or path that `load` takes."""


def instance_of(given: object) -> Instance:
    """Return an instance as it is, and load what names one.

    Raises
    ------
    InputError
        For anything else, and as `load` does.
    """
    if isinstance(given, Instance):
        return given
    if isinstance(given, str | os.PathLike):
        from serflow_opt.problem.loader import load

        return load(Path(given) if isinstance(given, os.PathLike) else given)
    if isinstance(getattr(given, "kind", None), str) and hasattr(given, "optimise"):
        raise wrong("instance", given, f"this takes placements, and it is a {given.kind}")  # type: ignore[attr-defined]
    raise wrong("instance", given, "give an instance: so.load(...), or the name or path that it takes")


def instances_of(given: object) -> list[Instance]:
    """Return instances as they are, and load what names them; one alone is no list.

    Raises
    ------
    InputError
        As `instance_of` does.
    """
    if isinstance(given, Instance | str | os.PathLike) or not isinstance(given, Iterable):
        raise wrong("instances", given, "give a list of instances, or of names or paths that so.load takes")
    return [instance_of(own) for own in given]


def check_inference(instance: Instance, verb: str) -> None:
    """Raise InputError where an instance is for training and a verb is of requests that come, and leave, one by one.

    Parameters
    ----------
    verb
        What is asked, for the message.
    """
    if instance.mode == "train":
        cure = f"{verb} is of requests: set mode = 'infer'; solve, pareto, explain and evaluate take both modes"
        raise InputError([Problem(instance.name, "objective.mode", "'train'", cure)])
    if instance.run_on:
        cure = f"{verb} counts work by who has not left: set run_on = false; solve, pareto, explain, evaluate take both"
        raise InputError([Problem(instance.name, "exits.run_on", "true", cure)])


def on_instance(verb: Callable[Concatenate[Instance, P], R]) -> Callable[Concatenate[Named, P], R]:
    """Let a function of an instance take what names one, too."""

    def asked(instance: Named, *args: P.args, **kwargs: P.kwargs) -> R:
        return verb(instance_of(instance), *args, **kwargs)

    update_wrapper(asked, verb)
    return asked  # type: ignore[return-value]  # by keyword, too


def wrong(place: str, given: object, cure: str) -> InputError:
    """Return the error of an argument that is something else.

    Parameters
    ----------
    place
        Name of the argument.
    given
        What it is; the message shows its type and the beginning of it.
    cure
        What to give instead.
    """
    found = f"{type(given).__name__} {given!r}"
    return InputError([Problem("", place, found if len(found) <= 80 else f"{found[:77]}...", cure)])
