"""Values every decision of a small instance by the written definitions and takes the best, without the package.

A decision: which row of its menu each classifier uses, which form each block of stages runs in, on which option each
stage runs as far as anybody gets, and how each hand-over happens. Shares of requests are exact fractions; times and
money floats.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from oracles.enumeration_reading import Choice, Documents, Form, Manner, Row
from oracles.enumeration_valuation import KEPT, Decision, Valuation, Worth, form_of, made, seconds, wire_before

Objective = Literal["cost", "latency", "privacy", "energy", "carbon", "accuracy"]
LIMITS = {
    "accuracy_min": ("accuracy", -1),
    "latency_slo_ms": ("latency", 1),
    "cost_max_usd": ("cost", 1),
    "energy_max_j": ("energy", 1),
    "carbon_max_g": ("carbon", 1),
    "privacy_max": ("privacy", 1),
    "mse_min": ("least_mse", -1),
    "cross_entropy_max": ("most_nats", 1),
}
"""Limits, the figures they bound, and 1 for ceilings, -1 for floors."""
ORDER: tuple[Objective, ...] = ("cost", "latency", "privacy", "energy", "carbon", "accuracy")


@dataclass(frozen=True)
class Best:
    """The best value, None where no decision keeps the limits, the decision and its worth, and the worths of all."""

    value: float | None
    decision: Decision | None
    worth: Worth | None
    worths: list[Worth]


def best(doc: Documents) -> Best:
    """The best decision of an instance, of equally good ones the one that is best in what comes then."""
    all_of_them = [(decision, Valuation(doc, decision).worth()) for decision in decisions(doc)]
    worths = [worth for _, worth in all_of_them]
    kept = [(decision, worth) for decision, worth in all_of_them if limits_kept(doc, worth)]
    if not kept:
        return Best(None, None, None, worths)
    if doc.minimize == "weighted":
        score = weighted(doc, [worth for _, worth in kept])
    else:
        score = [getattr(worth, doc.minimize) for _, worth in kept]
    value = min(score)
    kept = [pair for pair, mark in zip(kept, score, strict=True) if mark <= value + KEPT * abs(value)]
    for name in after(doc):
        least = min(objective(worth, name) for _, worth in kept)
        kept = [pair for pair in kept if objective(pair[1], name) <= least + KEPT * abs(least)]
    return Best(value, *kept[0], worths)


def after(doc: Documents) -> tuple[str, ...]:
    """What equally good plans are compared by: what is asked for, else latency, or cost."""
    if doc.minimize == "weighted":
        return ()
    return doc.then or (("latency",) if doc.minimize == "cost" else ("cost",))


def objective(worth: Worth, name: str) -> float:
    """A figure as it is minimised."""
    return -worth.accuracy if name == "accuracy" else float(getattr(worth, name))


def limits_kept(doc: Documents, worth: Worth) -> bool:
    """Whether a decision keeps the limits."""
    asked = {name: float(doc.workload[name]) for name in LIMITS if name in doc.workload}
    return worth.machines and keeps(asked, worth)


def keeps(asked: dict[str, float], worth: Worth) -> bool:
    """Whether a decision keeps some limits, within 1e-9 of them."""
    return all(
        sign * getattr(worth, figure) <= sign * asked[name] + KEPT * abs(asked[name])
        for name, (figure, sign) in LIMITS.items()
        if name in asked
    )


def weighted(doc: Documents, worths: list[Worth]) -> list[float]:
    """The weighted sum on the scale from ideal to nadir of the pay-off table."""
    names = [name for name in ORDER if doc.weights.get(name)]
    columns = [{name: objective(worth, name) for name in names} for worth in worths]
    corners = []
    for first in names:
        left = columns
        for name in [first, *(other for other in names if other != first)]:
            least = min(column[name] for column in left)
            left = [column for column in left if column[name] <= least + KEPT * abs(least)]
        corners.append(left[0])
    total = [0.0] * len(columns)
    for name in names:
        ideal, nadir = (pick(corner[name] for corner in corners) for pick in (min, max))
        scale = (nadir - ideal if nadir > ideal + KEPT * abs(ideal) else abs(ideal)) or 1.0
        for i, column in enumerate(columns):
            total[i] += doc.weights[name] * (column[name] - ideal) / scale
    return total


def decisions(doc: Documents) -> Iterator[Decision]:
    """All decisions that links, memory and payloads allow."""
    forms = [(None, *doc.forms[block]) for block in sorted(doc.forms)]
    for chosen in itertools.product(*forms):
        running = tuple(form for form in chosen if form)
        menus = [menu(doc, running, s) for s in range(doc.depth)]
        seen: dict[int, list[tuple[tuple[Choice, ...], tuple[Manner | None, ...]]]] = {}
        for rows in cut_off(menus, ends=doc.accounting != "as-printed"):
            length = len(rows)
            if length not in seen:
                seen[length] = [
                    (placement, ways)
                    for placement in placements(doc, length)
                    if fits(doc, running, placement)
                    for ways in itertools.product(*ways_of(doc, running, placement))
                ]
            for placement, ways in seen[length]:
                yield Decision(rows, running, placement, ways)


def menu(doc: Documents, forms: tuple[Form, ...], s: int) -> tuple[Row | None, ...]:
    """Rows to choose from at a stage: those of the form it runs in, if it has any."""
    for form in forms:
        if form.first <= s <= form.last and s in form.rows:
            return form.rows[s]
    if s in doc.rows:
        return doc.rows[s]
    return (Row(0.0, Fraction(1), Fraction(1)),) if s == doc.depth - 1 else (None,)


def cut_off(menus: list[tuple[Row | None, ...]], ends: bool) -> Iterator[tuple[Row | None, ...]]:
    """All choices of rows, each as long as anybody gets; the survey's formula as printed knows of no such end."""
    for row in menus[0]:
        if len(menus) == 1 or (ends and row is not None and row.exit_rate == 1):
            yield (row,)
        else:
            for rest in cut_off(menus[1:], ends):
                yield (row, *rest)


