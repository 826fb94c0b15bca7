"""What others would decide for the same networks: one request at a time, and one configuration for all instances."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from serflow_opt.families.cluster.evaluate import served, value
from serflow_opt.families.cluster.problem import Cluster, Config, Plan
from serflow_opt.families.cluster.search import search
from serflow_opt.families.protocol import Other
from serflow_opt.ground.tolerances import TOLERANCE
from serflow_opt.search.outcome import SearchSettings


def others(problem: Cluster, name: str, limits: Mapping[str, float], settings: SearchSettings) -> list[Other]:
    """Return what these ways come to, at best, within the same limits, of those that can be had.

    Parameters
    ----------
    problem
        The problem.
    name
        The quantity that is asked for.
    limits
        By quantity, less is better.
    settings
        Of each search.
    """
    ways = [
        ("one by one", "batches of one request", [own for own in problem.configs if own.batch == 1]),
        ("alike", "one configuration a model, the one that serves most for what it takes", _alike(problem)),
    ]
    found = []
    for title, words, configs in ways:
        if {own.network for own in configs} != set(range(len(problem.networks))):
            continue
        less = replace(problem, configs=tuple(configs))
        judge = partial(_judged, less, name, limits)
        plan, state = search(less, {name: 1.0}, limits, settings, judge)
        if plan is not None and replace(state, values={}, value=judge(plan)).proven(settings.gap):
            found.append(Other(title, words, value(less, plan).values))
        elif not state.infeasible:
            found.append(Other(title, words, None))
    return found


def _judged(problem: Cluster, name: str, limits: Mapping[str, float], plan: Plan) -> float:
    """What a plan comes to, less is better; infinite where it does not hold."""
    valued = value(problem, plan)
    less = {own: -by if own == "throughput" else by for own, by in valued.values.items()}
    holds = not valued.breaches and all(less[own] <= most + TOLERANCE * abs(most) for own, most in limits.items())
    return less[name] if holds else math.inf


def _alike(problem: Cluster) -> list[Config]:
    """The configuration of each network with the largest rate for its share of a server."""
    cores, cards = (sum(getattr(own, name) for own in problem.servers) or 1.0 for name in ("cores", "cards"))

    def rate(own: Config) -> float:
        gpus = own.percent / 100 if not own.slice else max(server.part(own.slice) for server in problem.servers)
        return served(problem, own)[1] / (own.cores / cores + gpus / cards)

    return [max((k for k in problem.configs if k.network == n), key=rate) for n in range(len(problem.networks))]
