"""Which limits clash where no decision keeps them all: every subset of the limits, by the worths of all decisions."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from oracles.enumeration import LIMITS, keeps
from oracles.enumeration_reading import Documents
from oracles.enumeration_valuation import Worth


@dataclass(frozen=True)
class Clashes:
    """The best of each limit that alone stands in the way, and of each limit of the smallest sets that clash."""

    alone: dict[str, float]
    sets: dict[frozenset[str], dict[str, float]]
    fewest: int


def clashes(doc: Documents, worths: list[Worth]) -> Clashes:
    """All that is to be said of an instance without a plan but with ways through its stages."""
    asked = {name: float(doc.workload[name]) for name in LIMITS if name in doc.workload}
    alone = reachable(asked, worths)
    sets: dict[frozenset[str], dict[str, float]] = {}
    for size in range(1, len(asked) + 1):
        for names in itertools.combinations(asked, size):
            some = {name: asked[name] for name in names}
            if any(smaller <= set(names) for smaller in sets) or any(keeps(some, worth) for worth in worths):
                continue
            sets[frozenset(names)] = reachable(some, worths)
    fewest = min(
        len(names)
        for size in range(len(asked) + 1)
        for names in itertools.combinations(asked, size)
        if hits(names, sets)
    )
    return Clashes(alone, sets, fewest)


def hits(names: tuple[str, ...], sets: Iterable[frozenset[str]]) -> bool:
    """Whether loosening these limits leaves a plan: each clashing set has one of them."""
    return all(clash & set(names) for clash in sets)


def loosened(doc: Documents, worths: list[Worth], names: list[str]) -> dict[str, float]:
    """The least changes of limits in turn: each as little as the ones before it allow, the rest of them free."""
    asked = {name: float(doc.workload[name]) for name in LIMITS if name in doc.workload and name not in names}
    found = {}
    for name in names:
        figure, sign = LIMITS[name]
        values = [sign * getattr(worth, figure) for worth in worths if keeps(asked, worth)]
        if not values:
            break
        found[name] = asked[name] = sign * min(values)
    return found


def reachable(asked: dict[str, float], worths: list[Worth]) -> dict[str, float]:
    """Of each limit the best value among decisions that keep the others, where there are any."""
    found = {}
    for name in asked:
        others = {other: value for other, value in asked.items() if other != name}
        figure, sign = LIMITS[name]
        values = [getattr(worth, figure) for worth in worths if keeps(others, worth)]
        if values:
            found[name] = sign * min(sign * value for value in values)
    return found


def clashes_apart(because: list[dict[str, Any]], doc: Documents, worths: list[Worth], near: float) -> str:
    """What an answer says otherwise of what it calls proven."""
    right = clashes(doc, worths)
    alone = {entry["limit"]: entry["best"] for entry in because if entry["best"] is not None and entry["proven"]}
    said = [figures_apart("alone", alone, right.alone, near)]
    for entry in because:
        for repair in entry["repairs"]:
            bests = {change["limit"]: change["best"] for change in repair["changes"] if change["proven"]}
            names = [change["limit"] for change in repair["changes"]]
            said.append(figures_apart("repair", bests, loosened(doc, worths, names), near))
            if len(names) != right.fewest:
                said.append(f"{len(names)} to loosen, fewest {right.fewest}")
        found = {frozenset(said_set["limits"]): said_set["changes"] for said_set in entry["sets"]}
        if entry["sets_complete"] and found.keys() != right.sets.keys():
            said.append(f"sets {[sorted(s) for s in found]}, right {[sorted(s) for s in right.sets]}")
        for clash, changes in found.items():
            if clash in right.sets:
                bests = {change["limit"]: change["best"] for change in changes if change["proven"]}
                said.append(figures_apart(f"set {sorted(clash)}", bests, right.sets[clash], near))
    return "; ".join(word for word in said if word)


def figures_apart(what: str, got: dict[str, float | None], right: dict[str, float], near: float) -> str:
    """Figures that differ, and names that one has and the other has not; no figure and an infinite one are alike."""
    found = {name: value for name, value in got.items() if value is not None}
    right = {name: value for name, value in right.items() if math.isfinite(value)}
    same = found.keys() == right.keys() and all(math.isclose(found[name], right[name], rel_tol=near) for name in found)
    return "" if same else f"{what} {got}, right {right}"
