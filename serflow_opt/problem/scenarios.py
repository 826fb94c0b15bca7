"""Named overrides in an instance file: [scenario.NAME] tables hold keys in the place of the file's own.

A scenario is laid over the file before anything is checked: tables over tables, key by key; of tables in a list, as
tiers, the one named, `[scenario.peak.tier.cloud]`; all else replaces what stood there.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from serflow_opt.errors import Problem, nearest

KEY = "scenario"


def scenario_names(document: Mapping[str, Any]) -> list[str]:
    """Return the scenarios of a parsed file, in its order."""
    own = document.get(KEY)
    return list(own) if isinstance(own, dict) else []


def in_scenario(
    document: Mapping[str, Any], scenario: str | None, file: str, problems: list[Problem]
) -> dict[str, Any]:
    """Return a parsed file as a scenario has it, without its scenarios.

    Parameters
    ----------
    document
        The tables of the file.
    scenario
        Its name; None: as the file is.
    file
        What messages call it.
    problems
        Takes what is wrong with the file's scenarios, whichever is asked for.
    """
    given = document.get(KEY, {})
    plain = copy.deepcopy({key: value for key, value in document.items() if key != KEY})
    if not isinstance(given, dict) or not all(isinstance(own, dict) for own in given.values()):
        cure = f"write tables with a name, [{KEY}.peak] or [{KEY}.peak.workload]"
        problems.append(Problem(file, KEY, "no tables by name", cure))
        return plain
    found = plain
    for name, changes in given.items():
        changed = copy.deepcopy(plain)
        _lay_over(changed, changes, f"{KEY}.{name}", file, problems)
        found = changed if name == scenario else found
    if scenario is not None and scenario not in given:
        cure = nearest(scenario, list(given)) if given else f"the file has no [{KEY}.NAME]"
        problems.append(Problem(file, "--scenario", f"'{scenario}'", cure))
    return found


def _lay_over(
    tables: dict[str, Any], changes: Mapping[str, Any], place: str, file: str, problems: list[Problem]
) -> None:
    for key, value in changes.items():
        there, here = tables.get(key), f"{place}.{key}"
        if isinstance(value, dict) and isinstance(there, dict):
            _lay_over(there, value, here, file, problems)
        elif isinstance(value, dict) and isinstance(there, list):
            named = {str(one["name"]): one for one in there if isinstance(one, dict) and "name" in one}
            numbered = {str(n): one for n, one in enumerate(there, 1) if isinstance(one, dict)}
            for name, inner in value.items():
                one = named.get(name, numbered.get(name))
                if one is None or not isinstance(inner, dict):
                    known = [*named, *numbered]
                    problems.append(Problem(file, f"{here}.{name}", f"no {key} '{name}'", nearest(name, known)))
                else:
                    _lay_over(one, inner, f"{here}.{name}", file, problems)
        else:
            tables[key] = copy.deepcopy(value)
