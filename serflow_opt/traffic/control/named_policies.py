"""Policies by name: what each needs of an instance, and the service it scales there.

All but SERFLOW, the controller and foresight run the network as one block. Most leave requests to functions beside
machines, so there both must keep the targets; where no type and no function do so together, those that can do with one
of the two get the cheapest of that kind, and the others cannot serve, which is said with the reason.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from serflow_opt.errors import InputError, OutOfReach, Problem
from serflow_opt.ground.deadline import NEVER, Deadline, OutOfTime
from serflow_opt.ground.stopping import stoppable
from serflow_opt.problem.given import check_inference, on_instance
from serflow_opt.traffic.control.cold_size import sized
from serflow_opt.traffic.control.keep_warm import KeepWarm
from serflow_opt.traffic.control.made_policies import TRACKING, policy_of
from serflow_opt.traffic.control.overload import with_lower_floor
from serflow_opt.traffic.control.split import TraceRates, cheapest
from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.given import trace_of
from serflow_opt.traffic.provision.service_of import scalable
from serflow_opt.traffic.provision.solve import WINDOW_S, provision

if TYPE_CHECKING:
    from collections.abc import Callable

    from serflow_opt.problem.instance import Instance
    from serflow_opt.traffic.demand.trace import Trace
    from serflow_opt.traffic.provision.result import Deployment
    from serflow_opt.traffic.provision.structures import Structure
    from serflow_opt.traffic.scaling_policy import ScalingPolicy
    from serflow_opt.traffic.service import Draws, Service

POLICIES = (
    *("functions", "maximum", "autoscaler", *TRACKING),
    *("libra", "libra-mean", "libra-mean-warm", "serflow"),
    *("whole", "controller", "foresight", "batches", "controller-batches"),
)
"""What can be compared: functions only; machines for the maximum; an autoscaler; target tracking; LIBRA, which knows
one block and one run time, that of the whole network; LIBRA told the mean run time, and the same with functions kept
warm as by our controller; SERFLOW's published rule; our
controller on the whole network as one block, and on blocks of stages; one that knows all rates in advance, though not
each request; and for blocks that take batches machines by the rate that was seen, and our controller."""
BATCHED = ("batches", "controller-batches")
"""Those that know batches; all others serve one by one."""
USUAL = tuple(name for name in POLICIES if name not in ("tracking-60", "tracking-80", "libra-mean-warm", *BATCHED))
"""Those that are compared where none are named; batches, too, where tiers take them."""
STAGED = ("serflow", "controller", "foresight")
"""Those that know blocks of stages."""
WARM = ("libra-mean-warm", "whole", "controller", "foresight")
"""Those that keep environments of functions warm."""
Pools = Literal["functions", "machines", "both", "any"]
"""What must be there to serve a block: a function, machines, machines and a function beside them, either."""
POOLS: dict[str, Pools] = {
    "functions": "functions",
    "maximum": "machines",
    "autoscaler": "machines",
    **dict.fromkeys(TRACKING, "machines"),
    "libra": "both",
    "libra-mean": "both",
    "libra-mean-warm": "both",
    "serflow": "both",
    "whole": "any",
    "controller": "any",
    "foresight": "any",
    **dict.fromkeys(BATCHED, "any"),
}
"""What each policy needs."""
WANTED = {"functions": "no function", "machines": "no type of machines", "both": "no type of machines with a function"}
BLOCKS_GAP, LONG_S = 5e-3, 60.0
"""Gap and seconds at which the search for blocks ends: what is compared is how they are scaled."""
MORE_GAP = 2e-2
"""The same for rates that a trace does not have, `TIMES` its own: which machines pay there is all that is asked."""
TIMES, MOST_TIMES = 4.0, 4.0**6
"""Where functions alone are cheapest at a trace's rates, machines are chosen for so many times the rates, and again,
until they pay."""


@dataclass(frozen=True, slots=True)
class Unfit:
    """Why a policy cannot serve; `proven`: nothing else can be had, `file`: which instance."""

    file: str
    reason: str
    proven: bool

    def error(self, name: str) -> InputError:
        """Return what is raised where nobody else is asked for."""
        place = f"--policy {name}" if name else "targets"
        problem = Problem(self.file, place, self.reason, "`serflow-opt provision` says what can be had")
        return (OutOfReach if self.proven else InputError)([problem])


class Services:
    """The services of an instance for the rates of a trace, each found once.

    Parameters
    ----------
    blocks
        Most blocks, for policies that know blocks of stages.
    deadline
        When to stop: what was found by then is taken, and OutOfTime raised where nothing was.
    degraded_accuracy, searched, keep_warm
        As of `service_for`; the instance with other prices, where blocks are looked for instead.
    """

    def __init__(
        self,
        instance: Instance,
        trace: Trace,
        blocks: int,
        deadline: Deadline = NEVER,
        degraded_accuracy: float | None = None,
        searched: Instance | None = None,
        keep_warm: KeepWarm = "named",
    ) -> None:
        check_inference(instance, "traffic")
        self.instance, self.blocks, self.deadline = instance, blocks, deadline
        self._floor, self._searched = degraded_accuracy, searched or instance
        self._all_rates = TraceRates.of(trace, WINDOW_S, deadline)
        self._rates = self._all_rates.planned
        self._keep_warm = keep_warm
        self._known: dict[tuple[Pools, int, KeepWarm], Service | Unfit] = {}
        self._deployed: dict[tuple[Pools, int, float], Deployment] = {}
        self._draws: dict[tuple[int, ...], Draws | None] = {}  # the same object where requests are the same

    def of(self, name: str) -> Service | Unfit:
        """Return what a policy scales."""
        if name in BATCHED:
            return self.batched()
        how: KeepWarm = self._keep_warm if name in WARM else "off"
        return self.service(POOLS[name], self.blocks if name in STAGED else 1, how)

    def service(self, pools: Pools, blocks: int, how: KeepWarm | None = None) -> Service | Unfit:
        """Return the service of the cheapest deployment with these pools, or why there is none.

        It has machines and functions wherever both keep the targets, whichever is asked for: machines take their time
        to start. Of one block and of more that is taken which costs least under our controller.

        Parameters
        ----------
        pools, blocks
            What must be there, and most blocks.
        how
            Environments are kept warm; None: as was said.
        """
        how = how or self._keep_warm
        if pools == "both":
            return self._found("both", blocks, how)
        fit: list[Service] = []
        for most in [1, blocks] if pools == "any" and blocks > 1 else [blocks]:
            with suppress(OutOfTime):  # what else there is serves, too
                found = self._found("both", most, how)
                fit += [] if isinstance(found, Unfit) else [found]
            if self.deadline.expired:
                break
        if not fit:
            return self._found(pools, blocks, how)
        return cheapest(fit, self._all_rates)

    def batched(self) -> Service | Unfit:
        """Return the service of the cheapest deployment at the mean rate, with batches or one by one."""
        if not self.instance.takes_batches:
            return Unfit(self.instance.name, "no tier takes batches", False)
        found = self._provision(self.instance, self._rates.mean, self.blocks)
        if found.service is None:
            return self._unfit("any", self.blocks, found.status == "infeasible", found.reason)
        return found.service

    def _provision(
        self,
        instance: Instance,
        demand: Rates | float,
        blocks: int,
        keep: Callable[[Structure], bool] | None = None,
        gap: float = BLOCKS_GAP,
    ) -> Deployment:
        """Return the cheapest deployment, as far as its blocks and thresholds go: who may wait each policy decides."""
        limit = min(LONG_S, self.deadline.left)
        return provision(
            *(instance, demand), blocks=blocks, keep=keep, gap=gap, time_limit=limit, confirm=False, prove_waits=None
        )

    def _has_both(self, service: Service) -> bool:
        blocks = service.blocks
        return all(block.function is not None for block in blocks) and any(block.machines for block in blocks)

    def _found(self, pools: Pools, blocks: int, how: KeepWarm) -> Service | Unfit:
        asked = pools, blocks, how
        if asked not in self._known:
            self._known[asked] = self._search(*asked)
        return self._known[asked]

    def _search(self, pools: Pools, blocks: int, how: KeepWarm) -> Service | Unfit:
        kinds = {tier.kind == "function" for tier in self.instance.tiers}
        for function, what in ((True, "functions"), (False, "machines")):
            if pools in (what, "both") and function not in kinds:
                return Unfit(self.instance.name, f"there is no tier of {what}", False)
        keep = None if pools == "any" else KEEPS[pools]
        rates, times = self._rates, 1.0
        while True:
            try:
                asked = pools, blocks, times
                if asked not in self._deployed:
                    gap = BLOCKS_GAP if times == 1 else MORE_GAP
                    self._deployed[asked] = self._provision(self._searched, rates, blocks, keep, gap)
                found = self._deployed[asked]
            except InputError:  # more machines than are counted
                if times == 1:
                    raise
                return self._unfit(pools, blocks, False, "machines never pay")
            if found.service is None:
                if found.status == "no_solution" and self.deadline.expired:
                    raise OutOfTime("no blocks of stages were found that keep the targets; allow more time")
                return self._unfit(pools, blocks, found.status == "infeasible", found.reason)
            service = sized(self.instance, found.structure, found.levels, self._all_rates, how)
            service = replace(service, draws=self._draws.setdefault(tuple(found.levels), service.draws))
            service = self._with_second_menu(service, found.structure)
            if pools != "both" or any(choice.machine is not None for choice in found.structure):
                return service
            if times >= MOST_TIMES or self.deadline.expired:
                if self.deadline.expired and not self._has_both(service):
                    raise OutOfTime("no machines were found that pay beside functions; allow more time")
                return service if self._has_both(service) else self._unfit(pools, blocks, False, "machines never pay")
            times *= TIMES
            rates = replace(self._rates, rates=self._rates.rates * times)

    def _with_second_menu(self, service: Service, structure: Structure) -> Service:
        """Add the cheapest thresholds on the same blocks that keep the lower floor of accuracy."""
        if self._floor is None:
            return service
        lower = with_lower_floor(self.instance, self._floor)
        found = self._provision(lower, self._rates, len(structure), lambda other: other == structure)
        if found.service is None:
            reason = found.reason or f"nothing was found within {found.seconds:.3g} s"
            cure = "give a lower floor than the first menu has, or none"
            raise InputError([Problem(self.instance.name, "degraded accuracy", f"{self._floor:g}: {reason}", cure)])
        second = scalable(self.instance, structure, found.levels)
        menu = replace(
            service,
            shares=second.shares,
            accuracies=second.accuracies,
            draws=second.draws,
            thresholds=second.thresholds,
        )
        return replace(service, degraded=menu)

    def _unfit(self, pools: Pools, blocks: int, proven: bool, reason: str) -> Unfit:
        """Say why nothing was found."""
        if pools == "any":
            whole = "the whole network as one block: " if blocks == 1 else ""
            text = whole + (reason or f"no deployment was found within {LONG_S:g} s")
        else:
            how = "runs the whole network" if blocks == 1 else "runs it in blocks"
            text = f"{WANTED[pools]} {how} and keeps the targets"
            if not proven:
                text += f": {reason}" if reason else f", as far as was found within {LONG_S:g} s"
        return Unfit(self.instance.name, text, proven)


def _both(structure: Structure) -> bool:
    functions = all(choice.function is not None for choice in structure)
    return functions and any(choice.machine is not None for choice in structure)


KEEPS = {
    "functions": lambda structure: all(choice.machine is None for choice in structure),
    "machines": lambda structure: all(choice.function is None for choice in structure),
    "both": _both,
}
"""Which structures have what is wanted."""


@on_instance
@stoppable()
def service_for(
    instance: Instance,
    trace: Trace | str | Path,
    blocks: int,
    time_limit: float | Deadline | None = None,
    degraded_accuracy: float | None = None,
    keep_warm: KeepWarm = "named",
) -> Service:
    """Return the service of the cheapest deployment for a trace's rates, each block with all types that keep its times.

    As one block it has a type of machines and a function, where both keep the targets; else what is cheapest.

    Parameters
    ----------
    instance
        The problem.
    trace
        Gives the rates: a trace, or the path of one.
    blocks
        Most blocks.
    time_limit
        Seconds, or a clock that runs already; None: none.
    degraded_accuracy
        Accuracy floor of a second menu of thresholds on the same blocks, which the controller serves with under
        overload: `Service.degraded`. None: there is no second menu.
    keep_warm
        How environments of functions are kept warm by calls of their own, where that pays or the target needs it:
        named: each is called by a name of its own, as versions of a function have; together: all by calls at once,
        which hold them for 0.1 s; off: none is.

    Raises
    ------
    InputError
        Where there is none.
    OutOfTime
        Where none was found in time.
    """
    deadline = Deadline.of(time_limit)
    services = Services(instance, trace_of(trace), blocks, deadline, degraded_accuracy, keep_warm=keep_warm)
    found = services.service("any", blocks)
    if isinstance(found, Unfit):
        raise found.error("")
    return found


def batched_for(
    instance: Instance, trace: Trace | str | Path, blocks: int, time_limit: float | Deadline | None = None
) -> Service:
    """Return the service of the cheapest deployment at a trace's mean rate, with batches where they pay.

    Parameters
    ----------
    instance, trace, blocks, time_limit
        As of `service_for`, whose errors it has; another where no tier takes batches.
    """
    found = Services(instance, trace_of(trace), blocks, Deadline.of(time_limit)).batched()
    if isinstance(found, Unfit):
        raise found.error("batches")
    return found


def prepared(
    instance: Instance,
    trace: Trace,
    name: str,
    blocks: int,
    every_s: float,
    deadline: Deadline = NEVER,
    degraded_accuracy: float | None = None,
    keep_warm: KeepWarm = "named",
) -> tuple[ScalingPolicy, Service]:
    """Return a policy of `POLICIES` and the service it scales.

    Parameters
    ----------
    instance
        The problem.
    trace
        Gives the rates for which the service is made.
    name
        One of `POLICIES`.
    blocks
        Most blocks.
    every_s
        As of `policy_of`.
    deadline
        When to stop.
    degraded_accuracy, keep_warm
        As of `service_for`.

    Raises
    ------
    InputError
        Where it cannot serve.
    OutOfTime
        Where no service was found in time.
    """
    found = Services(instance, trace, blocks, deadline, degraded_accuracy, keep_warm=keep_warm).of(name)
    if isinstance(found, Unfit):
        raise found.error(name)
    return policy_of(name, found, trace, every_s, deadline)
