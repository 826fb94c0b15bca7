"""A document with faults, made whole enough to look for more: all that is wrong is told at once, not fault by fault.

It is mended twice. Faulty keys are left out in one copy, where they may be, and stand in as something sound in the
other one; where they may not, they stand in as two different things. What is found wrong with both copies is wrong
whatever stands there; what is found with one alone may come of what stands in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Annotated, Any, Generic, Literal, TypeVar, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from serflow_opt.errors import Problem
from serflow_opt.ground.document import without_tags

ROUNDS = 4
"""Times what is left is looked through for further faults."""
WORDS, NUMBERS = ("?", "??"), (1.0, 2.0, 0.5, 0.25, 1, 2)
SOUND: tuple[Any, ...] = (
    *WORDS, *NUMBERS, True, False, ["?"], ["??"], [1.0, 2.0], [1.0, 3.0], [1, 2], [1, 3], [1], [2], [[1.0, 1.0]],
    {"?": 1.0}, {"??": 2.0}, [], {},
)  # fmt: skip
"""What may stand in for the value of a key: the first two that its type takes."""
KINDS = ("vm", "edge")
"""Stand in for the kind of a tier: as near to each other as kinds are."""
OPTIONS = re.compile(r"^no (option|time for)\b|matches no option")
ENTRIES = re.compile(r"^no (tier|tariff)\b|^'[^']*'$|" + OPTIONS.pattern)
"""What problems find that tell of the name of an option, or of any entry, which is not there."""
NAMES = {"name": ENTRIES, "options": OPTIONS, "option": OPTIONS, "any": OPTIONS}
"""Keys without which something is not there that others may name, and what these problems find then."""

Place = tuple[Any, ...]
Model = TypeVar("Model", bound=BaseModel)
Walked = tuple[Any, Any, Place, Any]
"""A table or list on the way to a fault, the key or number there, its place, and what it is in the model: a field, or
the model of an entry."""


def further_problems(
    model: type[Model],
    raw: Mapping[str, Any],
    error: ValidationError,
    explained: Callable[[dict[str, Any]], Problem],
    resolve: Callable[[Model, list[Problem]], object],
) -> list[Problem]:
    """Return what else is wrong with a document that its model does not take.

    Parameters
    ----------
    model, raw, error
        The model, the parsed document, and what the model says of it: that is told already.
    explained
        Makes a problem of an error of the model.
    resolve
        Takes a document that is valid in itself, and appends what else is wrong with it.
    """
    first, second = (_Copy(model, raw, which).problems(error, explained, resolve) for which in (0, 1))
    once = {_unquoted(problem): problem for problem in reversed(first)}
    also = {_unquoted(problem) for problem in second}
    return [problem for key, problem in reversed(once.items()) if key in also]


class _Copy(Generic[Model]):
    """A copy of a document that is mended; 0: what may be left out is, 1: something stands in for it."""

    def __init__(self, model: type[Model], raw: Mapping[str, Any], which: int) -> None:
        self.model, self.raw, self.which = model, raw, which
        self.copy: dict[str, Any] = deepcopy(dict(raw))
        self.mended: list[tuple[Place, re.Pattern[str] | None]] = []  # where, and what is found of names lost with it
        self.left_out: dict[Place, FieldInfo] = {}

    def problems(
        self,
        error: ValidationError,
        explained: Callable[[dict[str, Any]], Problem],
        resolve: Callable[[Model, list[Problem]], object],
    ) -> list[Problem]:
        """Return what is found in the copy, but for what follows from what was mended."""
        found: list[Problem] = []
        for n in range(ROUNDS):
            errors: list[dict[str, Any]] = [dict(own) for own in error.errors(include_url=False)]
            if n:
                further = [explained(own) for own in errors if not self._is_shortened(own)]
                found += [own for own in further if not self._follows(own)]
            self._mend(errors, whole=n > 1)
            try:
                document = self.model.model_validate(self.copy)
            except ValidationError as more:
                error = more
                continue
            resolved: list[Problem] = []
            resolve(document, resolved)
            return found + [own for own in resolved if not self._follows(own)]
        return found

    def _mend(self, errors: Sequence[dict[str, Any]], *, whole: bool) -> None:
        """Mend all that errors name; lists with faults as a whole, or element by element."""
        drop: list[tuple[list[Any], int]] = []
        for error in errors:
            loc = without_tags(self.copy, error["loc"])
            walked = [*_walk(self.model, self.copy, loc)]
            if not walked:
                continue
            table, key, place, own = walked[-1]
            lost, value = NAMES.get(key), table.get(key) if isinstance(key, str) else table[key]
            if error["type"].startswith("union_tag") and isinstance(value, dict):
                place = (*place, "kind")
                value["kind"] = _likeliest(walked[-2][3], value, self.which)
            elif isinstance(value, dict) and self._put_back(place, value):
                continue
            elif isinstance(key, int):
                named = isinstance(value, dict) and isinstance(value.get("name"), str)
                lost = None if named else ENTRIES
                table[key] = _table(own, value, self.which)
            elif own is None:
                table.pop(key, None)
            elif isinstance(value, list) and len(value) > 1 and not whole and isinstance(loc[-1], int):
                place = (*place, loc[-1])
                drop.append((value, loc[-1]))
            elif isinstance(value, dict) and len(loc) > len(place) and loc[len(place)] in value:
                place = loc[: len(place) + 1]
                del value[place[-1]]
            elif self.which == 0 and not own.is_required():
                self.left_out[place] = own
                table.pop(key, None)
            else:
                table[key] = _sound(key, own, self.which)
            self.mended.append((place, lost))
        for values, n in sorted(drop, key=lambda each: -each[1]):
            del values[n : n + 1]

    def _put_back(self, place: Place, table: dict[str, Any]) -> bool:
        """Have something stand in for the keys of a table that were left out, where it does not do without them."""
        here = [own for own in self.left_out if own[:-1] == place]
        for own in here:
            table[own[-1]] = _sound(own[-1], self.left_out.pop(own), self.which)
        return bool(here)

    def _is_shortened(self, error: Mapping[str, Any]) -> bool:
        """Whether an error is of a list that elements were taken from."""
        place = without_tags(self.copy, error["loc"])
        return any(own[:-1] == place and isinstance(own[-1], int) for own, _ in self.mended)

    def _follows(self, problem: Problem) -> bool:
        """Whether a problem is of what was mended, or of a name that may have been there."""
        place = re.sub(r' \(of "[^"]*"\)| "[^"]*"', "", problem.place)
        for own, lost in self.mended:
            if any(_within(place, told) for told in _spelt(self.raw, own)):
                return True
            entry = own[:-1] if own and isinstance(own[-1], str) else own
            elsewhere = not any(_within(place, told) for told in _spelt(self.raw, entry))
            if lost is not None and elsewhere and lost.search(problem.found):
                return True
        return False


def _walk(model: type[BaseModel], copy: dict[str, Any], loc: Place) -> Iterator[Walked]:
    """The tables and lists on the way to a fault."""
    table: Any = copy
    models: list[type[BaseModel]] = [model]
    for n, step in enumerate(loc):
        if not models:
            return
        if isinstance(table, dict) and isinstance(step, str):
            own = _fields(_chosen(models, table)).get(step)
            yield table, step, loc[: n + 1], own
            table = table.get(step)
            models = [] if own is None else _models_in(own.annotation, listed=isinstance(table, list))
        elif isinstance(table, list) and isinstance(step, int) and step < len(table):
            yield table, step, loc[: n + 1], _chosen(models, table[step])
            table = table[step]
        else:
            return


def _fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    return {own.alias or name: own for name, own in model.model_fields.items()}


def _models_in(annotation: Any, *, listed: bool) -> list[type[BaseModel]]:
    """The tables that a key may hold, alone or in a list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [] if listed else [annotation]
    if get_origin(annotation) is list:
        return _models_in(get_args(annotation)[0], listed=False) if listed else []
    if get_origin(annotation) is dict:
        return []
    return [own for inner in get_args(annotation) for own in _models_in(inner, listed=listed)]


