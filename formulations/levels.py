"""Levels of the menus of a problem, where all may leave at some, and how many requests get how far.

Sets
----
s in 1..M           stages
(s, l) in rows      levels of a stage: the thresholds of its own menu, then those of variants with their own
(s, v) in ends      stages before the last one where all may leave, by the menu of variant v or their own, `AS_IS`
"""

from __future__ import annotations

from collections.abc import Collection
from copy import copy
from functools import cached_property
from itertools import count, repeat
from typing import Self

from serflow_opt.formulations.elements import Level
from serflow_opt.formulations.reductions import floor_in_reach
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.kinds import AS_IS
from serflow_opt.problem.network import Menu


class MenuLevels:
    """The levels of one instance.

    Parameters
    ----------
    instance
        The problem.
    levels
        Pairs (stage 1..M, level) that may be used; None: all.

    Attributes
    ----------
    owned
        Menus of each stage by whose they are: its own, `AS_IS`, first, then those of variants with their own.
    levels
        Positions in `menu` that may be used, by stage.
    """

    def __init__(self, instance: Instance, levels: Collection[tuple[int, int]] | None = None) -> None:
        self.instance = instance
        self.last = len(instance.stages)
        self.stages = range(1, self.last + 1)
        self.owned = {s: self._owned(s) for s in self.stages}
        self.levels = {s: list(range(sum(len(m.exit_rates) for m in own.values()))) for s, own in self.owned.items()}
        if levels is not None:
            self.levels = {s: [i for i in every if (s, i) in levels] for s, every in self.levels.items()}

    def among(self, levels: Collection[tuple[int, int]]) -> Self:
        """Return the sets of the flow through fewer levels: where it runs, and may end, stays what it was."""
        found = copy(self)
        found.levels = {s: [i for i in own if (s, i) in levels] for s, own in self.levels.items()}
        found._reach_bounds = found._bounds_of_reach() if all(found.levels.values()) else self._reach_bounds
        return found

    def _owned(self, s: int) -> dict[int, Menu]:
        variants = enumerate(self.instance.variants)
        return {AS_IS: self.instance.menus[s - 1]} | {v: own.menus[s - 1] for v, own in variants if s - 1 in own.menus}

    @cached_property
    def menu(self) -> dict[int, list[Level]]:
        """Levels of each stage, those of its own menu first, then those of variants with their own."""
        return {
            s: [
                level
                for v, menu in own.items()
                for level in map(Level, repeat(v), count(), menu.exit_rates, menu.accuracies)
            ]
            for s, own in self.owned.items()
        }

    def all_ends(self) -> dict[tuple[int, int], int]:
        """Return where plans may end, by the levels there are and the accuracy floor.

        Where thresholds are chosen on samples, at every classifier: whether all leave there, earlier ones decide, too.
        """
        if self.instance.joint:
            assert self.instance.samples is not None
            return {(s, AS_IS): 0 for s in self.instance.samples.classifier_stages[:-1]}
        ends: dict[tuple[int, int], int] = {}
        for s in self.stages[:-1]:
            if all(max(own.exit_rates) < 1 for own in self.owned[s].values()):
                continue
            menu = self.menu[s]
            for i in [i for i in self.levels[s] if menu[i].exit_rate >= 1]:
                level = menu[i]
                best = ends.get((s, level.variant))
                if best is None or level.accuracy > menu[best].accuracy:
                    ends[s, level.variant] = i
        if not ends:
            return ends
        menus = {s: [self.menu[s][i] for i in levels] for s, levels in self.levels.items()}
        return {(s, v): i for (s, v), i in ends.items() if floor_in_reach(self.instance, menus, s, self.menu[s][i])}

    @property
    def reach_low(self) -> dict[int, float]:
        """Lower bounds of R_s that follow from the menus: the products of 1 - largest exit rate."""
        return self._reach_bounds[0]

    @property
    def reach_high(self) -> dict[int, float]:
        """Upper bounds of R_s: the products of 1 - smallest exit rate."""
        return self._reach_bounds[1]

    @cached_property
    def _reach_bounds(self) -> tuple[dict[int, float], dict[int, float]]:
        return self._bounds_of_reach()

    def _bounds_of_reach(self) -> tuple[dict[int, float], dict[int, float]]:
        low, high = {1: 1.0}, {1: 1.0}
        for s in self.stages[:-1]:
            menu = self.menu[s]
            rates = [menu[level].exit_rate for level in self.levels[s]]
            low[s + 1], high[s + 1] = low[s] * (1 - max(rates)), high[s] * (1 - min(rates))
        return low, high

    @property
    def rows(self) -> list[tuple[int, int]]:
        """All pairs (s, l)."""
        return [(s, level) for s in self.stages for level in self.levels[s]]

    @property
    def choosing(self) -> list[int]:
        """Stages where there is more than one level."""
        return [s for s in self.stages if len(self.levels[s]) > 1]

    @property
    def own_menus(self) -> list[tuple[int, int]]:
        """Pairs (s, v): stage s has a menu of its own in variant v; (s, AS_IS) for its other runners there."""
        pairs = {(s, level.variant) for s in self.stages for level in self.menu[s]}
        return sorted(pair for pair in pairs if len({v for s, v in pairs if s == pair[0]}) > 1)

    def exit_rate(self, s: int, level: int) -> float:
        """ε_{s,l}."""
        return self.menu[s][level].exit_rate

    def accuracy(self, s: int, level: int) -> float:
        """r_{s,l}."""
        return self.menu[s][level].accuracy

    def owner(self, s: int, variant: int) -> int:
        """Return the variant if it has a menu of its own for stage s, else `AS_IS`."""
        return variant if variant != AS_IS and s - 1 in self.instance.variants[variant].menus else AS_IS
