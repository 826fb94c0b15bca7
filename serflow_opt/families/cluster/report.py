"""A plan of a cluster as tables: what is on the servers, what each network gets, what is left over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.text import Text

from serflow_opt.ground.sheet import Sheet

if TYPE_CHECKING:
    from rich.console import RenderableType

SERVERS = ("servers", "type", "instances on each")
INSTANCES = ("model", "batch", "takes", "instances", "ms", "waits ms", "1/s each", "at least", "at most")


def plan_parts(plan: Mapping[str, Any]) -> list[RenderableType]:
    """Return what lays a plan out: fillings of servers, instances of each network, and what is left over.

    Parameters
    ----------
    plan
        As documents have it.
    """
    servers = [(f"{own['count']:,}", own["server"], _on(own)) for own in plan["servers"]]
    instances = [
        (
            f"{own['model']} x{own['processes']}" if own.get("processes", 1) > 1 else own["model"],
            f"{own['batch']}",
            _takes(own),
            f"{own['instances']:,}",
            f"{own['ms']:.4g}",
            f"{own['waits_at_most_ms']:.4g}",
            f"{own['rate_per_s']:.4g}",
            f"{own['rate_min_per_s']:g}",
            f"{own['rate_max_per_s']:g}",
        )
        for model in plan["models"]
        for own in model["instances"]
    ]
    rates = [
        (own["model"], *(f"{own[key]:,.6g}" for key in ("slo_ms", "asked_per_s", "rate_min_per_s", "rate_max_per_s")))
        for own in plan["models"]
    ]
    titles = ("network", "target ms", "asked 1/s", "at least 1/s", "at most 1/s")
    parts: list[RenderableType] = [
        Sheet(SERVERS, servers, left=SERVERS[1:], folds=SERVERS[2:]),
        Text(),
        Sheet(INSTANCES, instances, left=("model", "takes"), folds=("model",)),
        Text(),
        Sheet(titles, rates, left=titles[:1], folds=titles[:1]),
    ]
    words = {"cpu_cores": "cores", "gpus": "GPUs"}
    unused = ", ".join(f"{share:.1%} of {words[key]}" for key, share in plan["unused"].items())
    if plan["servers"]:
        parts.append(Text(f"fragments   {unused} on opened servers are not used"))
    return parts + [Text(line) for own in plan["worth"] if (line := _worth(own))]


def _worth(own: Mapping[str, Any]) -> str:
    words = {"core_per_s": "a core", "tenth_of_gpu_per_s": "a tenth of a GPU", "card_per_s": "a card"}
    said = [f"{words[key]} {value:.4g} requests/s" for key, value in own.items() if key in words]
    return f"worth       {', '.join(said)} more on {own['server']}" if said else ""


def _on(own: Mapping[str, Any]) -> str:
    """What is on a server, card by card; cards that are filled alike are said once."""
    said = [_listed(own["cpu"])] if own["cpu"] else []
    cards = [_listed(card) for card in own["cards"] if card]
    for card in dict.fromkeys(cards):
        times = cards.count(card)
        said.append(f"{times} cards of {card}" if times > 1 else f"card of {card}")
    return "; ".join(said)


def _listed(instances: Sequence[Mapping[str, Any]]) -> str:
    return " + ".join(f"{own['instances']}x {own['model']} batch {own['batch']} {_takes(own)}" for own in instances)


def _takes(own: Mapping[str, Any]) -> str:
    said = [f"{own['cpu_cores']:g} cores"] if own["cpu_cores"] else []
    if own.get("slice"):
        said.append(str(own["slice"]))
    elif own["gpu_percent"]:
        said.append(f"{own['gpu_percent']:g} %")
    return ", ".join(said)


def plan_words(plan: Mapping[str, Any]) -> str:
    """Return a plan in a line.

    Parameters
    ----------
    plan
        As documents have it.
    """
    types: dict[str, int] = {}
    for own in plan["servers"]:
        types[own["server"]] = types.get(own["server"], 0) + own["count"]
    instances = sum(own["instances"] for model in plan["models"] for own in model["instances"])
    opened = " + ".join(f"{count:,} {name}" for name, count in types.items())
    return f"{opened or 'no server'}, {instances:,} instances"
