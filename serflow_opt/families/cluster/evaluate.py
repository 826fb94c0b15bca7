"""The witness: what a plan of servers costs and serves, from the definition; shares no code with model and search.

An instance of batches b that take t serves up to b / t requests a second, rounded down where the problem says so. A
batch of one waits for nobody. A larger one fills while the one before it runs, so that 2 t has to be within the target;
and it has to be full by the time that its first request still makes it, so that the instance needs ⌈b / (s - t)⌉
requests a second at least. All of this holds for each process of an instance.
"""

from __future__ import annotations

import math
from collections import Counter

from serflow_opt.families.cluster.problem import Cluster, Config, FilledServers, Plan, ServerType
from serflow_opt.families.protocol import Valued
from serflow_opt.ground.tolerances import ROUNDING, TOLERANCE
from serflow_opt.plan.document import Breach


def served(problem: Cluster, config: Config) -> tuple[int, float]:
    """Return the least and the largest rate of an instance, requests a second; the largest 0: its target is missed.

    Parameters
    ----------
    problem, config
        A configuration of the problem.
    """
    target, time = problem.networks[config.network].slo_s, config.time_s
    rounds = 1 if config.batch == 1 else 2
    if rounds * time > target * (1 + ROUNDING):
        return 0, 0.0
    most = config.processes * config.batch / time if config.measured is None else config.measured
    if problem.whole:
        most = float(math.floor(most * (1 + ROUNDING)))
    least = 0
    if config.batch > 1:
        least = config.processes * math.ceil(config.batch / (target - time) * (1 - ROUNDING))
    return (least, most) if least <= most else (0, 0.0)


def ranges(problem: Cluster, plan: Plan) -> list[tuple[int, float]]:
    """Return the least and the largest rate of each network on all servers together, requests a second."""
    least, most = [0] * len(problem.networks), [0.0] * len(problem.networks)
    for own in plan:
        for k in own.configs:
            network = problem.configs[k].network
            low, up = served(problem, problem.configs[k])
            least[network] += low * own.count
            most[network] += up * own.count
    return list(zip(least, most, strict=True))


def value(problem: Cluster, plan: Plan) -> Valued:
    """Value a plan: servers, their price, what its instances take, what it serves; and what it breaks.

    Parameters
    ----------
    problem, plan
        A problem, and servers that are opened for it.
    """
    breaches: list[Breach] = []
    for n, own in enumerate(plan, 1):
        _hold_server(problem, own, f"server {n}", breaches)
    for j, server in enumerate(problem.servers):
        opened = sum(own.count for own in plan if own.server == j)
        _hold(breaches, f"count_max of {server.name}", opened, server.most)
    by_network = ranges(problem, plan)
    networks = list(zip(problem.networks, by_network, strict=True))
    throughput = min(most * (problem.rate / own.rate) for own, (_, most) in networks)
    load = throughput / problem.rate
    for network, (least, most) in networks:
        if problem.asked:
            _hold(breaches, f"rate_per_s of {network.name}", network.rate, most)
        _hold(breaches, f"batches of {network.name}", least, network.rate * (1.0 if problem.asked else load))
    taken = [
        (own.count, problem.configs[k].cores, gpus_of(problem, own.server, problem.configs[k]))
        for own in plan
        for k in own.configs
    ]
    values = {
        "servers": float(sum(own.count for own in plan)),
        "cost": math.fsum(own.count * problem.servers[own.server].usd_per_hour for own in plan),
        "resources": math.fsum(count * (problem.gpus_per_core * cores + gpus) for count, cores, gpus in taken),
        "throughput": throughput,
    }
    return Valued(values, tuple(breaches))


def gpus_of(problem: Cluster, server: int, config: Config) -> float:
    """Return what an instance takes of a card on a type of servers.

    Parameters
    ----------
    problem, server
        The problem, and the position of a type of servers.
    config
        How the instance is set up.

    Returns
    -------
    Share of a card, 0 to 1.
    """
    return problem.servers[server].part(config.slice) if config.slice else config.percent / 100


def _hold_server(problem: Cluster, own: FilledServers, place: str, breaches: list[Breach]) -> None:
    """Hold what is on a server against what it has."""
    server = problem.servers[own.server]
    cores = math.fsum(problem.configs[k].cores for k in own.configs)
    _hold(breaches, f"cores of {place}", cores, server.cores)
    _hold(breaches, f"gpus of {place}", len(own.cards), server.cards)
    shares = [math.fsum(problem.configs[k].percent for k in card) for card in own.cards]
    if server.pooled:
        _hold(breaches, f"gpu_percent of {place}", math.fsum(shares), 100.0 * server.cards)
    for n, (card, share) in enumerate(zip(own.cards, shares, strict=True), 1):
        if not server.pooled:
            _hold(breaches, f"gpu_percent of {place}, card {n}", share, 0.0 if server.layouts else 100.0)
        pieces = [problem.configs[k].slice for k in card if problem.configs[k].slice]
        if not _fits(server, pieces):
            breaches.append(Breach(limit=f"slices of {place}, card {n}", value=len(pieces), bound=0.0, excess=1.0))
    for k in own.configs:
        config = problem.configs[k]
        if served(problem, config)[1] <= 0:
            name = problem.networks[config.network].name
            breaches.append(Breach(limit=f"slo_ms of {name} on {place}", value=config.time_s, bound=0.0, excess=1.0))
        if config.server not in (None, own.server):
            breaches.append(Breach(limit=f"type of {place}", value=own.server, bound=config.server or 0, excess=1.0))
    stray = [k for k in own.cpu if problem.configs[k].percent or problem.configs[k].slice]
    if stray:
        breaches.append(Breach(limit=f"instances without a card on {place}", value=len(stray), bound=0.0, excess=1.0))


def _fits(server: ServerType, pieces: list[str]) -> bool:
    """Whether some layout of a card has all these slices."""
    wanted = Counter(pieces)
    return not pieces or any(not wanted - Counter(layout) for layout in server.layouts)


def _hold(breaches: list[Breach], limit: str, found: float, most: float) -> None:
    excess = (found - most) / (most or 1.0)
    if excess > TOLERANCE:
        breaches.append(Breach(limit=limit, value=found, bound=most, excess=excess))


def dispatched(problem: Cluster, plan: Plan, network: int) -> dict[int, float]:
    """Return the rate that an instance of each configuration gets, requests a second, as INFless dispatches.

    Each is taken down from its largest rate towards its least one by the same share.

    Parameters
    ----------
    problem, plan
        A plan of the problem.
    network
        Position of a network.
    """
    least, most = ranges(problem, plan)[network]
    rate = problem.networks[network].rate if problem.asked else _load(problem, plan) * problem.networks[network].rate
    down = min(max((most - rate) / (most - least), 0.0), 1.0) if most > least else 0.0
    used = {k for own in plan for k in own.configs if problem.configs[k].network == network}
    rates = {k: served(problem, problem.configs[k]) for k in sorted(used)}
    return {k: up - down * (up - low) for k, (low, up) in rates.items()}


def _load(problem: Cluster, plan: Plan) -> float:
    """The share of all rates that a plan serves."""
    return min(most / own.rate for own, (_, most) in zip(problem.networks, ranges(problem, plan), strict=True))
