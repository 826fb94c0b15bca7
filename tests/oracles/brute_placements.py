"""Every placement of a small instance, and which limits each breaks."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from dataclasses import replace

from oracles.brute_problem import FEASIBLE, Placement, Problem, Spot


def placements(problem: Problem) -> Iterator[Placement]:
    """Every placement that goes down the tiers and keeps to one option a tier where the tier asks for it."""

    def extend(head: Placement) -> Iterator[Placement]:
        if len(head) == problem.stages:
            yield head
            return
        last = head[-1][0] if head else 0
        for tier in range(last, len(problem.options)):
            for option in range(len(problem.options[tier])):
                stays = bool(head) and head[-1][0] == tier
                if stays and not problem.stage_specific[tier] and head[-1][1] != option:
                    continue
                yield from extend((*head, (tier, option)))

    yield from extend(())


def moves(problem: Problem, placement: Placement) -> list[tuple[str, str] | None]:
    """For each stage the (from, to) of what is moved before it, None where nothing is."""
    out: list[tuple[str, str] | None] = []
    for s, (tier, _) in enumerate(placement):
        sender = problem.source if s == 0 else problem.tier_names[placement[s - 1][0]]
        receiver = problem.tier_names[tier]
        out.append(None if sender == receiver else (sender, receiver))
    return out


def violations(problem: Problem, placement: Placement) -> dict[str, float]:
    """By how much, relatively, a placement breaks each kind of limit (0: kept; inf: cannot be done)."""
    found = {"order": 0.0, "option": 0.0, "link": 0.0, "payload": 0.0, "memory": 0.0, "rule": 0.0}
    on: dict[Spot, list[int]] = {}
    for s, spot in enumerate(placement):
        on.setdefault(spot, []).append(s)
        if s and spot[0] < placement[s - 1][0]:
            found["order"] = math.inf
    for tier, specific in enumerate(problem.stage_specific):
        if not specific and len([spot for spot in on if spot[0] == tier]) > 1:
            found["option"] = math.inf
    for s, move in enumerate(moves(problem, placement)):
        if move is None:
            continue
        if move not in problem.links and move[0] != "client":
            found["link"] = math.inf
        limit = problem.payload_max[placement[s][0]]
        if not math.isinf(limit):
            found["payload"] = max(found["payload"], (problem.activation[s] - limit) / limit)
    for spot, here in on.items():
        limit = problem.option(spot).memory_bytes
        if not math.isinf(limit):
            largest = max(max(problem.activation[s], problem.activation[s + 1]) for s in here)
            need = sum(problem.parameters[s] for s in here) + largest
            found["memory"] = max(found["memory"], (need - limit) / limit)
    for rule in problem.rules:
        for s in range(rule["stages"][0] - 1, min(rule["stages"][-1], len(placement))):  # those that run
            names = {problem.tier_names[placement[s][0]], problem.option(placement[s]).name}
            if names & set(rule.get("never", [])) or not names & set(rule.get("only", names)):
                found["rule"] = math.inf
    return found


def allowed(problem: Problem, ignore: Collection[str] = ()) -> list[Placement]:
    """The placements that keep order, links, payloads and memory; `ignore` names kinds of limit to drop."""
    return [
        placement
        for placement in placements(problem)
        if all(amount <= FEASIBLE or kind in ignore for kind, amount in violations(problem, placement).items())
    ]


def ending_at(problem: Problem) -> list[Problem]:
    """The problem, and those of plans that end before its last stage: at a stage with rows where everybody leaves."""
    found = [problem]
    for s in range(1, problem.stages) if problem.accounting != "as-printed" else ():
        rows = [row for row in problem.menus[s - 1] if row[1] == 1]
        if rows:
            shorter = replace(
                problem,
                stages=s,
                flops=problem.flops[:s],
                activation=problem.activation[: s + 1],
                parameters=problem.parameters[:s],
                menus=[*problem.menus[: s - 1], rows],
                classifiers=[c for c in problem.classifiers if c <= s],
            )
            found.append(shorter)
    return found
