"""Fillings of servers as columns, and every filling there is where they are few."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations_with_replacement

import numpy as np

from serflow_opt.families.cluster.menu import ClusterMenu, menu_of
from serflow_opt.families.cluster.packing import ServerPacking
from serflow_opt.families.cluster.problem import Cards, Cluster, FilledServers
from serflow_opt.ground.arrays import Floats

LOOKED_AT = 20
"""Ways to fill a server that are looked at for each filling that may be listed: several come to the same."""


@dataclass(frozen=True, slots=True)
class FillingColumn:
    """A filling of a type of servers, by rows of the menu.

    Attributes
    ----------
    server, cpu, cards
        The type, and what is on it: without a card, and on each card that is used.
    count
        Instances of each row of the menu.
    up, low
        Requests a second of each network, at most and at least.
    resources
        What its instances take, GPUs.
    """

    server: int
    cpu: tuple[int, ...]
    cards: Cards
    count: Floats
    up: Floats
    low: Floats
    resources: float


class Shop:
    """What servers of each type can be filled with, and the fillings found so far.

    Parameters
    ----------
    problem
        The problem.
    """

    def __init__(self, problem: Cluster) -> None:
        self.problem, self.menu = problem, menu_of(problem)
        self.packings = [ServerPacking(problem, self.menu, j) for j in range(len(problem.servers))]
        self.resources = [_resources(problem, self.menu, j) for j in range(len(problem.servers))]
        self.found: dict[tuple[int, tuple[int, ...], Cards], FillingColumn] = {}

    def column(self, server: int, cpu: tuple[int, ...], cards: Cards) -> FillingColumn:
        """Return a filling as a column.

        Parameters
        ----------
        server
            Position of the type of servers.
        cpu, cards
            Rows of the menu: without a card, and on each card.
        """
        menu, networks = self.menu, len(self.problem.networks)
        every = np.array([*cpu, *(i for card in cards for i in card)], dtype=np.intp)
        count = np.bincount(every, minlength=len(menu.configs)).astype(float)
        of_network = (menu.network == np.arange(networks)[:, None]).astype(float)
        up, low = of_network @ (count * menu.up), of_network @ (count * menu.low)
        return FillingColumn(server, cpu, cards, count, up, low, float(count @ self.resources[server]))

    def take(self, server: int, cpu: tuple[int, ...], cards: Cards) -> bool:
        """Note a filling; say whether it is new.

        Parameters
        ----------
        server, cpu, cards
            As `column` takes them.
        """
        key = server, cpu, cards
        if not (cpu or cards) or key in self.found:
            return False
        self.found[key] = self.column(*key)
        return True

    def begin(self) -> None:
        """Note what is best for each network alone."""
        for j, packing in enumerate(self.packings):
            for m in range(len(self.problem.networks)):
                _, cpu, cards = packing.best(np.where(self.menu.network == m, self.menu.up, 0.0))
                self.take(j, cpu, cards)

    def filled(self, column: FillingColumn, count: int) -> FilledServers:
        """Return servers that are filled like a column, by configurations of the problem."""
        at = self.menu.configs
        cards = [tuple(int(at[i]) for i in card) for card in column.cards]
        return FilledServers(column.server, tuple(int(at[i]) for i in column.cpu), tuple(cards), count)


def _resources(problem: Cluster, menu: ClusterMenu, server: int) -> Floats:
    """What an instance of each row takes on a type of servers, GPUs."""
    own = [problem.configs[k] for k in menu.configs]
    gpus = [problem.servers[server].part(k.slice) if k.slice else k.percent / 100 for k in own]
    taken: Floats = problem.gpus_per_core * menu.cores + np.array(gpus)
    return taken


def every_filling(
    packing: ServerPacking, most: int, within: Mapping[int, int] | None = None
) -> list[tuple[tuple[int, ...], Cards]] | None:
    """Return all fillings of a type of servers, those beaten by larger ones included; None: they are too many.

    Parameters
    ----------
    packing
        The type.
    most
        How many may be listed.
    within
        How many instances of each row of the menu a filling may have; None: any number.
    """
    found: dict[tuple[int, ...], tuple[tuple[int, ...], Cards]] = {}
    room = _Room(packing, within)
    one, alone = room.cards(most), room.alone(most)
    if one is None or alone is None:
        return None
    looked_at = 0
    for number in range(packing.cards + 1):
        for cards in combinations_with_replacement(one, number):
            on_cards = tuple(i for card in cards for i in card)
            left = packing.cores - sum(packing.core_of[i] for i in on_cards)
            for cpu in alone if left >= 0 and room.allows(on_cards) else ():
                looked_at += 1
                if looked_at > LOOKED_AT * most:
                    return None
                if sum(packing.core_of[i] for i in cpu) <= left:
                    found.setdefault(tuple(sorted((*cpu, *on_cards))), (cpu, tuple(sorted(cards))))
    found.pop((), None)
    return list(found.values()) if len(found) <= most else None


class _Room:
    """Ways to fill a card, and the cores beside."""

    def __init__(self, packing: ServerPacking, within: Mapping[int, int] | None) -> None:
        self.packing, self.within = packing, within
        self.on_cpu = [i for i in packing.on_cpu if within is None or within.get(i)]
        self.on_card = [i for i in packing.on_card if within is None or within.get(i)]

    def allows(self, instances: tuple[int, ...]) -> bool:
        """Whether there may be so many of each."""
        return self.within is None or all(n <= self.within.get(i, 0) for i, n in Counter(instances).items())

    def alone(self, most: int) -> list[tuple[int, ...]] | None:
        """All multisets of instances without a card whose cores are within the server's; None: they are too many."""
        found: list[tuple[int, ...]] = [()]
        for i in self.on_cpu:
            size = self.packing.core_of[i]
            grown = []
            for own in found:
                number = (self.packing.cores - sum(self.packing.core_of[k] for k in own)) // size
                number = number if self.within is None else min(number, self.within[i])
                grown += [own + (i,) * n for n in range(1, number + 1)]
            found += grown
            if len(found) > most:
                return None
        return found

    def cards(self, most: int) -> list[tuple[int, ...]] | None:
        """All ways to fill a card, not empty; None: they are too many."""
        packing = self.packing
        found: set[tuple[int, ...]] = set()
        for layout in packing.layouts:
            ways: set[tuple[int, ...]] = {()}
            for name in layout:
                fit = [i for i in self.on_card if packing.slice_of[i] == name]
                longer = {tuple(sorted((*own, i))) for own in ways for i in fit}
                ways |= {own for own in longer if self.allows(own)}
                if len(ways) > most:
                    return None
            found |= ways
        stack: list[tuple[tuple[int, ...], int, int]] = (
            [((), packing.cores, packing.share)] if packing.cards and not packing.layouts else []
        )
        while stack:
            own, cores, share = stack.pop()
            found.add(own)
            if len(found) > most:
                return None
            for i in self.on_card:
                fits = packing.core_of[i] <= cores and packing.share_of[i] <= share
                if fits and (not own or i >= own[-1]) and self.allows((*own, i)):
                    stack.append(((*own, i), cores - packing.core_of[i], share - packing.share_of[i]))
        return sorted(found - {()})
