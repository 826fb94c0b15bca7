"""Where instances take slices of cards and nothing else: cuts and instances are counted, no filling is listed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from serflow_opt.families.cluster.problem import FilledServers, Plan

if TYPE_CHECKING:
    from serflow_opt.families.cluster.columns import Shop


def only_slices(shop: Shop) -> bool:
    """Whether every instance of use takes one slice of a card, and no cores."""
    return all(own.layouts and not own.on_cpu and not any(own.core_of.values()) for own in shop.packings)


def model_of(shop: Shop) -> tuple[Any, dict[str, Any]]:
    """Return the model of slices, and its quantities, less is better.

    Parameters
    ----------
    shop
        What servers can be filled with.
    """
    from serflow_opt.formulations.cluster import CardSlice, Layout, Offer, cut

    problem, menu = shop.problem, shop.menu
    at = [(i, j) for j, packing in enumerate(shop.packings) for i in packing.on_card]
    layouts = [Layout(j, Counter(layout)) for j, packing in enumerate(shop.packings) for layout in packing.layouts]
    pieces = [
        CardSlice(
            j,
            int(menu.network[i]),
            problem.configs[menu.configs[i]].slice,
            float(menu.up[i]),
            float(menu.low[i]),
            float(shop.resources[j][i]),
        )
        for i, j in at
    ]
    model, parts = cut(
        pieces,
        layouts,
        [Offer(own.usd_per_hour, own.most) for own in problem.servers],
        [own.cards for own in problem.servers],
        [own.rate for own in problem.networks],
        problem.asked,
    )
    model.at, model.layouts = at, layouts
    return model, {
        "servers": parts["servers"],
        "cost": parts["price"],
        "resources": parts["resources"],
        "throughput": -parts["throughput"],
    }


def plan_of(shop: Shop, model: Any, value: Any) -> Plan:
    """Return the servers of a solution: instances are put into slices as they come, cards onto servers.

    Parameters
    ----------
    shop, model
        What `model_of` was given, and what it made of that.
    value
        The value of one of the model's variables.
    """
    problem, filled = shop.problem, Counter[tuple[int, tuple[tuple[int, ...], ...]]]()
    for j, server in enumerate(problem.servers):
        waiting: dict[str, list[int]] = {}
        for n, (i, where) in enumerate(model.at):
            if where == j:
                k = int(shop.menu.configs[i])
                waiting.setdefault(problem.configs[k].slice, []).extend([k] * round(value(model.n[n])))
        cards: list[tuple[int, ...]] = []
        for n, layout in enumerate(model.layouts):
            for _ in range(round(value(model.y[n])) if layout.server == j else 0):
                cards.append(tuple(sorted(_taken(layout.slices, waiting))))
        held = sorted(card for card in cards if card)
        for first in range(0, len(held), max(server.cards, 1)):
            filled[j, tuple(held[first : first + server.cards])] += 1
    return tuple(FilledServers(j, (), cards, count) for (j, cards), count in filled.items())


def _taken(slices: Mapping[str, int], waiting: dict[str, list[int]]) -> Iterator[int]:
    """Take the instances that wait for slices of a card."""
    for name, count in slices.items():
        for _ in range(count):
            if waiting.get(name):
                yield waiting[name].pop()
