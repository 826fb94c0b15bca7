"""Small services of three stages on three types of machines, for pairs of pools."""

from __future__ import annotations

import itertools

import numpy as np
from support.rented_pools import LINK

from serflow_opt import Instance
from serflow_opt.ground.deadline import Deadline
from serflow_opt.problem.network import Menu, Stage
from serflow_opt.problem.offers import Option, Scaling, Tier
from serflow_opt.traffic.carrying import Arrivals, Carrying
from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.provision.question import ProvisionQuestion
from serflow_opt.traffic.provision.search import ProvisionSearch

MEASURES = (None, "worst", "p90", "mean")


def service(seed: int) -> Instance:
    """Three stages, three types of machines in two tiers, of which one has few, and a function in half of them."""
    rng = np.random.default_rng(seed)
    few = Tier("spot", "vm", scaling=Scaling(machines_max=int(rng.integers(1, 4))))
    times = [tuple(map(float, rng.uniform(0.05, 0.3, 3))) for _ in range(3)]
    workers = rng.integers(1, 3, 3)
    rents = [float(rng.uniform(0.3, 1.0) * w / sum(t)) for t, w in zip(times, workers, strict=True)]
    options = [
        Option(name, tier, t, usd_per_s=usd, workers=int(w))
        for name, tier, t, usd, w in zip("abc", (0, 0, 1), times, rents, workers, strict=True)
    ]
    tiers = [few, Tier("on-demand", "vm"), Tier("fn", "function")]
    if seed % 2:
        options.append(Option("f", 2, (0.15, 0.1, 0.1), usd_per_s=float(rng.uniform(1, 6)), usd_per_request=0.02))
    names = [tier.name for tier in tiers]
    measure = MEASURES[seed // 2 % 4]
    path = max(sum(t) for t in times)
    return Instance(
        name="drawn",
        description="",
        stages=tuple(Stage(1.0, 1.0, 1.0) for _ in range(3)),
        input_bytes=1.0,
        menus=(
            Menu((0.5, 0.9), (0.5, 0.2), (0.85, 0.93)),
            Menu((0.5, 0.9), (0.6, 0.3), (0.85, 0.93)),
            Menu((0.0,), (1.0,), (0.95,)),
        ),
        threshold_mode="menu",
        tiers=tuple(tiers),
        options=tuple(options),
        links={("client", name): LINK for name in names} | dict.fromkeys(itertools.combinations(names, 2), LINK),
        source="client",
        rate_per_s=float(rng.uniform(2, 8)),
        accuracy_min=0.9,
        latency_slo_s=None if measure is None else path * float(rng.uniform(1.0, 4.0)),
        latency_measure=measure or "worst",
        utilisation_cap=0.9,
        minimize="cost",
        accounting="reserved",
    )


def searched(instance: Instance, blocks: int = 2, arrivals: Arrivals = "random") -> ProvisionSearch:
    """Return a search that has not begun."""
    assert instance.rate_per_s is not None
    carrying = Carrying(arrivals, instance.utilisation_cap)
    question = ProvisionQuestion(instance, Rates.steady(instance.rate_per_s), blocks, None, carrying, confirm=False)
    return ProvisionSearch(question, 1e-6, Deadline(None))
