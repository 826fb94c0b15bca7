"""Clusters as a family of problems: `kind = "cluster"`."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from serflow_opt.families.cluster.decide import decided, told
from serflow_opt.families.cluster.document import MOST_SERVERS, ClusterTables
from serflow_opt.families.cluster.evaluate import value
from serflow_opt.families.cluster.obstacles import obstacles
from serflow_opt.families.cluster.read import read
from serflow_opt.families.protocol import Family, Goal, Other, Quantity, Question
from serflow_opt.families.standard import FamilyFunctions, Standard

if TYPE_CHECKING:
    from serflow_opt.families.cluster.problem import Cluster, Plan
    from serflow_opt.families.found import Found
    from serflow_opt.search.outcome import SearchSettings

BESIDE_S = 10.0
"""Seconds for what others would decide, where nobody says how long it may take."""


class Clusters(Standard):
    """Which instances of which networks to start, of which batch and size, and how they are packed on servers."""

    kind = "cluster"
    words = "which instances of networks to start, of which batch and size, and how they are packed on servers"
    document = ClusterTables
    functions = FamilyFunctions(value, told, decided, read, obstacles)
    quantities: Sequence[Quantity] = (
        Quantity("servers", unit="servers"),
        Quantity("cost", unit="USD/hour", limit="cost_max_usd_per_hour"),
        Quantity("resources", label="what instances take", unit="GPUs"),
        Quantity("throughput", unit="requests/s", sense="max", limit="throughput_min_per_s"),
    )
    shared = "cost"
    own: Mapping[str, str] = {
        "layout": "families.cluster.report:plan_parts",
        "words": "families.cluster.report:plan_words",
        "export": "families.cluster.export:batchers",
        "plot": "families.cluster.plot:plot_servers",
    }

    def changed(self, problem: Question, changes: Mapping[str, Any]) -> Question:
        """Return a copy with another objective or other limits; for throughput only the mix of rates counts."""
        changed = super().changed(problem, changes)
        asked = changed.optimise != "throughput"
        return changed if asked == problem.data.asked else replace(changed, data=replace(changed.data, asked=asked))

    def model(self, data: Cluster) -> tuple[Any, Mapping[str, Any]]:
        """Return the integer cover by every filling of a server; by those found so far where these are too many."""
        from serflow_opt.families.cluster.search import listed, model_of, shop_of

        columns = listed(data)
        shop = shop_of(data)
        columns = list(shop.found.values()) if columns is None else columns
        model, less = model_of(shop, columns, {}, {})
        model.columns = columns
        return model, {own.name: own.less(1.0) * less[own.name] for own in self.quantities}

    def read(self, data: Cluster, model: Any, value: Callable[[Any], float]) -> Plan:
        """Return the servers that are opened.

        Parameters
        ----------
        data, model, value
            As `Standard.read` takes them.
        """
        from serflow_opt.families.cluster.search import shop_of

        counts = [round(value(model.x[p])) for p in range(len(model.columns))]
        return tuple(shop_of(data).filled(own, n) for own, n in zip(model.columns, counts, strict=True) if n)

    def search(self, problem: Question, goal: Goal, settings: SearchSettings) -> Found:
        """Search by fillings of servers.

        Parameters
        ----------
        problem, goal, settings
            As `Family.search` takes them.
        """
        from serflow_opt.families.cluster.search import search
        from serflow_opt.families.witnessed import offer, value_of

        def judge(plan: Plan) -> float:
            valued = self.evaluate(problem, plan)
            return math.inf if valued.breaches else value_of(self, goal, valued)

        plan, found = search(problem.data, goal, problem.limits, settings, judge)
        if plan is not None:
            valued = self.evaluate(problem, plan)
            offer(found, plan, valued, value_of(self, goal, valued))
            if valued.breaches:
                found.doubt = "the witness values the plan found otherwise than the search"
            found.bound, found.checked = min(found.bound, found.value), min(found.checked, found.value)
        return found

    def in_a_line(self, problem: Question) -> str:
        """Say how many networks, configurations and requests there are."""
        from serflow_opt.families.cluster.menu import menu_of

        data = problem.data
        late, beaten = menu_of(data).left_out
        return (
            f"{len(data.networks)} networks, {data.rate:,g} requests/s, {len(data.configs):,} configurations: {late:,} "
            f"miss their target, {beaten:,} are outclassed; {len(data.servers)} types of servers"
        )

    def beside(self, problem: Question, settings: SearchSettings) -> list[Other]:
        """Return what batches of one, and one configuration for all instances of a network, come to at best."""
        from serflow_opt.families.cluster.beside import others
        from serflow_opt.ground.deadline import Deadline

        if not settings.deadline.limited:
            settings = replace(settings, deadline=Deadline(BESIDE_S))
        return others(problem.data, problem.optimise, problem.limits, settings)

    def cautions(self, problem: Question) -> list[str]:
        """Return what is likely to be meant otherwise."""
        data, said = problem.data, list(problem.data.cautions)
        endless = all(own.most == MOST_SERVERS for own in data.servers)
        if problem.optimise == "throughput" and endless and not {"servers", "cost", "resources"} & set(problem.limits):
            said.append("nothing limits the throughput: set servers_max, cost_max_usd_per_hour or count_max of servers")
        if problem.optimise == "cost" and not any(own.usd_per_hour for own in data.servers):
            said.append("no server has a price: give usd_per_hour, or minimise servers")
        return said


CLUSTER: Family = Clusters()
