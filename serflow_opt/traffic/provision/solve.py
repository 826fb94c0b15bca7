"""Provision: blocks, machines, functions, thresholds and how traffic splits, decided together and proven."""

from __future__ import annotations

__all__ = ["Moment", "provision"]

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from numbers import Real
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.errors import InputError, Problem
from serflow_opt.ground.arguments import as_number
from serflow_opt.ground.deadline import Deadline
from serflow_opt.ground.stopping import stoppable
from serflow_opt.plan.names import Given
from serflow_opt.problem.egress import at_dearest, said_of_dearest
from serflow_opt.problem.given import check_inference, on_instance
from serflow_opt.problem.instance import Instance
from serflow_opt.traffic.batches.answer import STEADY, one_by_one_only, with_batches, without_batches
from serflow_opt.traffic.batches.search import BatchSearch
from serflow_opt.traffic.carrying import Arrivals, Carrying
from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.given import trace_of
from serflow_opt.traffic.provision.answer import deployment_of
from serflow_opt.traffic.provision.cut_short import cut_short
from serflow_opt.traffic.provision.of_plan import held_to
from serflow_opt.traffic.provision.question import Moment, ProvisionQuestion
from serflow_opt.traffic.provision.ramped import of_each_set
from serflow_opt.traffic.provision.result import Deployment
from serflow_opt.traffic.provision.search import ProvisionSearch
from serflow_opt.traffic.provision.spares import AVAILABILITY
from serflow_opt.traffic.provision.structures import Structure
from serflow_opt.traffic.provision.two_pools import shared
from serflow_opt.traffic.provision.why_not import why_not
from serflow_opt.traffic.simulate.service_times import Law

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIMULATING, SIMULATING_S = 1 / 6, 10.0
"""What simulations are left of a time limit at least, and at most so many seconds of it: three that do not decide, of
6.4 million requests (`confirmed.REQUESTS`) at 2 million a second."""
WINDOW_S = 60.0
"""Periods of a trace are put together to at least this: what varies within is taken for random arrivals."""