def _chosen(models: Sequence[type[BaseModel]], table: Any) -> type[BaseModel]:
    """Of the tables that a key may hold the one that is of the kind of what is there, else the first."""
    kind = table.get("kind") if isinstance(table, dict) else None
    of_kind = (own for own in models if kind in _words(_fields(own)["kind"].annotation)) if len(models) > 1 else ()
    return next(iter(of_kind), models[0])


def _likeliest(field: FieldInfo, table: Mapping[str, Any], which: int) -> str:
    """The kind that has least against a table; where there are several, one of two."""
    wrong: dict[str, int] = {}
    for own in _models_in(field.annotation, listed=True):
        kind = str(_words(_fields(own)["kind"].annotation)[0])
        try:
            own.model_validate({**table, "kind": kind})
            wrong[kind] = 0
        except ValidationError as error:
            wrong[kind] = error.error_count()
    likely = [kind for kind, count in wrong.items() if count == min(wrong.values())]
    return likely[which % len(likely)]


def _table(model: type[BaseModel], given: Any, which: int) -> dict[str, Any]:
    """A table with what it needs: keys that are sound by themselves are taken over."""
    known = given if isinstance(given, dict) else {}
    return {
        key: known[key] if key in known and _takes(own, known[key]) else _sound(key, own, which)
        for key, own in _fields(model).items()
        if own.is_required()
    }


