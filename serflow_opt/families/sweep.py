"""One question asked over and over: every combination of values of some keys, each solved, as one table.

>>> from serflow_opt.families.sweep import sweep
>>> sweep("libra", {"workload.rate_per_s": [5, 50]}).rows[0]["status"]
'optimal'
"""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from serflow_opt.errors import InputError, Problem, nearest
from serflow_opt.families.many import solve_all
from serflow_opt.families.registry import DEFAULT, family_of, get
from serflow_opt.ground.display import Displayed

if TYPE_CHECKING:
    import pandas as pd

SCENARIO, AS_IT_IS = "scenario", "-"
"""The column of scenarios, and what it says of the file as it is."""
MOST = 10_000
"""Combinations; more is a slip of the keyboard."""


@dataclass(frozen=True, slots=True)
class SweptValues(Displayed):
    """What comes out for every combination.

    Attributes
    ----------
    instance
        Its name.
    keys
        The keys that were varied, in the order given; the last one changes first.
    rows
        One a combination: the values of the keys, the answer as `solve --csv` writes it, and what its proof is of where
        that is narrower than the question (`scope`).
    answers
        The whole answers, in the same order; empty when read from a file.
    """

    instance: str
    keys: tuple[str, ...]
    rows: tuple[Mapping[str, Any], ...]
    answers: tuple[Any, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON document."""
        return {"instance": self.instance, "keys": list(self.keys), "rows": [dict(row) for row in self.rows]}

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Self:
        """Return what a document is of.

        Raises
        ------
        InputError
            For a document of something else.
        """
        try:
            return cls(document["instance"], tuple(document["keys"]), tuple(dict(row) for row in document["rows"]))
        except (KeyError, TypeError, ValueError):
            raise InputError([Problem("", "", "no document of a sweep", "give what `sweep --json` printed")]) from None

    def to_frame(self) -> pd.DataFrame:
        """Return the rows as a table."""
        import pandas as pd

        return pd.DataFrame([dict(row) for row in self.rows])


def read_values(text: str) -> tuple[str, list[Any]]:
    """Read `key=a,b,c` or `key=low..high:n`; values as TOML has them, else words.

    Parameters
    ----------
    text
        The key is as `document_with` takes it. `low..high:n` is n numbers at equal distances, both ends among them.

    Raises
    ------
    InputError
        Without a key or values.
    """
    key, equals, rest = text.partition("=")
    words = [word.strip() for word in rest.split(",")]
    if not equals or not key.strip() or not all(words):
        raise InputError([Problem("", "--set", f"'{text}'", "write KEY=A,B,C or KEY=LOW..HIGH:N")])
    values: list[Any] = []
    for word in words:
        values += _span(word) or [_value(word)]
    return key.strip(), values


def _value(word: str) -> Any:
    try:
        return tomllib.loads(f"x = {word}")["x"]
    except tomllib.TOMLDecodeError:
        return word


def _span(word: str) -> list[Any]:
    ends, colon, number = word.partition(":")
    low, dots, high = ends.partition("..")
    if not (colon and dots):
        return []
    try:
        first, last, n = float(low), float(high), int(number)
    except ValueError:
        return []
    if n < 2:
        raise InputError([Problem("", "--set", f"'{word}'", "a span has two values or more")])
    steps = [first + (last - first) * k / (n - 1) for k in range(n)]
    return [int(step) if step.is_integer() and "." not in low + high.replace("..", "") else step for step in steps]


def document_with(document: Mapping[str, Any], key: str, value: Any) -> dict[str, Any]:
    """Return a parsed instance file with one value in the place of another.

    Parameters
    ----------
    document
        The tables of the file.
    key
        Where it stands: `workload.rate_per_s`, and `tier.cloud.cold_start_ms` or `tier.2.cold_start_ms` for a table
        among several, by name or by number from 1.
    value
        As TOML has it.

    Raises
    ------
    InputError
        When a table on the way is not there.
    """
    changed = copy.deepcopy(dict(document))
    here: Any = changed
    *way, last = key.split(".")
    for n, step in enumerate(way):
        if isinstance(here, list):
            here = _among(here, step, ".".join(way[:n]), key)
        elif isinstance(here, dict) and isinstance(here.get(step), dict | list):
            here = here[step]
        else:
            tables = [k for k, v in here.items() if isinstance(v, dict | list)] if isinstance(here, dict) else []
            raise InputError([Problem("", "--set", f"'{key}': no table '{step}'", nearest(step, tables))])
    if isinstance(here, list):
        named = [str(one.get("name", n)) for n, one in enumerate(here, 1) if isinstance(one, dict)]
        cure = f"say which and what of it: {'.'.join(way)}.{named[0] if named else 1}.{last}"
        raise InputError([Problem("", "--set", f"'{key}' names one of several tables", cure)])
    here[last] = value
    return changed


def _among(tables: list[Any], step: str, place: str, key: str) -> Any:
    named = {str(one.get("name")): one for one in tables if isinstance(one, dict) and "name" in one}
    if step in named:
        return named[step]
    if step.isdigit() and 1 <= int(step) <= len(tables):
        return tables[int(step) - 1]
    known = [*named, *map(str, range(1, len(tables) + 1))]
    raise InputError([Problem("", "--set", f"'{key}': no {place} '{step}'", nearest(step, known))])


def sweep(
    instance: str | Path,
    values: Mapping[str, Sequence[Any]],
    *,
    catalogs: Sequence[str | Path] = (),
    jobs: int = 1,
    scenarios: bool = False,
    on_plan: Callable[[int, Any], None] | None = None,
    **options: Any,
) -> SweptValues:
    """Solve an instance for every combination of values.

    Parameters
    ----------
    instance
        Path or shipped name, of any kind.
    values
        By key, the values to try. A key with a point names a place of the file (`document_with`); one without is a
        limit or goal, as `solve --set` takes it.
    catalogs
        Price files that add to or override the catalogue.
    jobs
        Processes.
    scenarios
        Whether each of the file's [scenario.NAME] is tried, too, beside the file as it is.
    on_plan
        Called with the position of a combination and its answer, as they come.
    options
        As `solve` takes them.

    Returns
    -------
    SweptValues
        Combinations that nothing can keep have status `infeasible`.

    Raises
    ------
    InputError
        With all that is wrong with any combination, each named; when there are more than 10,000.
    """
    from serflow_opt.problem.loader import find, read_toml, scenarios_in

    if scenarios:
        values = {SCENARIO: [AS_IT_IS, *scenarios_in(find(instance))], **values}
    number = prod(map(len, values.values()))
    if not values or not number or number > MOST:
        cure = f"give keys with values, {MOST:,} combinations at most"
        raise InputError([Problem(str(instance), "--set", f"{number if values else 0:,} combinations", cure)])
    path = find(instance)
    problems: list[Problem] = []
    documents = {
        name: read_toml(path, problems, None if name == AS_IT_IS else name) for name in values.get(SCENARIO, [AS_IT_IS])
    }
    if problems:
        raise InputError(list(dict.fromkeys(problems)))
    combinations = [dict(zip(values, chosen, strict=True)) for chosen in product(*values.values())]
    asked = [
        _problem(documents[one.get(SCENARIO, AS_IT_IS)] or {}, path, one, catalogs, problems) for one in combinations
    ]
    if problems:
        raise InputError(list(dict.fromkeys(problems)))
    answers = solve_all(asked, jobs=jobs, on_plan=on_plan, **options)
    rows = []
    for chosen, answer in zip(combinations, answers, strict=True):
        row = {key: value for key, value in family_of(answer).row(answer).items() if key not in ("instance", "name")}
        row["scope"] = answer.certificate.scope
        rows.append({**chosen, **{(f"{key} of plan" if key in chosen else key): value for key, value in row.items()}})
    return SweptValues(asked[0].name, tuple(values), tuple(rows), tuple(answers))


def _problem(
    document: Mapping[str, Any],
    path: Path,
    chosen: Mapping[str, Any],
    catalogs: Sequence[str | Path],
    problems: list[Problem],
) -> Any:
    """Return the problem of one combination, or add to what is wrong, with the combination named."""
    found: list[Problem] = []
    raw, limits = dict(document), {}
    try:
        for key, value in chosen.items():
            if key == SCENARIO:
                continue
            if "." in key:
                raw = document_with(raw, key, value)
            else:
                limits[key] = value
        problem = get(raw.get("kind", DEFAULT), str(path)).resolve(raw, path, catalogs, found)
        if not found and problem is not None:
            return family_of(problem).changed(problem, limits) if limits else problem
    except InputError as error:
        found += error.problems
    words = ", ".join(f"{key} = {value}" for key, value in chosen.items())
    problems += [Problem(p.file, p.place, f"{p.found} (with {words})", p.cure) for p in found]
    return None
