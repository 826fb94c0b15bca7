"""A service under traffic, request by request.

Requests only go on, never back, and what a block does depends on no later one. So time is cut where the policy decides,
and between two decisions the blocks are worked off one after the other; the result is that of one queue of all events.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.errors import InputError, Problem
from serflow_opt.ground.deadline import Deadline, OutOfTime
from serflow_opt.ground.stopping import stoppable
from serflow_opt.ground.tolerances import ROUNDING, TOLERANCE
from serflow_opt.traffic.given import service_of, trace_of
from serflow_opt.traffic.scaling_policy import Orders, Seen
from serflow_opt.traffic.service import LEAST_KEPT_S
from serflow_opt.traffic.simulate.at_start import begun, no_fewer
from serflow_opt.traffic.simulate.block import Steps
from serflow_opt.traffic.simulate.faults import Faults
from serflow_opt.traffic.simulate.lanes import Lanes
from serflow_opt.traffic.simulate.requests import Requests, draw
from serflow_opt.traffic.simulate.result import REASONS, Simulation
from serflow_opt.traffic.simulate.service_times import Durations, Law

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

    from serflow_opt.traffic.demand.trace import Trace
    from serflow_opt.traffic.scaling_policy import ScalingPolicy
    from serflow_opt.traffic.service import Service
    from serflow_opt.traffic.simulate.block import Station
    from serflow_opt.traffic.simulate.machines import MachineRental

MOST_SIMULATED = 300_000_000
"""Requests of one simulation; these take about 8 GB and a few minutes."""
MOST_DECISIONS = 10_000_000
"""Of a policy in one simulation; these take minutes without a single request."""
_MOST = 1 << 17  # requests in a step: bounds memory where the policy is rarely asked
_CACHED = 1 << 14  # requests whose latencies stay in the processor's cache


@stoppable()
def simulate(
    service: Service,
    trace: Trace | str | Path,
    policy: ScalingPolicy,
    *,
    seed: int = 0,
    times: str | NDArray[np.float64] = "fixed",
    cv: float = 0.5,
    timeout_s: float | None = None,
    arrivals: str = "spread",
    faults: Faults = Faults(),  # noqa: B008 - it is frozen
    period_s: float = 60.0,
    time_limit: float | Deadline | None = None,
    on_progress: Callable[[float], None] | None = None,
    requests: Requests | None = None,
    machines_at_start: tuple[dict[str, int], ...] = (),
) -> Simulation:
    """Send the requests of a trace through a service that a policy scales.

    Requests, exits and service times follow from the seed alone, so policies meet the same requests.

    Parameters
    ----------
    seed
        Of all that is drawn.
    times
        How service times scatter around the stated ones, by a factor with mean 1, one a request and block: fixed;
        lognormal or pareto with coefficient of variation `cv`; or measured factors, drawn with replacement. Where an
        option states a standard deviation, lognormal keeps that.
    timeout_s
        A request that waits longer in front of a block is dropped; None: none is.
    arrivals
        Moments in a period of the trace: spread (at random), even (equally spaced), or poisson (at random, and so is
        their number).
    faults
        Machines that do not start or are taken away, functions that refuse.
    period_s
        Length of the periods of the result's table.
    time_limit
        Seconds; None: none.
    on_progress
        Called with the share of the trace that is done.
    requests
        What `draw` returned for the service, the trace, the seed and the arrivals; None: they are drawn.
    machines_at_start
        By block, machines by type that serve from second 0 on, paid from then on, where the service runs already; ():
        none. They stay until the second decision: at the first nobody has seen anything.

    Raises
    ------
    OutOfTime
        When time is up, or Ctrl-C pressed, before all requests are through: part of a trace is no answer.
    ValueError
        When a parameter makes no sense, or the trace has more requests than can be simulated (InputError).
    """
    service, trace = service_of(service), trace_of(trace)
    if not hasattr(policy, "decide"):
        cure = "give a policy: so.Controller(service), or anything with `decide`"
        raise InputError([Problem("", "policy", f"{type(policy).__name__} {policy!r:.60}", cure)])
    deadline = Deadline.of(time_limit)
    check_number(trace)
    law = Law.of(times, cv)
    positive = {"period_s": period_s, "policy.every_s": policy.every_s, "timeout_s": timeout_s}
    for name, value in positive.items():
        if value is not None and not (value > 0 or (name == "timeout_s" and value == 0)):
            raise ValueError(f"{name}: {value}; give a number above 0")
    if trace.seconds > MOST_DECISIONS * policy.every_s:
        found, least = f"{policy.every_s:g}, and a trace of {trace.seconds:,.10g} s", trace.seconds / MOST_DECISIONS
        raise InputError([Problem("", "every_s", found, f"give at least {least:g}, or take a part of the trace")])
    try:
        requests = draw(service, trace, seed, arrivals, deadline) if requests is None else requests
    except OutOfTime:
        raise _stopped(0, trace.requests, 0.0, trace) from None
    second: Requests | None = None
    if service.degraded is not None:  # the same moments, and the same samples where there are any
        second = draw(service.degraded, trace, seed, arrivals, deadline)
        requests = Requests(requests.times, requests.exits.copy(), requests.right.copy())  # who is degraded changes
    hops = [block.hop_s for block in service.blocks]
    stations = [
        Lanes(
            block,
            hop_s,
            Durations(block, requests.exits, law, np.random.default_rng([seed, 2, b]), hop_s),
            faults,
            timeout_s,
            period_s,
            len(requests.times),
            [seed, 3, b],
        )
        for b, (block, hop_s) in enumerate(zip(service.blocks, [*hops[1:], 0.0], strict=True))
    ]
    done = np.full(len(requests.times), math.nan)
    there = begun(service, stations, machines_at_start)
    errors, degraded = _run(
        service, trace, policy, faults, stations, requests, second, done, deadline, on_progress, there
    )
    return _result(service, trace, policy, stations, requests, done, errors, degraded, period_s)


def check_number(trace: Trace) -> None:
    """Raise InputError where a trace has more requests than can be replayed one by one."""
    if trace.requests <= MOST_SIMULATED:
        return
    found, share = f"{trace.requests:,} requests", MOST_SIMULATED / trace.requests
    most = f"at most {MOST_SIMULATED:,} are simulated one by one"
    cure = f"take a part of it, or scale it down (--trace-scale {share:.1g}): {most}"
    raise InputError([Problem(trace.name, "requests", found, cure)])


def _stopped(sent: int, count: int, now: float, trace: Trace) -> OutOfTime:
    """Return what is raised when time is up."""
    return OutOfTime(
        f"{sent:,} of {count:,} requests were simulated, up to second {now:,.10g} of {trace.seconds:,.10g}; "
        "allow more time, or take a part (--to-s)"
    )


def _run(
    service: Service,
    trace: Trace,
    policy: ScalingPolicy,
    faults: Faults,
    stations: list[Lanes],
    requests: Requests,
    second: Requests | None,
    done: NDArray[np.float64],
    deadline: Deadline,
    on_progress: Callable[[float], None] | None,
    there: tuple[dict[str, int], ...],
) -> tuple[list[tuple[float, str]], tuple[int, float]]:
    """Go through time, from decision to decision; writes when requests are done, and where they leave by which menu.

    Returns
    -------
    tuple
        The policy's errors; and requests, and seconds, with the second menu.
    """
    hop_s = service.blocks[0].hop_s
    entries = requests.times + hop_s if hop_s else requests.times
    errors: list[tuple[float, str]] = []
    number, seconds = 0, 0.0
    failed: tuple[dict[str, int], ...] = tuple({m.name: 0 for m in block.machines} for block in service.blocks)
    orders = _checked(Orders(there), service)
    since = now = 0.0
    turn = sent = 0
    while now < trace.seconds:
        try:
            orders = _checked(policy.decide(_look(stations, since, now, failed)), service)
        except Exception as error:  # whatever a policy does, serving goes on
            errors.append((now, f"{type(error).__name__}: {error}"))
        for station, queue_max, quota, warm in zip(
            stations, orders.queue_max, orders.quota, orders.keep_warm, strict=True
        ):
            station.follow(queue_max, quota)
            station.keep_warm(warm, now)
        wanted = orders.machines if turn else no_fewer(orders.machines, there)
        failed = tuple(s.want(own, now, faults) for s, own in zip(stations, wanted, strict=True))
        turn += 1
        since, now = now, min(turn * policy.every_s, trace.seconds)
        end = int(np.searchsorted(entries, now)) if now < trace.seconds else len(entries)
        if orders.degraded and second is not None:
            requests.exits[sent:end], requests.right[sent:end] = second.exits[sent:end], second.right[sent:end]
            number, seconds = number + end - sent, seconds + now - since
        parts = max(1, math.ceil((end - sent) / _MOST))
        cuts = {t for station in stations for t in station.warm_calls_before(now)}
        for until in sorted(cuts.union(np.linspace(since, now, parts + 1)[1:-1].tolist(), [now])):
            if deadline.expired:
                raise _stopped(sent, len(entries), since, trace)
            end = int(np.searchsorted(entries, until))
            _step(stations, np.arange(sent, end), entries[sent:end], until, done)
            sent = end
            for station in stations if until < now else []:
                station.call_warm(until)
        if on_progress is not None:
            on_progress(now / trace.seconds)
    _step(stations, np.arange(sent, len(entries)), entries[sent:], math.inf, done)
    return errors, (number, seconds)


def _step(
    stations: list[Lanes],
    numbers: NDArray[np.int64],
    times: NDArray[np.float64],
    until_s: float,
    done: NDArray[np.float64],
) -> None:
    """Work the blocks off, one after the other, up to a moment."""
    for b, station in enumerate(stations):
        station.feed(numbers, times)
        numbers, ends, on = station.step(until_s)
        if b == len(stations) - 1:
            done[numbers] = ends
        else:
            done[numbers[~on]] = ends[~on]
            numbers, times = numbers[on], ends[on] + station.hop_s


def _look(stations: list[Lanes], since_s: float, now_s: float, failed: tuple[dict[str, int], ...]) -> Seen:
    reports = [station.report(since_s, now_s) for station in stations]
    return Seen(
        now_s,
        tuple(counts for counts, _ in reports),
        tuple(station.ready(now_s) for station in stations),
        tuple(station.starting(now_s) for station in stations),
        failed,
        tuple(refused for _, refused in reports),
    )


def _checked(orders: Orders, service: Service) -> Orders:
    """Return orders with everything filled in; a policy that orders nonsense has failed."""
    n = len(service.blocks)
    queues, quotas = orders.queue_max or (0,) * n, orders.quota or (None,) * n
    warm = orders.keep_warm or (0,) * n
    if not len(orders.machines) == len(queues) == len(quotas) == len(warm) == n:
        raise ValueError(f"orders for another number of blocks than {n}")
    for block, wanted in zip(service.blocks, orders.machines, strict=True):
        unknown = set(wanted) - {machine.name for machine in block.machines}
        if unknown or not all(0 <= number < math.inf and number == int(number) for number in wanted.values()):
            raise ValueError(f"machines {wanted}: unknown, or not a whole number of 0 or more")
    for block, most, quota in zip(service.blocks, queues, quotas, strict=True):
        if isinstance(most, tuple) and len(most) != (len(block.shares) or 1):
            raise ValueError(f"queue_max {most}: for another number of pools than {len(block.shares) or 1}")
        if block.shares and quota is not None:
            raise ValueError(f"quota {quota}: for a block with two pools, whose requests go by share")
    for block, count in zip(service.blocks, warm, strict=True):
        if not (0 <= count < math.inf and count == int(count)):
            raise ValueError(f"keep_warm {count}: not a whole number of 0 or more")
        if count and (block.function is None or block.function.keep_alive_s < LEAST_KEPT_S):
            raise ValueError(f"keep_warm {count}: no function whose environments stay warm for {LEAST_KEPT_S:g} s")
    machines = tuple({name: int(number) for name, number in wanted.items()} for wanted in orders.machines)
    steps: list[Steps | None] = [
        None if quota is None else tuple(sorted(((float(s), int(n)) for s, n in quota), key=lambda step: step[0]))
        for quota in quotas
    ]
    most_of = tuple(tuple(map(int, most)) if isinstance(most, tuple) else int(most) for most in queues)
    return Orders(machines, most_of, tuple(steps), bool(orders.degraded), tuple(map(int, warm)))


def _result(
    service: Service,
    trace: Trace,
    policy: ScalingPolicy,
    stations: list[Lanes],
    requests: Requests,
    done: NDArray[np.float64],
    errors: list[tuple[float, str]],
    degraded: tuple[int, float],
    period_s: float,
) -> Simulation:
    latency, late, right = _answers(requests, done, service.slo_s)
    lost = [station.lost for station in stations]
    dropped = {reason: sum(len(own[reason]) for own in lost) for reason in REASONS}
    pools = [(b, pool) for b, station in enumerate(stations) for pool in station.stations]
    rentals = [rental for b, own in pools for rental in own.pool.fleet.rentals(b, trace.seconds)]
    for station, own in zip(stations, lost, strict=True):
        for reason, moments in own.items():
            station.tally.add(reason, np.array(moments, float))
    ends = [trace.seconds, *(r.end_s for r in rentals), *(r.ordered_s + r.billed_s for r in rentals)]
    periods = max(math.ceil(max(ends) / period_s * (1 - ROUNDING)), *(s.tally.periods("arrivals") for s in stations))
    result = Simulation(
        service=service.name,
        trace=trace.name,
        policy=policy.name,
        arrivals=len(done),
        served=len(latency),
        dropped=dropped,
        entered=tuple(sum(own.entered for own in station.stations) for station in stations),
        by_machine=tuple(sum(own.by_machine for own in station.stations) for station in stations),
        by_function=tuple(sum(own.by_function for own in station.stations) for station in stations),
        cold_starts=tuple(sum(own.cold_starts for own in station.stations) for station in stations),
        warm_calls=tuple(sum(own.warm_calls for own in station.stations) for station in stations),
        warm_cold=tuple(sum(own.warm_cold for own in station.stations) for station in stations),
        usd_warm=math.fsum(own.usd_warm for _, own in pools),
        throttled=tuple(sum(own.pool.refused for own in station.stations) for station in stations),
        latency=latency,
        slo_s=service.slo_s,
        violations=late + sum(dropped.values()),
        accuracy=right / len(latency) if len(latency) and right is not None else None,
        usd={
            "machines": math.fsum(rental.usd for rental in rentals),
            "functions": math.fsum(own.usd_function for _, own in pools),
            "links": math.fsum(own.entered * own.block.hop_usd for _, own in pools),
        },
        rentals=tuple(rentals),
        busy_worker_s=math.fsum(own.busy_s for _, own in pools),
        policy_errors=tuple(errors),
        period_s=period_s,
        periods=periods,
        tallies=tuple(station.tally for station in stations),
        degraded=degraded[0],
        degraded_s=degraded[1],
        batch_mean=tuple(station.batch_mean for station in stations),
        carbon_g=_carbon(rentals, [own for _, own in pools]) if service.counts_carbon else {},
        carbon_without=service.carbon_without,
    )
    _balanced(result)
    return result


def _answers(
    requests: Requests, done: NDArray[np.float64], slo_s: float | None
) -> tuple[NDArray[np.float32], int, int | None]:
    """Return the latencies of those served, how many are late, and how many are right; None: unknown."""
    latest = math.inf if slo_s is None else slo_s * (1 + TOLERANCE)
    latency = np.empty(len(done), np.float32)
    size = late = right = 0
    known = True
    for first in range(0, len(done), _CACHED):
        part = slice(first, first + _CACHED)
        took, answers = done[part] - requests.times[part], requests.right[part]
        served = np.isfinite(took)
        if not served.all():
            took, answers = took[served], answers[served]
        latency[size : size + len(took)] = took
        size, late = size + len(took), late + int(np.count_nonzero(took > latest))
        right += int(np.count_nonzero(answers > 0))
        known = known and bool((answers >= 0).all())
    return latency[:size].copy() if size < len(latency) else latency, late, right if known else None


def _carbon(rentals: Iterable[MachineRental], stations: Iterable[Station]) -> dict[str, float]:
    """Grams of machines that are on, of their work, and of functions."""
    own = list(stations)
    return {
        "machines": math.fsum(rental.carbon_g for rental in rentals),
        "work": math.fsum(station.carbon_busy for station in own),
        "functions": math.fsum(station.carbon_function for station in own),
    }


def _balanced(found: Simulation) -> None:
    """Raise if a request was lost or counted twice."""
    lost = sum(found.dropped.values())
    runs = sum(found.by_machine) + sum(found.by_function)
    if found.arrivals != found.served + lost or sum(found.entered) != runs + lost or found.entered[0] != found.arrivals:
        raise AssertionError(
            f"{found.arrivals} requests arrived, {found.served} were served and {lost} dropped; blocks were entered "
            f"{sum(found.entered)} times and {runs} runs counted"
        )
