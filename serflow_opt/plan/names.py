"""From a decision, which is in positions, to a plan in names, and back."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

from serflow_opt.errors import InputError, Problem, nearest
from serflow_opt.ground.document import validated
from serflow_opt.ground.tolerances import ROUNDING, TOLERANCE
from serflow_opt.plan.batch_names import batched_blocks, told_batches
from serflow_opt.plan.decision import Decision, shortest
from serflow_opt.plan.document import Choice, ChosenVariant, Handover, Mix, Placement, Plan, PlanDocument
from serflow_opt.plan.samples import at_thresholds
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.kinds import AS_IS
from serflow_opt.problem.network import HandoverMode
from serflow_opt.problem.offers import Link
from serflow_opt.problem.ranges import FunctionSizes, NoiseCurve


def ended(instance: Instance, decision: Decision) -> Decision:
    """Return a decision without the stages that nobody reaches: it ends where everybody leaves."""
    stages = _stages_reached(instance, decision) or len(decision.options)
    return decision if stages == len(decision.options) else decision.first(stages)


def _stages_reached(instance: Instance, decision: Decision) -> int | None:
    """Return how many stages there are up to the first where everybody leaves; None: there is none."""
    if not instance.may_end_early:
        return None
    if instance.joint:  # the menus are true at the thresholds chosen only
        instance = at_thresholds(instance, decision)
    for s, weights in enumerate(decision.weights):
        if instance.menu(s, decision.variant(s)).lets_all_leave(weights):
            return s + 1
    return None


Given = PlanDocument | Decision | Plan | Mapping[str, Any] | str | Path
"""A plan, a part of it, its document, or the path of that."""


def document_of(instance: Instance, decision: Decision) -> PlanDocument:
    """Say a decision in names and thresholds, without stages that nobody reaches."""
    decision = ended(instance, decision)
    placement = [
        Placement(
            stage=s + 1,
            tier=instance.tiers[instance.options[p].tier].name,
            option=instance.options[p].name,
        )
        for s, p in enumerate(decision.options)
    ]
    last = len(instance.tiers) - 1
    cut = sum(instance.options[p].tier < last for p in decision.options)
    choices = []
    for s, weights in enumerate(decision.weights):
        menu = instance.menu(s, decision.variant(s))
        if not menu.thresholds or s == len(instance.menus) - 1:
            continue
        used = [(t, w) for t, w in zip(menu.thresholds, weights, strict=True) if w > 0]
        if instance.threshold_mode == "randomized" and len(used) > 1:
            choices.append(Choice(stage=s + 1, mix=[Mix(threshold=t, probability=w) for t, w in used]))
        else:
            choices.append(Choice(stage=s + 1, threshold=math.fsum(t * w for t, w in used)))
    handovers = []
    for s, ways in enumerate(instance.ways[: len(decision.options)]):
        if len(ways) > 1 and link_before(instance, decision.options, s) is not None:
            way = ways[decision.way(s)]
            handovers.append(
                Handover(before_stage=s + 1, compression=way.compression, protection=way.protection, scale=way.scale)
            )
    variants = [
        ChosenVariant(stages=[variant.first + 1, variant.last + 1], variant=variant.name)
        for v, variant in enumerate(instance.variants)
        if decision.variant(variant.first) == v
    ]
    return PlanDocument(
        placement=placement,
        cut=cut,
        thresholds=choices,
        handovers=handovers,
        variants=variants,
        batches=told_batches(decision),
    )


def link_before(instance: Instance, options: Sequence[int], stage: int) -> Link | None:
    """Return the link that is crossed before the stage at this position, None where none is.

    Parameters
    ----------
    options
        Position of the option of each stage, in order.
    stage
        From 0; before it, the source hands over.
    """
    tier = instance.tiers[instance.options[options[stage]].tier].name
    came_from = instance.tiers[instance.options[options[stage - 1]].tier].name if stage else instance.source
    return None if came_from == tier else instance.links.get((came_from, tier))


def resolve(instance: Instance, plan: Given) -> tuple[Instance, Decision]:
    """Find a plan in an instance, with the members of ranges that it names; see `decision_of`."""
    if not instance.families or isinstance(plan, Decision):
        return instance, decision_of(instance, plan)
    problems: list[Problem] = []
    document = _document(plan, problems)
    if document is None:
        raise InputError(problems)
    ways = [
        (entry.before_stage - 1, HandoverMode(entry.compression, entry.protection, entry.scale))
        for entry in document.handovers
        if entry.before_stage <= len(instance.stages)
    ]
    held = with_members(instance, [(entry.tier, entry.option) for entry in document.placement], ways)
    return held, decision_of(held, document)


def with_members(
    instance: Instance, names: Sequence[tuple[str, str]], scales: Sequence[tuple[int, HandoverMode]]
) -> Instance:
    """Return the instance with members of its families that a plan names, beside what it has.

    Parameters
    ----------
    names
        Tier and option of stages.
    scales
        For hand-overs, the position of the stage and a way with compression, protection and scale.
    """
    options, ways = list(instance.options), [list(known) for known in instance.ways]
    for tier, name in dict.fromkeys(names):
        match = re.fullmatch(r".+?-(?:arm64-)?(\d+)MB", name)
        if match is None or instance.option_named(tier, name) is not None:
            continue
        size = int(match[1])
        for family in instance.families:
            if not isinstance(family, FunctionSizes) or instance.tiers[family.tier].name != tier:
                continue
            if family.low <= size <= family.high and family.option(size).name == name:
                options.append(family.option(size))
    for stage, wanted in scales:
        kind = (wanted.compression, wanted.protection)
        known = [
            w for w in ways[stage] if (w.compression, w.protection) == kind and math.isclose(w.scale, wanted.scale)
        ]
        for family in instance.families:
            if known or not isinstance(family, NoiseCurve) or family.stage != stage:
                continue
            first = family.rows[0]
            if (first.compression, first.protection) == kind and family.span[0] <= wanted.scale <= family.span[1]:
                ways[stage].append(family.way(wanted.scale))
    return replace(instance, options=tuple(options), ways=tuple(map(tuple, ways)))


def decision_of(instance: Instance, plan: Given) -> Decision:
    """Find a plan's names and thresholds in an instance.

    Raises
    ------
    InputError
        With everything that does not fit.
    """
    if isinstance(plan, Decision):
        return plan
    problems: list[Problem] = []
    document = _document(plan, problems)
    if document is None:
        raise InputError(problems)
    options = _placed_options(instance, document, problems)
    variants = _variants(instance, document, problems)
    weights = _menu_weights(instance, document, variants[: len(options)] if options else variants, problems)
    last = len(instance.tiers) - 1
    cut = sum(instance.options[p].tier < last for p in options)
    if not problems and document.cut not in (None, cut):
        found = f"{document.cut}, but {cut} stages run before the last tier"
        problems.append(Problem("plan", "cut", found, f"write {cut}, or leave it out"))
    options = options[: len(weights)]
    partial = shortest(options, weights, (), variants[: len(options)])
    if not problems and len(options) < len(instance.stages) and _stages_reached(instance, partial) is None:
        found = f"stages 1..{len(options)}, but not everybody leaves there"
        cure = f"place the stages up to {len(instance.stages)}, or let everybody leave before"
        problems.append(Problem("plan", "placement", found, cure))
    if not problems:
        _check_moves(instance, options, problems)
    ways = _ways(instance, document, options, problems) if not problems else []
    whole = None if problems else shortest(options, weights, ways, variants[: len(options)])
    if whole is not None and document.batches:
        whole = batched_blocks(instance, document.batches, whole, problems)
    if problems or whole is None:
        raise InputError(problems)
    return ended(instance, whole)


def _variants(instance: Instance, document: PlanDocument, problems: list[Problem]) -> list[int]:
    """Return the variant of each stage."""
    chosen = [AS_IS] * len(instance.stages)
    for entry in document.variants:
        block = f"[{entry.stages[0]}, {entry.stages[1]}]"
        known = [v for v in instance.variants if [v.first + 1, v.last + 1] == entry.stages]
        match = next((v for v in known if v.name == entry.variant), None)
        if match is None:
            found = f"no variant '{entry.variant}' of stages {block}"
            names = [f"'{v.name}' of [{v.first + 1}, {v.last + 1}]" for v in instance.variants]
            problems.append(Problem("plan", "variants", found, f"known: {', '.join(names) or 'none'}"))
        elif chosen[match.first] != AS_IS:
            problems.append(Problem("plan", "variants", f"stages {block} given twice", "keep one"))
        else:
            chosen[match.first : match.last + 1] = [instance.variants.index(match)] * (match.last + 1 - match.first)
    return chosen


def _ways(instance: Instance, document: PlanDocument, options: Sequence[int], problems: list[Problem]) -> list[int]:
    """Return the way to hand over to each stage."""
    ways = [0] * len(options)
    named: set[int] = set()
    for entry in document.handovers:
        s = entry.before_stage - 1
        if len(ways) <= s < len(instance.stages):
            continue  # nobody gets there
        place = f"handovers, before stage {entry.before_stage}"
        if s >= len(ways) or link_before(instance, options, s) is None:
            problems.append(Problem("plan", place, "nothing crosses a link there", "remove it"))
            continue
        if s in named:
            problems.append(Problem("plan", place, "given twice", "keep one"))
        named.add(s)
        wanted = (entry.compression, entry.protection, entry.scale)
        known = [(way.compression, way.protection, way.scale) for way in instance.ways[s]]
        match = [w for w, (c, p, b) in enumerate(known) if (c, p) == wanted[:2] and math.isclose(b, wanted[2])]
        if match:
            ways[s] = match[0]
        else:
            cure = nearest(" + ".join(map(str, wanted)), [" + ".join(map(str, way)) for way in known])
            problems.append(Problem("plan", place, " + ".join(map(str, wanted)), cure))
    return ways


def _document(plan: Given, problems: list[Problem]) -> PlanDocument | None:
    if isinstance(plan, PlanDocument):
        return plan
    if isinstance(plan, str | PathLike):
        from serflow_opt.files import read_json

        plan = read_json(Path(plan), "give a plan as Plan.save writes it", "plan")
    inner: Any = plan.plan if isinstance(plan, Plan) else plan
    if isinstance(inner, Mapping):
        inner = inner.get("plan", inner)
    if inner is None:
        problems.append(Problem("plan", "", "it holds no plan (infeasible, or none found)", "solve first"))
        return None
    if not isinstance(inner, Mapping | PlanDocument):
        found = f"{type(inner).__name__} {inner!r}"
        problems.append(Problem("plan", "", f"{found:.80}", "give a Plan, its document, or the path of one"))
        return None
    try:
        return validated(PlanDocument, inner, "give a plan as `solve --out` writes it", "plan")
    except InputError as error:
        problems.extend(error.problems)
        return None


def _placed_options(instance: Instance, document: PlanDocument, problems: list[Problem]) -> list[int]:
    by_stage = {entry.stage: entry for entry in document.placement}
    count = len(instance.stages)
    stages = range(1, (min(len(by_stage), count) if instance.may_end_early else count) + 1)
    if len(by_stage) != len(document.placement) or sorted(by_stage) != list(stages) or not by_stage:
        found = f"stages {sorted(entry.stage for entry in document.placement)}"
        cure = f"place each stage 1..{count} once" + (", or those up to one where everybody leaves" * (count > 1))
        problems.append(Problem("plan", "placement", found, cure))
        return []
    options = []
    for s in stages:
        entry = by_stage[s]
        position = instance.option_named(entry.tier, entry.option)
        if position is None:
            known = [f"{instance.tiers[o.tier].name}/{o.name}" for o in instance.options]
            found = f"no option '{entry.option}' in tier '{entry.tier}'"
            problems.append(Problem("plan", f"stage {s}", found, nearest(f"{entry.tier}/{entry.option}", known)))
        else:
            options.append(position)
    return options


def _check_moves(instance: Instance, options: list[int], problems: list[Problem]) -> None:
    """Check that a request never moves up, crosses only links there are, and changes option only where allowed."""

    def wrong(s: int, found: str, cure: str) -> None:
        problems.append(Problem("plan", f"stage {s + 1}", found, cure))

    first = instance.options[options[0]].tier
    reachable = (instance.source, instance.tiers[first].name) in instance.links
    if instance.source not in ("client", instance.tiers[first].name) and not reachable:
        wrong(0, f"no link {instance.source} -> {instance.tiers[first].name}", "add the link or start elsewhere")
    for s in range(1, len(options)):
        before, after = instance.options[options[s - 1]].tier, instance.options[options[s]].tier
        names = instance.tiers[before].name, instance.tiers[after].name
        if after < before:
            wrong(s, f"moves up from {names[0]} to {names[1]}", "requests only move down the list of tiers")
        elif after == before:
            if options[s] != options[s - 1] and not instance.tiers[after].stage_specific:
                wrong(s, f"changes option within tier {names[0]}", "set stage_specific = true to allow it")
        elif names not in instance.links:
            wrong(s, f"no link {names[0]} -> {names[1]}", "add a [[link]] or place it elsewhere")


def _menu_weights(
    instance: Instance, document: PlanDocument, variants: Sequence[int], problems: list[Problem]
) -> list[tuple[float, ...]]:
    """Return how often each menu entry is used, of the stages placed, up to one where everybody leaves."""
    last = len(instance.stages)
    chosen = {choice.stage: choice for choice in document.thresholds}
    stages = [choice.stage for choice in document.thresholds]
    for stage in sorted({s for s in stages if stages.count(s) > 1}):
        problems.append(Problem("plan", f"thresholds, stage {stage}", "given twice", "keep one"))
    weights: list[tuple[float, ...]] = []
    for s, variant in enumerate(variants, start=1):
        menu = instance.menu(s - 1, variant)
        choice = chosen.pop(s, None)
        if not menu.thresholds or s == last:
            weights.append((1.0,))
            if choice is not None and not (menu.thresholds and choice.threshold == 0):
                found = "a threshold where " + ("everybody leaves" if menu.thresholds else "there is no classifier")
                problems.append(Problem("plan", f"thresholds, stage {s}", found, "remove it"))
            continue
        if choice is not None and choice.mix is not None and instance.threshold_mode != "randomized":
            cure = "choose one, or set exits.thresholds = 'randomized'"
            problems.append(Problem("plan", f"thresholds, stage {s}", "a mix of thresholds", cure))
        parts: list[tuple[float, float]] = []
        if choice is not None and choice.mix is not None and choice.threshold is not None:
            problems.append(Problem("plan", f"thresholds, stage {s}", "threshold and mix", "give one of them"))
        if choice is not None and choice.mix is not None:
            parts = [(part.threshold, part.probability) for part in choice.mix]
        elif choice is not None and choice.threshold is not None:
            parts = [(choice.threshold, 1.0)]
        total = math.fsum(probability for _, probability in parts)
        row = [0.0] * len(menu.thresholds)
        for threshold, probability in parts:
            for level, share in _locate(instance, menu.thresholds, threshold):
                row[level] += probability * share
        if abs(total - 1) > TOLERANCE or abs(math.fsum(row) - 1) > TOLERANCE:
            known = ", ".join(f"{t:g}" for t in menu.thresholds)
            found = "none" if choice is None else ", ".join(f"{t:g} (x {p:g})" for t, p in parts)
            problems.append(Problem("plan", f"thresholds, stage {s}", found, f"choose from {known}"))
        weights.append(tuple(row))
        if instance.may_end_early and not instance.joint and any(row) and menu.lets_all_leave(row):
            return weights  # nobody gets further, whatever is said of it
    for stage in chosen if len(weights) == last else (s for s in chosen if not 1 <= s <= last):
        problems.append(Problem("plan", f"thresholds, stage {stage}", "no such stage", "remove it"))
    return weights


def _locate(instance: Instance, menu: tuple[float, ...], threshold: float) -> list[tuple[int, float]]:
    """Return the menu entries a threshold stands for, with weights; nothing when it is not on the menu."""
    for level, entry in enumerate(menu):
        if math.isclose(threshold, entry, rel_tol=0, abs_tol=ROUNDING):
            return [(level, 1.0)]
    if instance.threshold_mode == "interpolated" and menu[0] < threshold < menu[-1]:
        level = max(i for i, entry in enumerate(menu) if entry < threshold)
        share = (threshold - menu[level]) / (menu[level + 1] - menu[level])
        return [(level, 1 - share), (level + 1, share)]
    return []