@on_instance
@stoppable()
@of_each_set
def provision(
    instance: Instance,
    demand: float | Trace | Rates | str | Path | None = None,
    *,
    plan: Given | None = None,
    blocks: int | None = None,
    arrivals: Arrivals = "random",
    wait_max: float | None = None,
    gap: float = 1e-3,
    time_limit: float | None = None,
    keep: Callable[[Structure], bool] | None = None,
    confirm: bool = True,
    pools: int = 1,
    times: str | Sequence[float] | NDArray[np.float64] = "fixed",
    cv: float = 0.5,
    prove_waits: bool | None = False,
    availability: float = AVAILABILITY,
    on_progress: Callable[[Moment], None] | None = None,
) -> Deployment:
    """Decide what to rent for a demand, and prove it.

    The network is cut into blocks of stages. Each has a pool of machines of one type, a function, or both; the function
    takes what machines do not carry. Blocks, types, counts, function sizes and thresholds are chosen together, at least
    cost per second (SERFLOW; `formulations/provisioning.py`).

    Parameters
    ----------
    instance
        Accuracy floor and latency target hold, waits included. Which pool of a block latency counts, its own or the
        slower for all, `scope` says (`promise.py`).
    demand
        Requests per second; a trace, or the path of one, whose minutes are the distribution of rates; None: the
        instance's rate_per_s.
    plan
        A plan of this instance: its blocks, options and thresholds are kept, and machines counted for it; where tiers
        offer batches, sizes and waits are decided, too. None: all is decided.
    blocks
        Most blocks; None: as many as tiers, but two at least.
    arrivals
        random: requests come as a Poisson process at each rate, and those that find no free worker go to the function
        (`carrying.py`); smooth: evenly, and machines are filled to the utilisation cap.
    wait_max
        Share of a block's requests that may find no free worker where the block has no function (Poisson arrivals), a
        limit beside the latency target; None: any.
    gap
        Relative distance between cost and bound at which the search ends. Limits in models are opened by a little, so
        below about 1e-7 little can be proven.
    time_limit
        Seconds; None: none.
    keep
        Which structures may be used; None: all.
    confirm
        Whether a simulation confirms the promise of latency where requests wait, and that no machine is too many.
    pools
        Most pools of machines a block. With 2 a block may have machines of two types, or of two tiers, such as spot and
        on demand: each pool has a share of the block's requests, and its own queue. They are looked for at the cut and
        thresholds of the best with one pool a block, and are never dearer than that.
    times
        How service times scatter around the stated ones, by a factor with mean 1, one a request and block, where
        latency is a percentile or the mean: fixed (as options state it: `sd_ms`); lognormal or pareto with coefficient
        of variation `cv`; or measured factors. Where an option states a standard deviation, lognormal keeps that.
    prove_waits
        Whether to prove waits beside functions with all else under a limit on the worst latency, whatever that takes.
        Otherwise, where there are more than 1,000 structures, they are proven in up to two blocks as far as 150 sets of
        thresholds are enough, in more they are tried, and the answer says what is proven. None: not tried either, for
        those who ask for blocks, not for places to wait in.
    availability
        Share of the time, below 1, that as many machines as are planned are to be up where some are taken away
        (`interruptions_per_day`): `scope` says how many that takes, and the cheapest mix with the same type on demand.
        Blocks, types and counts are chosen as if nothing were taken away.
    on_progress
        Called now and then.

    Returns
    -------
    Deployment
        `status` is optimal (proven within the gap), feasible, infeasible or no_solution.

    Raises
    ------
    InputError
        For instances with tiers, limits or choices that provisioning does not take, and for values out of range.
    """
    check_inference(instance, "provision")
    problems = [
        Problem("", name, repr(value), f"write {kind}")
        for name, value, good, kind in (
            ("blocks", blocks, blocks is None or blocks >= 1, "a whole number of at least 1"),
            ("wait_max", wait_max, wait_max is None or 0 < wait_max < 1, "a number between 0 and 1"),
            ("availability", availability, 0 < as_number(availability) < 1, "a share above 0 and below 1, as 0.999"),
            ("pools", pools, pools in (1, 2), "1 or 2"),
            ("gap", gap, gap >= 0, "a number of at least 0"),
            ("time_limit", time_limit, time_limit is None or as_number(time_limit) >= 0, "a number of at least 0"),
        )
        if not good
    ]
    if plan is not None and (blocks is not None or keep is not None):
        problems.append(
            Problem("", "plan, blocks, keep", "given together", "leave out blocks and keep: a plan has blocks")
        )
    if plan is not None and pools != 1:
        problems.append(Problem("", "plan, pools", "given together", "leave out pools: a plan has its machines"))
    if demand is None and instance.rate_per_s is None:
        problems.append(Problem(instance.name, "workload.rate_per_s", "missing", "give it, a rate, or a trace"))
    law = Law()
    try:
        law = Law.of(times if isinstance(times, str) else np.asarray(times, float), cv)
    except (ValueError, TypeError) as error:
        problems.append(Problem("", "times, cv", str(error), "as of `simulate`: fixed, lognormal, pareto, or factors"))
    if law.scatters and instance.latency_slo_s is not None and instance.latency_measure == "worst":
        cure = "take a percentile or the mean: --latency-measure p99"
        problems.append(Problem("", "times", f"{law}, and a limit on the worst latency, which they do not have", cure))
    steady = demand is None or isinstance(demand, Real) or (isinstance(demand, Rates) and len(demand.rates) == 1)
    if steady and plan is None:
        problems += one_by_one_only(instance, pools, law)
    if problems:
        raise InputError(problems)
    if isinstance(demand, str | PathLike):
        demand = trace_of(demand)
    if isinstance(demand, Trace):
        demand = Rates.of_trace(demand.in_periods(WINDOW_S))
    elif not isinstance(demand, Rates):
        rate = instance.rate_per_s if demand is None else demand
        assert rate is not None
        if not (isinstance(rate, Real) and rate > 0 and math.isfinite(rate)):
            raise InputError([Problem("", "demand", repr(rate), "write a rate above 0, requests per second")])
        demand = Rates.steady(rate)
    flat = said_of_dearest(instance)
    instance = at_dearest(instance)
    held = None if plan is None else held_to(instance, plan)
    if held is not None:
        instance, keep, blocks = held.instance, held.plans, len(held.runs)
    most = max(2, len({option.tier for option in instance.options})) if blocks is None else blocks
    most = min(most, len(instance.stages))
    carrying = Carrying(arrivals, instance.utilisation_cap)
    question = ProvisionQuestion(
        instance, demand, most, wait_max, carrying, keep, confirm, pools, law, prove_waits, availability
    )
    deadline = Deadline(time_limit)
    kept = min(SIMULATING * time_limit, SIMULATING_S) if time_limit and confirm and instance.latency_slo_s else 0.0
    searching = deadline.later(-kept)
    takes = instance.takes_batches
    plain = without_batches(question) if takes else question
    searches: list[ProvisionSearch] = []
    batched: list[BatchSearch] = []
    networks = zip((instance, *cut_short(instance)), (plain.instance, *cut_short(plain.instance)), strict=True)
    for network, alone in networks:
        best = min([math.inf, *(search.best for search in searches), *(search.best for search in batched)])
        if takes and len(demand.rates) == 1:
            batched.append(BatchSearch(replace(question, instance=network), gap, searching, on_progress, best))
            batched[-1].run()
            best = min(best, batched[-1].best)
        searches.append(ProvisionSearch(replace(plain, instance=alone), gap, searching, on_progress, best))
        searches[-1].run()
    two = shared(plain, searches, gap, searching) if pools > 1 else None
    found = deployment_of(plain, searches, deadline, two)
    if batched:
        found = with_batches(question, batched, searches, found, deadline)
    elif takes:
        found = replace(found, scope="; ".join(filter(None, (found.scope, STEADY))))
    if flat:
        found = replace(found, scope="; ".join(filter(None, (found.scope, *flat))))
    if held is not None:
        found = held.as_asked(found)
    if found.status != "infeasible":
        return found
    reason, sets = why_not(question, deadline)
    return replace(found, reason=reason, clashing=sets, seconds=deadline.seconds)