def _sound(key: str, field: FieldInfo, which: int) -> Any:
    """A value that a key takes: one of two, where there are two."""
    if key == "kind" and _takes(field, KINDS[which]):
        return KINDS[which]
    for listed in (False, True):
        if inner := _models_in(field.annotation, listed=listed):
            table = _table(inner[0], None, which)
            return [table] if listed else table
    words = [word for word in _words(field.annotation) if _takes(field, word)]
    sound = words[:1] + words[:0:-1] or [value for value in SOUND if _takes(field, value)]
    sound = sound or [field.get_default()]
    return deepcopy(sound[which % min(2, len(sound))])


def _words(annotation: Any) -> list[Any]:
    """The words a key may hold, in any of its alternatives."""
    if get_origin(annotation) is Literal:
        return [*get_args(annotation)]
    return [word for own in get_args(annotation) for word in _words(own)]


def _takes(field: FieldInfo, value: Any) -> bool:
    """Whether a key takes a value, were it alone."""
    try:
        alone: Any = Annotated[field.annotation, "alone", *field.metadata]
        TypeAdapter(alone).validate_python(value, strict=True)
    except ValidationError:
        return False
    return True


def _within(place: str, told: str) -> bool:
    return place == told or place.startswith((f"{told}.", f"{told}[", f"{told} "))


def _spelt(raw: Mapping[str, Any], place: Place) -> Iterator[str]:
    """How messages may write a place: entries of lists by number, or by name."""
    by_number, by_name = "", ("", "")
    table: Any = raw
    for step in place:
        try:
            table = table[step]
        except (KeyError, IndexError, TypeError):
            table = None
        if isinstance(step, int):
            given = table.get("name") if isinstance(table, dict) else None
            names = (given, given) if isinstance(given, str) else WORDS
            by_number += f"[{step + 1}]"
            by_name = (f"{by_name[0]} '{names[0]}'", f"{by_name[1]} '{names[1]}'")
        else:
            by_number, *others = (f"{own}{'.' if own else ''}{step}" for own in (by_number, *by_name))
            by_name = (others[0], others[1])
    yield from {by_number, *by_name}


def _unquoted(problem: Problem) -> tuple[str, str, str, str]:
    """A problem without names in its place, and what stands in for names being one and the same."""
    place = re.sub(r""" (\(of )?("[^"]*"|'[^']*')\)?""", "", problem.place)
    found = "{" if problem.found.startswith("{") else problem.found  # a whole entry, with what stands in
    return problem.file, place, found, problem.cure.replace(WORDS[1], WORDS[0])
