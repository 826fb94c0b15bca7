"""The best plan of a chain of phases: fronts are merged phase by phase, with the servers that stay in between.

A label is what the phases so far come to: seconds, USD, functions at once, and the servers that are held on. Holding
servers while another phase runs costs their rent; a later phase with the same ones does not wait for them to start. Of
labels with the same servers held only those that no other beats go on. Nothing else couples the phases of a chain, so
that this is exact.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain, combinations

import numpy as np

from serflow_opt.families.workflow.menu import Key, PhaseOption, options_of
from serflow_opt.families.workflow.problem import Workflow, WorkflowPlan
from serflow_opt.ground.arrays import Floats
from serflow_opt.ground.dominance import nondominated
from serflow_opt.ground.tolerances import SLACK

NAMES = ("time", "cost", "functions")
Held = frozenset[Key]


@dataclass(slots=True)
class _Labels:
    """Labels with the same servers held: values by `NAMES`; what was held before, the label there, and the option."""

    values: list[Floats] = field(default_factory=list)
    origins: list[tuple[Held, int, int]] = field(default_factory=list)

    def thinned(self) -> _Labels:
        """Return those that no other beats."""
        points = np.concatenate(self.values)
        kept = nondominated(points).tolist()
        return _Labels([points[kept]], [self.origins[n] for n in kept])


def is_chain(flow: Workflow) -> bool:
    """Return whether each phase waits for the one before it, and only for that."""
    return all(set(own.after) == ({n - 1} if n else set()) for n, own in enumerate(flow.phases))


def front_of(flow: Workflow, limits: Mapping[str, float]) -> list[tuple[list[float], WorkflowPlan]]:
    """Return the values, by `NAMES`, and plans of a chain that no other beats within limits.

    Parameters
    ----------
    flow
        A chain.
    limits
        Most of each of `NAMES`.
    """
    most = np.array([limits.get(name, np.inf) for name in NAMES])
    most += SLACK * np.where(np.isfinite(most), np.abs(most), 0.0)
    menus = options_of(flow)
    rents = {own.key: own.rent for menu in menus for own in menu if own.key is not None}
    steps: list[dict[Held, _Labels]] = [{frozenset(): _Labels([np.zeros((1, 3))], [(frozenset(), 0, -1)])}]
    for f, options in enumerate(menus):
        later = {own.key for menu in menus[f + 1 :] for own in menu if own.key is not None}
        steps.append(_behind(steps[-1], options, later, rents, most))
    ends = steps[-1].get(frozenset())
    if ends is None:
        return []
    return [(point, _plan(steps, menus, n)) for n, point in enumerate(ends.values[0].tolist())]


def _behind(
    labels: dict[Held, _Labels],
    options: tuple[PhaseOption, ...],
    later: set[Key],
    rents: dict[Key, float],
    most: Floats,
) -> dict[Held, _Labels]:
    """Put a phase behind all labels."""
    found: dict[Held, _Labels] = {}
    for held, own in labels.items():
        points = own.values[0]
        for key in dict.fromkeys(option.key for option in options):
            those = [n for n, option in enumerate(options) if option.key == key]
            seconds = np.array([options[n].kept_s if key in held else options[n].seconds for n in those])
            usd = np.array([options[n].usd for n in those]) + options[those[0]].rent * seconds
            functions = np.array([options[n].functions for n in those])
            for idle in _subsets([k for k in held if k != key]):
                paid = usd + sum(rents[k] for k in idle) * seconds
                values = np.empty((len(points), len(those), 3))
                values[:, :, 0], values[:, :, 1] = points[:, None, 0] + seconds, points[:, None, 1] + paid
                values[:, :, 2] = np.maximum(points[:, None, 2], functions)
                n, k = np.nonzero((values <= most).all(axis=2))
                if not len(n):
                    continue
                origins = [(held, a, those[b]) for a, b in zip(n.tolist(), k.tolist(), strict=True)]
                on = {own for own in idle if own in later}
                for after in {frozenset(on), frozenset(on | {key} if key is not None and key in later else on)}:
                    there = found.setdefault(after, _Labels())
                    there.values.append(values[n, k])
                    there.origins += origins
    return {held: own.thinned() for held, own in found.items()}


def _subsets(keys: list[Key]) -> Iterator[tuple[Key, ...]]:
    return chain.from_iterable(combinations(keys, n) for n in range(len(keys) + 1))


def _plan(steps: list[dict[Held, _Labels]], menus: tuple[tuple[PhaseOption, ...], ...], n: int) -> WorkflowPlan:
    """The plan of a label of the last phase."""
    held: Held = frozenset()
    taken: list[tuple[PhaseOption, Held]] = []
    for f in range(len(menus), 0, -1):
        held, n, at = steps[f][held].origins[n]
        taken.append((menus[f - 1][at], held))
    taken.reverse()
    kept: list[tuple[int, int]] = []
    last: dict[Key, int] = {}
    for f, (option, before) in enumerate(taken):
        if option.key is not None:
            if option.key in before:
                kept.append((last[option.key], f))
            last[option.key] = f
    return WorkflowPlan(tuple(option.row for option, _ in taken), tuple(kept))
