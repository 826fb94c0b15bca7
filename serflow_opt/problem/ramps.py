"""Exit ramps, classifiers that may be on or off, and cascades: networks that begin anew from the input.

A classifier that is on costs its operations and parameters; off, it costs nothing and nobody leaves there. So a stage
with its ramp on is a variant of that stage alone, with the classifier's menu for its own, and the stage as it is has no
classifier: which ramps are on is decided as all variants are.

A stage that restarts is the first of another network, which answers what those before it do not. It needs the input,
so that is what is handed over to it; and where a network is cut before, the input goes along.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from serflow_opt.errors import Problem
from serflow_opt.problem.network import NO_CLASSIFIER, Menu, Stage, Variant

if TYPE_CHECKING:
    from serflow_opt.problem.instance import Instance
    from serflow_opt.problem.offers import Option
    from serflow_opt.problem.schema import InstanceDocument

RAMP = "classifier on"
"""What plans call a stage with its ramp on."""


@dataclass(frozen=True, slots=True)
class Ramp:
    """What the classifier of a stage costs a request where it is on: operations, FLOP, and parameters, bytes."""

    flops: float
    parameter_bytes: float


def with_ramps(
    menus: Sequence[Menu], ramps: Sequence[Ramp | None], limited: bool
) -> tuple[tuple[Menu, ...], tuple[Variant, ...]]:
    """Return the menus of stages as they are, and the variants that have their classifiers on.

    Parameters
    ----------
    menus
        One a stage.
    ramps
        What the classifier of each stage costs; None: nothing is said of it.
    limited
        Whether there is a limit on how many are on; then those that cost nothing are decided, too.
    """
    found, variants = list(menus), []
    for s, (menu, ramp) in enumerate(zip(menus[:-1], ramps, strict=False)):
        costs = ramp is not None and (ramp.flops > 0 or ramp.parameter_bytes > 0)
        if menu.thresholds and (costs or limited):
            own = ramp or Ramp(0.0, 0.0)
            found[s] = NO_CLASSIFIER
            variants.append(
                Variant(
                    name=RAMP,
                    first=s,
                    last=s,
                    added_flops=own.flops,
                    menus={s: menu},
                    added_parameter_bytes=own.parameter_bytes,
                    ramp=True,
                )
            )
    return tuple(found), tuple(variants)


def restarted(stages: Sequence[Stage], restarts: Sequence[bool], input_bytes: float) -> tuple[Stage, ...]:
    """Return stages that hand on what those after them need: the input before one that restarts, and along until then.

    Parameters
    ----------
    stages, restarts
        The stages, and which begin anew from the input.
    input_bytes
        Its size.
    """
    found, needed = list(stages), False
    for s in range(len(stages) - 2, -1, -1):
        if restarts[s + 1]:
            found[s], needed = replace(found[s], activation_bytes=input_bytes), True
        elif needed:
            found[s] = replace(found[s], activation_bytes=found[s].activation_bytes + input_bytes)
    return tuple(found)


def cascade_problems(
    ramps: Sequence[Ramp | None],
    restarts: Sequence[bool],
    menus: Sequence[Menu],
    document: InstanceDocument,
    file: str,
) -> list[Problem]:
    """Return what is wrong with ramps and restarts: without a classifier, beside variants, in training.

    Parameters
    ----------
    ramps, restarts, menus
        One a stage.
    document, file
        What the instance says, and its path, for messages.
    """
    problems = []
    exits, path = document.exits, document.network.stages
    for s, (menu, ramp) in enumerate(zip(menus, ramps, strict=True), start=1):
        if ramp is None or not (ramp.flops or ramp.parameter_bytes):
            continue
        found = f"{ramp.flops:g} FLOP, {ramp.parameter_bytes:g} bytes "
        if s == len(menus):
            cure = "its classifier is always on: count it in flops and parameter_bytes, and write 0 here"
            problems.append(Problem(path, f"stage {s}, ramp_flops", found + "at the last stage", cure))
        elif not menu.thresholds:
            cure = "give the stage rows in the exit table, or write 0"
            problems.append(Problem(path, f"stage {s}, ramp_flops", found + "without a classifier", cure))
    chosen = bool(with_ramps(menus, ramps, limited=document.limits_ramps)[1])
    if chosen and document.variant:
        cure = "leave out [[variant]], or ramps_max and ramp_flops: classifiers that are always on are part of flops"
        problems.append(Problem(file, "variant", f"{len(document.variant)}, beside classifiers on or off", cure))
    if chosen and exits is not None:
        for key, value, good in (("thresholds", exits.thresholds, "menu"), ("joint", exits.joint, False)):
            if value != good:
                found, cure = f"{value!r}, with classifiers on or off", f"write {str(good).lower()!r} for it"
                problems.append(Problem(file, f"exits.{key}", found.lower(), cure))
    trained = document.objective.mode == "train"
    if trained and (chosen or any(restarts)):
        found = "'train', of a network with " + ("classifiers on or off" if chosen else "stages that restart")
        problems.append(Problem(file, "objective.mode", found, "train each network alone: remove the columns"))
    return problems


def ramp_sets(instance: Instance) -> Iterator[tuple[int, ...]]:
    """Yield the sets of ramps that may be on, as positions of stages; an instance without ramps has the empty one."""
    ramps = [variant.first for variant in instance.variants if variant.ramp]
    most = len(ramps) if instance.ramps_max is None else min(instance.ramps_max, len(ramps))
    for count in range(most + 1):
        yield from itertools.combinations(ramps, count)


def with_on(instance: Instance, on: Collection[int]) -> Instance:
    """Return the instance in which the ramps of these stages are on, the others off, and nothing is left to decide."""
    ramps = {variant.first: variant for variant in instance.variants if variant.ramp and variant.first in on}
    flops = [ramps[s].added_flops if s in ramps else 0.0 for s in range(len(instance.stages))]
    stages, menus = list(instance.stages), list(instance.menus)
    for s, ramp in ramps.items():
        own = stages[s]
        size = own.parameter_bytes + ramp.added_parameter_bytes
        stages[s], menus[s] = replace(own, flops=own.flops + ramp.added_flops, parameter_bytes=size), ramp.menus[s]
    return replace(
        instance,
        stages=tuple(stages),
        menus=tuple(menus),
        options=tuple(_slower(option, flops) for option in instance.options),
        variants=tuple(variant for variant in instance.variants if not variant.ramp),
        ramps_max=None,
    )


def _slower(option: Option, flops: Sequence[float]) -> Option:
    """Return an option that does so many operations more at each stage, for each request."""
    added = [own / option.flops_per_s for own in flops]
    seconds = tuple(t + more for t, more in zip(option.stage_seconds, added, strict=True))
    batching = option.batching
    if batching is not None:
        rows = zip(batching.seconds, added, strict=True)
        by_batch = tuple(tuple(t + n * more for n, t in enumerate(row, start=1)) for row, more in rows)
        batching = replace(batching, seconds=by_batch)
    return replace(option, stage_seconds=seconds, batching=batching)
