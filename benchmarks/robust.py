"""What robust plans save when rates and times were believed too low: `bert12-sst2` at 1.5 times both.

    python benchmarks/robust.py

Deployments are decided by `provision`, for what is believed or for 1.5 times that; then an hour and ten minutes of
Poisson arrivals is simulated request by request, first as believed, then at 1.5 times the rate with stages that take
1.5 times as long. Money is of all of it, what is late of the last hour. Autoscalers see how busy machines are.
`docs/robust.md` has the table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

import serflow_opt as so
from serflow_opt.problem.stress import stressed
from serflow_opt.traffic.control.baselines import Autoscaler, Fixed
from serflow_opt.traffic.control.tracking import Tracking
from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.service import Service

FACTOR, BEGIN_S, HOUR_S = 1.5, 600, 3600


def slower(service: Service, factor: float) -> Service:
    """The service with all its seconds so many times as long."""

    def own(part: Any) -> Any:
        return None if part is None else replace(part, seconds=tuple(s * factor for s in part.seconds))

    blocks = [
        replace(block, machines=tuple(map(own, block.machines)), function=own(block.function))
        for block in service.blocks
    ]
    return replace(service, blocks=tuple(blocks))


def steady(rate: float) -> Trace:
    """So many requests a second for an hour and ten minutes."""
    periods = (BEGIN_S + HOUR_S) // 60
    return Trace(np.full(periods, round(rate * 60)), 60.0, np.full(periods, 60.0), "steady")


def held(plan: so.Deployment, service: Service) -> Fixed:
    """The machines of a plan, and its room in the queue before requests go to the function."""
    return Fixed(service, plan.counts, queue_max=tuple(part.queue_max or 0 for part in plan.parts))


def measured(service: Service, policy: Any, trace: Trace) -> tuple[float, float]:
    """USD an hour, and the share of requests in the last hour that miss the target."""
    run = so.simulate(service, trace, policy, seed=1, arrivals="poisson")
    last = run.latency[len(run.latency) * BEGIN_S // (BEGIN_S + HOUR_S) :]
    assert run.slo_s is not None
    dropped = sum(run.dropped.values()) / run.arrivals
    return run.usd_total / (BEGIN_S + HOUR_S) * 3600, float((last > run.slo_s).mean()) + dropped


def contestants(bert: so.Instance) -> list[tuple[str, Service, Callable[[Service], Any]]]:
    """Each with its service as believed times, and what scales it."""
    believed, robust = so.provision(bert), so.provision(stressed(bert, FACTOR))
    one = so.provision(bert, blocks=1)
    alone = replace(one.service, blocks=tuple(replace(block, function=None) for block in one.service.blocks))
    there = slower(robust.service, 1 / FACTOR)
    return [
        ("plan for what is believed", believed.service, lambda own: held(believed, own)),
        ("autoscaler 30-70 %, machines", alone, Autoscaler),
        ("autoscaler 30-70 %, functions beside", one.service, Autoscaler),
        ("target tracking 70 %, functions beside", one.service, lambda own: Tracking(own, 0.7, 60.0, "tracking")),
        ("controller of this package", believed.service, so.Controller),
        ("robust plan", there, lambda own: held(robust, own)),
    ]


if __name__ == "__main__":
    instance = so.load("bert12-sst2")
    rate = instance.rate_per_s
    print("| | as believed: USD/h | late | rate and times x 1.5: USD/h | late |\n|---|---|---|---|---|")
    for name, service, policy in contestants(instance):
        row = []
        for factor in (1.0, FACTOR):
            usd, late = measured(slower(service, factor), policy(service), steady(rate * factor))
            row += [f"{usd:.4f}", f"{late:.4%}"]
        print(f"| {name} | {' | '.join(row)} |")
