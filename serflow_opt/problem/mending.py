"""A document with faults, made whole enough to look for more: all that is wrong is told at once, not fault by fault.

What is faulty is left out, or stands in as something sound of the same name, so that what is told of the rest is true.
What follows from a fault alone is not told.
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from typing import Any, get_args

from pydantic import ValidationError

from serflow_opt.errors import Problem
from serflow_opt.problem.key_types import MANY, ONE
from serflow_opt.problem.kinds import TierKind
from serflow_opt.problem.schema import InstanceDocument

ROUNDS = 4
"""Times what is left is looked through for further faults."""
LISTS = ("tier", "link", "variant", "rule")
SECTIONS = ("network", "exits", "workload", "objective", "privacy", "adaptation", "profile")
STANDS_IN: dict[str, float] = {
    "rate_per_s": 1.0,
    "accuracy_min": 0.5,
    "accuracy_confidence": 0.5,
    "latency_slo_ms": 1.0,
    "cost_max_usd": 1.0,
    "energy_max_j": 1.0,
    "carbon_max_g": 1.0,
    "privacy_max": 1.0,
    "mse_min": 1.0,
    "cross_entropy_max": 1.0,
    "input_bytes": 0.0,
}
"""For numbers whose being there matters to other keys."""
WITHOUT = ("egress", "name", "up_to_gb", "tiers")
"""Keys without which a tariff is none."""

Place = tuple[Any, ...]


def places_of(error: ValidationError) -> list[Place]:
    """Return where faults are."""
    return [tuple(step for step in e["loc"] if step not in (ONE, MANY)) for e in error.errors(include_url=False)]


def mended(raw: dict[str, Any], error: ValidationError) -> tuple[InstanceDocument, list[Place]] | None:
    """Return a sound document of what is sound, and the places of what is not; None: too little is left."""
    copy, faults = deepcopy(raw), places_of(error)
    todo = faults
    for _ in range(ROUNDS):
        for top in {place[0] for place in todo if place}:
            _mend(copy, raw, top, [place for place in todo if place[0] == top])
        try:
            return InstanceDocument.model_validate(copy), faults
        except ValidationError as further:
            todo = places_of(further)
    return None


def _mend(copy: dict[str, Any], raw: dict[str, Any], top: Any, places: Sequence[Place]) -> None:
    whole = copy.get(top)
    if top in LISTS and isinstance(whole, list) and all(len(place) > 1 for place in places):
        broken = {place[1] for place in places}
        if top == "tier":
            copy[top] = [_stand_in(entry, n) if n in broken else entry for n, entry in enumerate(whole)]
            copy.pop("rule", None)  # their words may be of what is left out
        else:
            copy[top] = [entry for n, entry in enumerate(whole) if n not in broken]
    elif top == "egress" and isinstance(whole, list) and all(len(place) > 1 for place in places):
        for place in places:
            _mend_tariff(whole, place[1:])
        copy[top] = [entry for entry in whole if entry is not None]
    elif top in SECTIONS and isinstance(whole, dict) and all(len(place) > 1 for place in places):
        for place in places:
            key = place[1]
            if key in STANDS_IN and (key in whole or key == "input_bytes"):
                whole[key] = STANDS_IN[key]
            else:
                whole.pop(key, None)
        if top == "objective" and whole.get("weights") and "minimize" not in whole:
            whole["minimize"] = "weighted"
    elif top == "name":
        copy[top] = "?"
    elif top == "schema":
        copy[top] = 1
    elif top in copy and top not in ("tier", "network"):
        del copy[top]


def _mend_tariff(tariffs: list[Any], place: Place) -> None:
    """Leave out the key of a tariff that is wrong; without its name, or where tiers end, there is none."""
    n, *keys = place
    if not isinstance(tariffs[n], dict):
        tariffs[n] = None
        return
    within = tariffs[n]
    for key in keys[:-1]:
        within = within[key]
    last = keys[-1] if keys else "name"
    if last == "usd_per_gb":
        within[last] = 0.0
    elif last in WITHOUT or not isinstance(within, dict):
        tariffs[n] = None
    else:
        within.pop(last, None)


def _stand_in(tier: Any, number: int) -> dict[str, Any]:
    """Return a sound tier of the same name and kind."""
    given = tier if isinstance(tier, dict) else {}
    name = given.get("name")
    kind = given.get("kind") if given.get("kind") in get_args(TierKind) else "vm"
    option: dict[str, Any] = {"name": "?", "flops_per_s": 1.0}
    option |= {"usd_per_gb_s": 0.0, "memory_mb": 1.0} if kind == "function" else {"usd_per_hour": 0.0}
    return {"name": name if isinstance(name, str) and name else f"?{number}", "kind": kind, "option": [option]}


def follows(problem: Problem, file: str, faults: Sequence[Place]) -> bool:
    """Whether a problem of a mended document may come of a fault that is told already.

    Parameters
    ----------
    problem
        Found in the mended document, or in a table beside it.
    file
        The document's own; problems of other files follow from none.
    faults
        Where those told already stand, as `mended` returns them.
    """
    if problem.file != file:
        return False
    tops = {place[0] for place in faults if place}
    if "exits" in tops and ("[exits]" in problem.found or problem.place.startswith("exits")):
        return True
    if "tier" in tops and problem.place.startswith(("link", "rule", "tier", "workload.source", "objective.accounting")):
        named = [place[1] + 1 for place in faults if len(place) > 1 and place[0] == "tier"]
        unnamed = any(
            len(place) < 2 or place[2:] in ((), ("name",), ("kind",)) for place in faults if place[0] == "tier"
        )
        return unnamed or any(problem.place.startswith(f"tier[{n}]") for n in named)
    if problem.place.startswith("egress"):
        gone = [place[-1] for place in faults if place and place[0] == "egress"]
        unknown = any(isinstance(last, int) or last in ("price", *WITHOUT) for last in gone)
        return ("link" in tops and "no link" in problem.found) or (unknown and "no tariff" in problem.found)
    keys = {f"{place[0]}.{place[1]}" for place in faults if len(place) > 1 and place[0] in SECTIONS}
    return problem.place in keys or (problem.place == "objective.weights" and "objective" in tops)
