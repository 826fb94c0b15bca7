"""Plans as documents, and back: names instead of positions, and what a plan means for each network."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from serflow_opt.errors import InputError, Problem, nearest
from serflow_opt.families.cluster.evaluate import dispatched, gpus_of, ranges, served
from serflow_opt.families.cluster.problem import Cluster, FilledServers, Plan
from serflow_opt.families.cluster.worth import worths
from serflow_opt.ground.arguments import as_number

KEYS = ("model", "batch", "cpu_cores", "gpu_percent", "slice", "processes", "measured_on")
"""What tells configurations apart in documents."""


def told(problem: Cluster, plan: Plan) -> dict[str, Any]:
    """Return a plan as documents have it: what is on each server, what each network gets, and what is left over.

    Parameters
    ----------
    problem, plan
        A plan of the problem.
    """
    ordered = sorted(plan, key=lambda own: (own.server, -own.count, own.cpu, own.cards))
    return {
        "servers": [
            {
                "server": problem.servers[own.server].name,
                "count": own.count,
                "cpu": _all(problem, own, own.cpu),
                "cards": [_all(problem, own, card) for card in own.cards],
            }
            for own in ordered
        ],
        "models": [_network(problem, plan, n) for n in range(len(problem.networks))],
        "unused": _unused(problem, plan),
        "worth": worths(problem, plan),
    }


def _all(problem: Cluster, own: FilledServers, configs: Sequence[int]) -> list[dict[str, Any]]:
    """What is on a server or a card, and which shares of the server's cores and cards that takes."""
    server, found = problem.servers[own.server], []
    for k, count in sorted(Counter(configs).items()):
        config = problem.configs[k]
        cores = config.cores / server.cores if server.cores else 0.0
        gpus = gpus_of(problem, own.server, config) / server.cards if server.cards else 0.0
        found.append({**_named(problem, k, count), "cores_share": cores, "gpus_share": gpus})
    return found


def _named(problem: Cluster, k: int, count: int) -> dict[str, Any]:
    own = problem.configs[k]
    said: dict[str, Any] = {"model": problem.networks[own.network].name, "batch": own.batch, "cpu_cores": own.cores}
    said |= {"slice": own.slice} if own.slice else {"gpu_percent": own.percent}
    said |= {"processes": own.processes} if own.processes > 1 else {}
    said |= {"measured_on": problem.servers[own.server].name} if own.server is not None else {}
    return {**said, "instances": count}


def _network(problem: Cluster, plan: Plan, network: int) -> dict[str, Any]:
    """What a network is given: instances, the range of rates, and what each gets."""
    own, (least, most) = problem.networks[network], ranges(problem, plan)[network]
    counts: Counter[int] = Counter()
    for filled in plan:
        for k in filled.configs:
            counts[k] += filled.count if problem.configs[k].network == network else 0
    rates = dispatched(problem, plan, network)
    instances = []
    for k, rate in rates.items():
        config = problem.configs[k]
        low, up = served(problem, config)
        wait = own.slo_s - config.time_s if config.batch > 1 else 0.0
        instances.append(
            {
                **_named(problem, k, counts[k]),
                "ms": config.time_s * 1000,
                "waits_at_most_ms": wait * 1000,
                "rate_min_per_s": low,
                "rate_max_per_s": up,
                "rate_per_s": rate,
            }
        )
    return {
        "model": own.name,
        "slo_ms": own.slo_s * 1000,
        "asked_per_s": own.rate,
        "rate_min_per_s": least,
        "rate_max_per_s": most,
        "instances": instances,
    }


def _unused(problem: Cluster, plan: Plan) -> dict[str, float]:
    """Shares of the opened servers' cores and cards that no instance has: fragments."""
    cores = math.fsum(own.count * problem.servers[own.server].cores for own in plan)
    cards = math.fsum(own.count * problem.servers[own.server].cards for own in plan)
    used = math.fsum(own.count * problem.configs[k].cores for own in plan for k in own.configs)
    shares = [own.count * gpus_of(problem, own.server, problem.configs[k]) for own in plan for k in own.configs]
    said = {"cpu_cores": max(1 - used / cores, 0.0)} if cores else {}
    return {**said, **({"gpus": max(1 - math.fsum(shares) / cards, 0.0)} if cards else {})}


def decided(problem: Cluster, document: Mapping[str, Any]) -> Plan:
    """Return the plan of a document; what follows from what is decided is not read.

    Raises
    ------
    InputError
        With everything that does not fit the problem.
    """
    servers = document.get("servers")
    if not isinstance(servers, Sequence) or isinstance(servers, str):
        raise InputError([Problem("", "servers", f"{servers!r:.60}", "list the servers")])
    problems: list[Problem] = []
    found = [_server(problem, own, f"servers[{n}]", problems) for n, own in enumerate(servers, 1)]
    if problems:
        raise InputError(problems)
    return tuple(own for own in found if own is not None)


def _server(problem: Cluster, given: Any, place: str, problems: list[Problem]) -> FilledServers | None:
    if not isinstance(given, Mapping):
        problems.append(Problem("", place, f"{given!r:.60}", "write server, count, cpu, cards"))
        return None
    names = [own.name for own in problem.servers]
    name = given.get("server")
    if name not in names:
        problems.append(Problem("", f"{place}.server", repr(name), nearest(str(name), names)))
    count = _count(given.get("count", 1), f"{place}.count", problems)
    cpu = _instances(problem, given.get("cpu", []), f"{place}.cpu", problems)
    cards, listed = [], given.get("cards", [])
    if not isinstance(listed, Sequence) or isinstance(listed, str):
        problems.append(Problem("", f"{place}.cards", f"{listed!r:.60}", "list what is on each card"))
        listed = []
    for n, card in enumerate(listed, 1):
        cards.append(_instances(problem, card, f"{place}.cards[{n}]", problems))
    return FilledServers(names.index(str(name)), cpu, tuple(cards), count) if name in names and count else None


def _instances(problem: Cluster, given: Any, place: str, problems: list[Problem]) -> tuple[int, ...]:
    if not isinstance(given, Sequence) or isinstance(given, str):
        problems.append(Problem("", place, f"{given!r:.60}", "list instances"))
        return ()
    known = {_key(_named(problem, k, 1)): k for k in reversed(range(len(problem.configs)))}
    found: list[int] = []
    for n, own in enumerate(given, 1):
        at = f"{place}[{n}]"
        key = _key(own) if isinstance(own, Mapping) else ()
        if key not in known:
            cure = f"write the {', '.join(KEYS)} of one of the configurations"
            problems.append(Problem("", at, f"{own!r:.100}", cure))
            continue
        count = _count(own.get("instances", 1), f"{at}.instances", problems)
        found += [known[key]] * count
    return tuple(sorted(found))


def _key(own: Mapping[str, Any]) -> tuple[object, ...]:
    """What tells a configuration apart: what is left out is 0, and one process."""
    numbers = (own.get("batch"), own.get("cpu_cores", 0), own.get("gpu_percent", 0), own.get("processes", 1))
    return (own.get("model"), own.get("slice", ""), own.get("measured_on", ""), *map(as_number, numbers))


def _count(given: object, place: str, problems: list[Problem]) -> int:
    number = as_number(given)
    if not (math.isfinite(number) and number >= 0 and number == round(number)):
        problems.append(Problem("", place, f"{given!r}", "write a whole number, at least 0"))
        return 0
    return int(number)
