"""Policies side by side on the same requests, and the bound that no policy can beat."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from serflow_opt.errors import InputError, OutOfReach, Problem, nearest
from serflow_opt.ground.deadline import Deadline, OutOfTime
from serflow_opt.ground.kept import Kept
from serflow_opt.ground.stopping import stoppable
from serflow_opt.ground.tolerances import EQUAL, UNCHANGED
from serflow_opt.problem.given import on_instance
from serflow_opt.problem.instance import Instance
from serflow_opt.traffic.control.keep_warm import KeepWarm
from serflow_opt.traffic.control.made_policies import policy_of
from serflow_opt.traffic.control.named_policies import (
    BATCHED,
    LONG_S,
    POLICIES,
    USUAL,
    Services,
    Unfit,
    service_for,
)
from serflow_opt.traffic.control.overload import check_second_menu
from serflow_opt.traffic.control.runs import simulated
from serflow_opt.traffic.control.slack import TAIL, worst_s
from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.given import check_scaling, trace_of
from serflow_opt.traffic.scaling_policy import ScalingPolicy
from serflow_opt.traffic.schedule.result import Schedule
from serflow_opt.traffic.schedule.solve import schedule
from serflow_opt.traffic.service import Service
from serflow_opt.traffic.simulate.requests import Requests, draw
from serflow_opt.traffic.simulate.result import Simulation
from serflow_opt.traffic.simulate.simulate import check_number

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["POLICIES", "Comparison", "PolicyRow", "compare", "service_for"]

MOST_MOMENTS = 10_000
"""Moments of decision of a clairvoyant schedule, a week of minutes; where those of the policies together are more, it
decides as the controllers do."""


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """One policy: what it cost and how it kept the latency target.

    Attributes
    ----------
    bound
        What nobody could be below who serves the same requests when they come; 0: unknown.
    unhurried_s
        How long the slowest way takes without waiting; counts where requests have no target of their own.
    allowed
        Share of the requests that the target lets be late; where it is for all, a share that does not count.
    """

    policy: str
    blocks: int
    simulation: Simulation
    bound: float
    unhurried_s: float = math.inf
    allowed: float = TAIL

    @property
    def usd(self) -> float:
        """USD for the whole trace."""
        return self.simulation.usd_total

    @property
    def violations(self) -> float:
        """Share of the requests that missed the target or were dropped."""
        return self.simulation.violations / max(self.simulation.arrivals, 1)

    @property
    def keeps_target(self) -> bool:
        """Whether no more were late or dropped than the target allows."""
        return self.violations <= self.allowed

    @property
    def like_for_like(self) -> bool:
        """Whether money is all there is to compare: nobody was late or dropped, nor saved by letting requests wait."""
        run = self.simulation
        waited = run.slo_s is None and bool((run.latency > self.unhurried_s * (1 + UNCHANGED)).any())
        return not (run.violations or waited or self.usd < self.bound * (1 - EQUAL))


@dataclass(frozen=True, slots=True, repr=False)
class Comparison(Kept):
    """All policies on one trace.

    Attributes
    ----------
    rows
        In the order of `POLICIES`.
    bounds
        Clairvoyant schedules by number of blocks: least cost of machines and functions with perfect foresight, every
        request served as it comes.
    left_out
        Policies that cannot serve this instance, and why.
    notes
        Why there is no bound, where there is none, and what carbon leaves out.
    stopped
        Whether time was up or Ctrl-C pressed before all was done; `left_out` and `notes` say what is missing.
    """

    instance: str
    trace: str
    rows: tuple[PolicyRow, ...]
    bounds: dict[int, Schedule] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    stopped: bool = False

    def row(self, policy: str) -> PolicyRow | None:
        """Return the row of a policy, None where it was not run."""
        return next((row for row in self.rows if row.policy == policy), None)

    def to_frame(self) -> pd.DataFrame:
        """Return the table.

        Where `like_for_like` is false requests were late, dropped, or waited. The bound serves all of them as they
        come, so such a policy may be below it, and what it saves over another one is not money alone.
        """
        import pandas as pd

        libra = self.row("libra")
        records: list[dict[str, Any]] = []
        for row in self.rows:
            run = row.simulation
            records.append(
                {
                    "policy": row.policy,
                    "blocks": row.blocks,
                    "usd": row.usd,
                    "usd_machines": run.usd["machines"],
                    "usd_functions": run.usd["functions"],
                    "usd_links": run.usd["links"],
                    "carbon_g": math.nan if run.carbon_total_g is None else run.carbon_total_g,
                    "p50_ms": run.percentile(50) * 1000,
                    "p95_ms": run.percentile(95) * 1000,
                    "p99_ms": run.percentile(99) * 1000,
                    "violations": row.violations,
                    "keeps_target": row.keeps_target,
                    "dropped": sum(run.dropped.values()) / max(run.arrivals, 1),
                    "accuracy": math.nan if run.accuracy is None else run.accuracy,
                    "degraded": run.degraded / max(run.arrivals, 1),
                    "utilisation": run.utilisation,
                    "saving_over_libra": 1 - row.usd / libra.usd if libra else math.nan,
                    "above_bound": row.usd / row.bound - 1 if row.bound > 0 else math.nan,
                    "like_for_like": row.like_for_like,
                }
            )
        return pd.DataFrame.from_records(records)

    def _said(self) -> str:
        return f"{self.instance}, {self.trace}: {', '.join(row.policy for row in self.rows)}"

    def to_dict(self) -> dict[str, Any]:
        """Return the document that `compare --json` prints; `save` keeps the whole."""
        rows = [
            {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in record.items()}
            for record in self.to_frame().to_dict("records")
        ]
        bounds = {
            str(blocks): {
                "usd": found.bound,
                "checked_bound": found.checked_bound,
                "attained": found.usd,
                "status": found.status,
                "method": found.method,
                "scope": found.scope,
            }
            for blocks, found in self.bounds.items()
        }
        return {
            "instance": self.instance,
            "trace": self.trace,
            "policies": rows,
            "clairvoyant": bounds,
            "left_out": dict(self.left_out),
            "notes": list(self.notes),
            "stopped": self.stopped,
        }


@on_instance
@stoppable()
def compare(
    instance: Instance,
    trace: Trace | str | Path,
    *,
    policies: Collection[str] | None = None,
    blocks: int = 2,
    every_s: float = 60.0,
    seed: int = 0,
    times: str = "fixed",
    cv: float = 0.5,
    jobs: int = 1,
    gap: float = 1e-3,
    degraded_accuracy: float | None = None,
    keep_warm: KeepWarm = "named",
    time_limit: float | None = None,
    on_progress: Callable[[str], None] | None = None,
) -> Comparison:
    """Run policies on the same requests.

    All but SERFLOW, the controller and foresight run the network as one block: the cheapest type and function that keep
    the targets at the trace's rates. These run it as the blocks that `provision` finds for these rates; the controller
    and foresight may use any type that keeps their times.

    Parameters
    ----------
    policies
        Some of `POLICIES`; None: `USUAL`. Those that cannot serve this instance are left out, with the reason. Of two
        that come to the same, as on a network of one stage, one is run.
    blocks
        Most blocks.
    every_s
        Seconds between decisions of the controllers. LIBRA and SERFLOW decide every 300 s, as published. The
        clairvoyant schedules decide whenever one of the policies does.
    seed, times, cv
        See `simulate`.
    jobs
        Processes.
    gap
        Of the schedules.
    degraded_accuracy
        As of `service_for`; policies but the controller do not know it.
    keep_warm
        As of `service_for`; only our controllers, foresight and libra-mean-warm do so.
    time_limit
        Seconds; None: none. Policies that are not through by then are left out, with how far they came.
    on_progress
        Told what is being done.

    Raises
    ------
    InputError
        For unknown policies, instances that do not say how long machines take to start, and where none of the policies
        can serve.
    OutOfTime
        Where time was up before the first policy was through.
    """
    deadline = Deadline(time_limit)
    trace = trace_of(trace)
    check_scaling(instance)
    check_number(trace)
    usual = (*USUAL, *BATCHED) if instance.takes_batches else USUAL
    asked = usual if policies is None else policies
    unknown = [name for name in asked if name not in POLICIES]
    if unknown:
        raise InputError([Problem("", "--policy", f"'{name}'", nearest(name, POLICIES)) for name in unknown])
    check_second_menu(asked, degraded_accuracy)

    tell = on_progress or (lambda text: None)
    found = Services(instance, trace, blocks, deadline, degraded_accuracy, keep_warm=keep_warm)
    left_out: dict[str, Unfit] = {}
    late: dict[str, str] = {}
    chosen: list[tuple[str, ScalingPolicy, Service]] = []
    whole: list[Service] = []
    for name in POLICIES:
        if name not in asked or _twice(name, instance, blocks, asked):
            continue
        tell(f"finding what {name} scales")
        try:
            deadline.check()
            service = found.of(name)
            if isinstance(service, Unfit):
                left_out[name] = service
                continue
            chosen.append((name, *policy_of(name, service, trace, every_s, deadline)))
        except OutOfTime as error:
            late[name] = str(error) or "no time was left"
            continue
        unkept = _unkept(service)
        whole += [unkept] if unkept not in whole and name not in BATCHED else []
    if not chosen and not late:
        problems = [problem for name, why in left_out.items() for problem in why.error(name).problems]
        raise (OutOfReach if all(why.proven for why in left_out.values()) else InputError)(problems)
    tell("scheduling with perfect foresight")
    step_s = _step_s([policy for _, policy, _ in chosen], trace, every_s)
    drawn = _drawn([*whole, *(service for _, _, service in chosen)], trace, seed, deadline)
    bounds, notes = _bounds(whole, trace, drawn, step_s, gap, deadline)
    filled = [service for name, _, service in chosen if name in BATCHED]
    in_batches, more = _bounds(filled, trace, drawn, step_s, gap, deadline)
    cut = deadline.expired
    arguments = [
        (service, trace, policy, seed, times, cv, deadline, drawn.get(_exits(service))) for _, policy, service in chosen
    ]
    runs = simulated({name: own for (name, _, _), own in zip(chosen, arguments, strict=True)}, jobs, tell)
    rows = []
    for name, _, service in chosen:
        run = runs[name]
        if isinstance(run, str):
            late[name] = run
            continue
        bound = _above((in_batches if name in BATCHED else bounds).get(len(service.blocks)), run)
        allowed = max(TAIL, 1 - service.quantile)
        rows.append(PolicyRow(name, len(service.blocks), run, bound, _unhurried_s(service), allowed))
    if not rows:
        reasons = {why: [name for name in late if late[name] == why] for why in late.values()}
        raise OutOfTime("; ".join(f"{', '.join(names)}: {why}" for why, names in reasons.items()))
    unfit = {name: why.reason for name, why in left_out.items()} | {n: f"stopped: {why}" for n, why in late.items()}
    without = tuple({own.simulation.carbon_without: None for own in rows if own.simulation.carbon_without})
    return Comparison(instance.name, trace.name, tuple(rows), bounds, unfit, notes + more + without, bool(late or cut))


def _unkept(service: Service) -> Service:
    """Return the service without a word on what is kept warm: the bound knows no cold start."""
    blocks = (replace(own, function=own.function and replace(own.function, named=True)) for own in service.blocks)
    return replace(service, blocks=tuple(blocks), keep_warm=())


def _exits(service: Service) -> tuple[object, ...]:
    """Return what the requests of a service depend on: services that agree in it meet the same ones."""
    return service.shares, service.accuracies, id(service.draws)


def _drawn(
    services: Sequence[Service], trace: Trace, seed: int, deadline: Deadline
) -> dict[tuple[object, ...], Requests]:
    """Draw the requests of all services, as far as there is time."""
    found: dict[tuple[object, ...], Requests] = {}
    with suppress(OutOfTime):
        for service in services:
            key = _exits(service)
            found[key] = found[key] if key in found else draw(service, trace, seed, deadline=deadline)
    return found


def _as_drawn(service: Service, requests: Requests) -> Service:
    """Return the service with the exits that the requests of a simulation happen to take."""
    exits = requests.exits
    shares = np.bincount(exits, minlength=len(service.shares)) / max(len(exits), 1)
    return replace(service, shares=tuple(shares.tolist()))


def _unhurried_s(service: Service) -> float:
    """Seconds of a request that goes all the way, meets every cold start, and waits nowhere."""
    functions = [block.function for block in service.blocks if block.function is not None]
    return worst_s(service) + math.fsum(function.cold_start_s for function in functions)


def _above(bound: Schedule | None, run: Simulation) -> float:
    """What a run would have cost at least; hand-overs, which all pay alike, are not in the schedule."""
    return 0.0 if bound is None else bound.bound + run.usd["links"]


def _step_s(policies: Sequence[ScalingPolicy], trace: Trace, every_s: float) -> float:
    """Seconds of which all moments of decision are multiples, to a millisecond, if these are not too many."""
    step = math.gcd(*(round(policy.every_s * 1000) for policy in policies if math.isfinite(policy.every_s))) / 1000
    return step if step > 0 and trace.seconds <= MOST_MOMENTS * step else every_s


def _bounds(
    services: Sequence[Service],
    trace: Trace,
    requests: Mapping[tuple[object, ...], Requests],
    step_s: float,
    gap: float,
    deadline: Deadline,
) -> tuple[dict[int, Schedule], tuple[str, ...]]:
    """Return the schedule with the lowest bound for each number of blocks, and why there is none."""
    bounds: dict[int, Schedule] = {}
    notes: list[str] = []
    for service in services:
        count = len(service.blocks)
        try:
            if _exits(service) not in requests:
                raise OutOfTime
            drawn = _as_drawn(service, requests[_exits(service)])
            found = schedule(drawn, trace, step_s=step_s, gap=gap, time_limit=min(LONG_S, deadline.left))
        except OutOfTime:
            notes.append(f"stopped before the schedule with perfect foresight of {count} block{'s' * (count > 1)}")
            continue
        except InputError as error:  # machines that are too few for the largest rate
            notes.append(f"no schedule serves all as they come, {count} block{'s' * (count > 1)}: {error}")
            continue
        if count not in bounds or found.bound < bounds[count].bound:
            bounds[count] = found
    return dict(sorted(bounds.items())), tuple(notes)


def _twice(name: str, instance: Instance, blocks: int, policies: Collection[str]) -> bool:
    """Whether a policy does what another one that is run does, too: on one block, or on one stage with its one time."""
    same = {"whole": "controller", "libra-mean": "libra"}.get(name)
    one = {"whole": blocks == 1 or len(instance.stages) == 1, "libra-mean": len(instance.stages) == 1}
    return same in policies and one.get(name, False)