def placements(doc: Documents, length: int, start: tuple[Choice, ...] = ()) -> Iterator[tuple[Choice, ...]]:
    """All ways to place the first stages: tiers never fall, links are there, one option a tier unless it may mix."""
    if len(start) == length:
        yield start
        return
    for k, group in enumerate(doc.groups):
        if not start:
            if not may_enter(doc, k):
                continue
            choices = group.choices
        elif k == start[-1].tier:
            choices = group.choices if group.mixed else (start[-1],)
        elif k > start[-1].tier and (doc.groups[start[-1].tier].name, group.name) in doc.wires:
            choices = group.choices
        else:
            continue
        for choice in choices:
            yield from placements(doc, length, (*start, choice))


def may_enter(doc: Documents, k: int) -> bool:
    """Whether the input can get from its source to tier k."""
    return doc.source in ("client", doc.groups[k].name) or (doc.source, doc.groups[k].name) in doc.wires


def ways_of(doc: Documents, forms: tuple[Form, ...], placement: tuple[Choice, ...]) -> list[list[Manner | None]]:
    """Before each stage the ways to hand over that payloads allow."""
    found: list[list[Manner | None]] = []
    for s, choice in enumerate(placement):
        payload = doc.groups[choice.tier].payload
        size = made(doc, forms, s - 1)
        wire = wire_before(doc, placement, s)
        if wire is None:
            arrives = s == 0 and doc.source == "client"
            found.append([] if arrives and payload is not None and size > payload * (1 + KEPT) else [None])
            continue
        ways = doc.manners.get(s, (Manner(),))
        found.append([way for way in ways if payload is None or size * way.kept <= payload * (1 + KEPT)])
    return found


def fits(doc: Documents, forms: tuple[Form, ...], placement: tuple[Choice, ...]) -> bool:
    """Whether parameters and the largest activation fit each option's memory, and no call is too long."""
    call = 0.0
    for s, choice in enumerate(placement):
        call = seconds(choice, s, form_of(forms, s)) + (call if s and placement[s - 1] == choice else 0.0)
        if call > choice.longest * (1 + KEPT):
            return False
    for choice in set(placement):
        if choice.memory is None:
            continue
        stages = [s for s, at in enumerate(placement) if at == choice]
        parameters = sum(
            doc.parameters[s] * next((form.parameters for form in forms if form.first <= s <= form.last), 1.0)
            for s in stages
        )
        largest = max(max(doc.activations[s], doc.activations[s - 1] if s else doc.input_bytes) for s in stages)
        if parameters + largest > choice.memory * (1 + KEPT):
            return False
    return True
