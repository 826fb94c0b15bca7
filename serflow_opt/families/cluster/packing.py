"""What fits on a server and is worth most, with what is on each card: exact.

Cards first: the best filling of one card by the cores that it takes, over its shares or its layouts; then cards side by
side; then what takes no card fills the cores left.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np

from serflow_opt.families.cluster.knapsacks import (
    Ints,
    best_by_size,
    filled_up,
    in_units,
    one_of,
    side_by_side,
    two_sizes,
)
from serflow_opt.families.cluster.menu import ClusterMenu
from serflow_opt.families.cluster.problem import Cards, Cluster, Config, ServerType
from serflow_opt.ground.arrays import Floats

MOST_CELLS = 200_000
"""Of a table at most: cores times shares."""
Filling = Callable[[int], tuple[int, ...]]
"""What is on a card that takes at most so many cores."""


class TooFine(ValueError):
    """Cores and shares have no common units that are coarse enough."""


class ServerPacking:
    """Fillings of a type of servers.

    Parameters
    ----------
    problem, menu
        A problem and its configurations of use; those are known by their row in the menu.
    server
        Position of the type.

    Raises
    ------
    TooFine
        Where a table would have too many cells.
    """

    def __init__(self, problem: Cluster, menu: ClusterMenu, server: int) -> None:
        own = problem.servers[server]
        configs = dict(enumerate(problem.configs[k] for k in menu.configs))
        fit = [i for i, k in configs.items() if k.server in (None, server) and k.cores <= own.cores]
        self.on_cpu = [i for i in fit if not configs[i].percent and not configs[i].slice]
        self.on_card = [i for i in fit if _on_card(own, configs[i])]
        used = [*self.on_cpu, *self.on_card]
        self.cores, cores = in_units([configs[i].cores for i in used], own.cores)
        self.core_of = dict(zip(used, cores, strict=True))
        room = 100.0 * (own.cards if own.pooled else 1)
        self.share, shares = in_units([configs[i].percent for i in self.on_card], room)
        self.share_of = dict(zip(self.on_card, shares, strict=True))
        self.slice_of = {i: configs[i].slice for i in self.on_card}
        self.cards = 0 if not self.on_card else 1 if own.pooled else own.cards
        self.layouts = _largest(own.layouts)
        if (self.cores + 1) * (self.share + 1) > MOST_CELLS:
            raise TooFine(f"{self.cores:,} units of cores times {self.share:,} of a card")

    def best(self, values: Floats) -> tuple[float, tuple[int, ...], Cards]:
        """Return the largest worth of what fits on a server, and what that is: without a card, and on each card.

        Parameters
        ----------
        values
            What an instance of each row of the menu is worth; those worth nothing are left out.
        """
        one, filling = self._card(values)
        table, splits = np.zeros(self.cores + 1), []
        for _ in range(self.cards):
            table, split = side_by_side(table, one)
            splits.append(split)
        table, taken = filled_up(table, best_by_size(self.on_cpu, values, self.core_of), values)
        cpu: list[int] = []
        at = self.cores
        while taken[at] >= 0:
            cpu.append(int(taken[at]))
            at -= self.core_of[cpu[-1]]
        cards: list[tuple[int, ...]] = []
        for split in reversed(splits):
            used = int(split[at])
            cards.append(tuple(sorted(filling(used))))
            at -= used
        return float(table[-1]), tuple(sorted(cpu)), tuple(sorted(card for card in cards if card))

    def _card(self, values: Floats) -> tuple[Floats, Filling]:
        """The best filling of one card by cores that it may take, and what that is."""
        if self.layouts:
            return self._by_layout(values)
        best: dict[tuple[int, int], int] = {}
        for i in self.on_card:
            key = self.core_of[i], self.share_of[i]
            if values[i] > 0 and (key not in best or values[i] > values[best[key]]):
                best[key] = i
        if not best:
            return np.zeros(self.cores + 1), lambda at: ()
        which = list(best.values())
        cores, shares = (np.array([key[n] for key in best], dtype=np.intp) for n in range(2))
        table, taken = two_sizes(self.cores, self.share, cores, shares, values[which])

        def filling(at: int) -> tuple[int, ...]:
            found, share = [], self.share
            while (k := int(taken[at, share])) >= 0:
                found.append(which[k])
                at, share = at - int(cores[k]), share - int(shares[k])
            return tuple(found)

        return table[:, self.share], filling

    def _by_layout(self, values: Floats) -> tuple[Floats, Filling]:
        """Layout by layout: each slice holds the instance that is best with the cores it takes, or none."""
        items = {
            name: best_by_size([i for i in self.on_card if self.slice_of[i] == name], values, self.core_of)
            for name in {own for layout in self.layouts for own in layout}
        }
        best, ways = np.zeros(self.cores + 1), np.zeros(self.cores + 1, dtype=np.intp)
        steps: list[list[Ints]] = []
        for n, layout in enumerate(self.layouts):
            table = np.zeros(self.cores + 1)
            steps.append([])
            for name in layout:
                table, chosen = one_of(table, items[name], values)
                steps[-1].append(chosen)
            better = table > best
            best, ways = np.where(better, table, best), np.where(better, n, ways)

        def filling(at: int) -> tuple[int, ...]:
            found = []
            for chosen in reversed(steps[ways[at]]):
                if chosen[at] >= 0:
                    found.append(int(chosen[at]))
                    at -= self.core_of[found[-1]]
            return tuple(found)

        return best, filling


def _on_card(server: ServerType, own: Config) -> bool:
    """Whether an instance can be on one of the cards."""
    if not server.cards:
        return False
    if server.layouts:
        return any(own.slice in layout for layout in server.layouts)
    return 0 < own.percent <= 100


def _largest(layouts: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Return the layouts that are no part of another."""
    counts = [Counter(layout) for layout in layouts]
    return [
        layout
        for n, layout in enumerate(layouts)
        if not any(counts[n] <= other and (counts[n] != other or m < n) for m, other in enumerate(counts) if m != n)
    ]
