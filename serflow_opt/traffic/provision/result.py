"""What to rent for a demand: pools, functions, how traffic splits, and the exact value of it.

The value is computed here by the formulas of the docstrings, from the service alone: it shares nothing with the model.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from serflow_opt.ground.gaps import relative_gap
from serflow_opt.ground.kept import Kept
from serflow_opt.plan.certificate import Certificate
from serflow_opt.plan.document import Choice, ClashingSet, PlanStatus
from serflow_opt.traffic.carrying import Arrivals, Carrying
from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.provision.confirmed import Simulated
from serflow_opt.traffic.provision.spill import no_room, spilled_rate
from serflow_opt.traffic.provision.structures import Structure
from serflow_opt.traffic.queues.erlang import erlang_c
from serflow_opt.traffic.service import Service

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Part:
    """A block of a deployment; rates are of requests entering the block, per second.

    Attributes
    ----------
    first, last
        Stages, from 1.
    machine, count, machine_rate
        VM type, how many, and what one takes at the utilisation cap; None, 0, 0.0 without machines.
    queue_max
        Requests that may wait for a worker where others go to the function; None without machines, or a function.
    function, function_usd
        Function, and what a request costs there, USD, its share of cold starts included; None, inf without.
    reach, rate
        Share of all requests that enter, and how many a second on average.
    spilled
        Requests per second that go to the function.
    busy
        Mean share of the machines' time that is busy.
    usd_machines, usd_functions, usd_links
        USD per second.
    t_cip
        Rate from which one full machine is cheaper than the function, c / c^F: LIBRA's cost indifference point, by
        block; without machines, of the cheapest type that keeps its time. None without a function.
    s_cip
        Reach of this block below which it is cheaper on its function, behind the machines before it, than on machines
        big enough for both blocks; None where no type runs both in time, and without a function.
    random_spill, random_wait
        With Poisson arrivals at the mean rate: share of the block's requests that find neither a free worker nor room
        to wait and go to the function; without a function, that wait (Erlang C).
    machine_tier, function_tier
        Names of the tiers they are in.
    pools
        Where the block has two pools of machines each of them, with its own share of what enters; the block has their
        sums then, and `queue_max` stands with each. Empty: there is one pool, and this is it.
    batch, batch_wait_s, batch_mean
        Most requests in a batch, how long it may wait to be full, and how many are in one on average at its start.
    function_batch
        Most requests in a call of the function, where a block takes batches; `queue_max` is of batches there.
    """

    first: int
    last: int
    machine: str | None
    count: int
    queue_max: int | None
    machine_rate: float
    function: str | None
    function_usd: float
    reach: float
    rate: float
    spilled: float
    busy: float
    usd_machines: float
    usd_functions: float
    usd_links: float
    t_cip: float | None = None
    s_cip: float | None = None
    random_spill: float | None = None
    random_wait: float | None = None
    machine_tier: str | None = None
    function_tier: str | None = None
    pools: tuple[Part, ...] = ()
    batch: int = 1
    batch_wait_s: float = 0.0
    batch_mean: float = 1.0
    function_batch: int = 1

    @property
    def usd_per_s(self) -> float:
        """USD per second."""
        return self.usd_machines + self.usd_functions + self.usd_links


@dataclass(frozen=True, slots=True, repr=False)
class Deployment(Kept):
    """A provisioning decision and its certificate; see `provision`.

    `bound` and `usd_per_s` are USD per second; `structure` and `levels` are positions in the instance, for the stages
    that run somewhere; `service` is what `simulate` takes, and `scalable` makes one of it with more types to choose
    from. `latency_mean_ms` includes `latency_wait_ms`, the mean wait for machines; `on_time` is the share that is in
    time, waits included. `simulated` is what simulations say of the promise; None: nobody waits. `checked_bound` is
    what no deployment is below whatever a solver says. `scope` says in a line under what assumptions the proof holds
    and what simulations did not confirm, `proven_where` in a few words among what the answer is proven, where not among
    all, `reason` why there is no answer, or what was proven before a simulation
    changed it, `clashing` which limits leave none.
    """

    instance: str
    status: PlanStatus
    demand: Rates
    parts: tuple[Part, ...] = ()
    thresholds: tuple[Choice, ...] = ()
    service: Service | None = None
    structure: Structure = ()
    levels: tuple[int, ...] = ()
    arrivals: Arrivals = "random"
    accuracy: float | None = None
    latency_worst_ms: float = math.nan
    latency_mean_ms: float = math.nan
    latency_wait_ms: float = 0.0
    on_time: float = math.nan
    bound: float = 0.0
    checked_bound: float = 0.0
    seconds: float = 0.0
    method: str = ""
    reason: str = ""
    scope: str = ""
    clashing: tuple[ClashingSet, ...] = ()
    simulated: Simulated | None = None
    proven_where: str = ""

    @property
    def usd_per_s(self) -> float:
        """What it costs, USD per second."""
        return math.fsum(part.usd_per_s for part in self.parts) if self.parts else math.inf

    @property
    def refuted(self) -> bool:
        """Whether simulations have it break its promise of latency, and no change was found that keeps it."""
        return self.simulated is not None and self.simulated.kept.verdict == "broken"

    @property
    def gap(self) -> float:
        """Relative distance of cost and bound."""
        if not self.parts:
            return math.inf
        return relative_gap(self.usd_per_s, self.bound)

    @property
    def certificate(self) -> Certificate:
        """Why it can be trusted, in USD an hour as in its document."""
        return Certificate(
            exact_objective=self.usd_per_s * 3600 if self.parts else None,
            method=self.method,
            scope=self.scope,
            checked_bound=self.checked_bound * 3600 if math.isfinite(self.checked_bound) else None,
        )

    @property
    def counts(self) -> tuple[int, ...]:
        """Machines by block."""
        return tuple(part.count for part in self.parts)

    def _said(self) -> str:
        reached = f", {self.usd_per_s * 3600:.6g} USD/hour" if self.parts else ""
        return f"{self.instance}: {self.status}{reached}"

    def to_frame(self) -> pd.DataFrame:
        """Return one row a block: what it rents, how its traffic splits, what it costs an hour."""
        import pandas as pd

        columns = ("first", "last", "reach", "rate", "machine", "count", "machine_rate", "busy", "function", "spilled")
        rows = [{name: getattr(part, name) for name in columns} for part in self.parts]
        frame = pd.DataFrame(rows, columns=columns)
        return frame.assign(usd_per_hour=[part.usd_per_s * 3600 for part in self.parts])

    def to_dict(self) -> dict[str, Any]:
        """Return the document that `provision --json` prints; `save` keeps the whole."""

        def known(x: float | None) -> float | None:
            return None if x is None or not math.isfinite(x) else x

        found = bool(self.parts)
        return {
            "instance": self.instance,
            "status": self.status,
            "demand": {"mean_per_s": self.demand.mean, "peak_per_s": self.demand.peak, "arrivals": self.arrivals},
            "objective": {"name": "cost", "value": self.usd_per_s * 3600 if found else None, "unit": "USD/hour"},
            "bound": self.bound * 3600,
            "checked_bound": self.checked_bound * 3600,
            "gap": known(self.gap),
            "seconds": self.seconds,
            "method": self.method,
            "scope": self.scope,
            "reason": self.reason,
            "simulated": None if self.simulated is None else self.simulated.to_dict(),
            "clashing_sets": [own.model_dump() for own in self.clashing],
            "blocks": [
                {
                    "stages": [part.first, part.last],
                    "reach": part.reach,
                    "requests_per_s": part.rate,
                    "machine": part.machine,
                    "machine_tier": part.machine_tier,
                    "count": part.count,
                    "batch": part.batch,
                    "batch_wait_ms": part.batch_wait_s * 1000,
                    "batch_mean": part.batch_mean,
                    "function_batch": part.function_batch,
                    "queue_max": part.queue_max,
                    "machine_requests_per_s": known(part.machine_rate),
                    "busy": part.busy,
                    "function": part.function,
                    "function_tier": part.function_tier,
                    "function_requests_per_s": part.spilled,
                    "function_usd_per_request": known(part.function_usd),
                    "usd_per_hour": {
                        "machines": part.usd_machines * 3600,
                        "functions": part.usd_functions * 3600,
                        "links": part.usd_links * 3600,
                    },
                    "t_cip_per_s": known(part.t_cip),
                    "s_cip": known(part.s_cip),
                    "random_arrivals": {"spill": part.random_spill, "wait": part.random_wait},
                    "pools": [
                        {
                            "machine": own.machine,
                            "machine_tier": own.machine_tier,
                            "share": own.reach / part.reach if part.reach else None,
                            "requests_per_s": own.rate,
                            "count": own.count,
                            "queue_max": own.queue_max,
                            "machine_requests_per_s": known(own.machine_rate),
                            "busy": own.busy,
                            "function_requests_per_s": own.spilled,
                            "usd_per_hour": own.usd_per_s * 3600,
                        }
                        for own in part.pools
                    ],
                }
                for part in self.parts
            ],
            "thresholds": [choice.model_dump(exclude_none=True) for choice in self.thresholds],
            "metrics": {
                "accuracy": self.accuracy,
                "latency_worst_ms": known(self.latency_worst_ms),
                "latency_mean_ms": known(self.latency_mean_ms),
                "latency_wait_ms": known(self.latency_wait_ms),
                "on_time_share": known(self.on_time),
                "usd_per_hour": self.usd_per_s * 3600 if found else None,
                "usd_per_million_requests": self.usd_per_s / self.demand.mean * 1e6 if found else None,
            },
        }


def value_parts(
    service: Service,
    counts: Sequence[int],
    rooms: Sequence[int | None],
    demand: Rates,
    carrying: Carrying,
    cold_usd: Sequence[float],
) -> tuple[Part, ...]:
    """Value machines for a demand, block by block.

    With a function a block's machines take what they carry of the load a = λ R_b / r_b w, and the function the rest;
    where arrivals are smooth that is E[(λ R_b - η n r_b)^+] c^F_b (SERFLOW). Without one machines take all.

    Parameters
    ----------
    service
        Blocks with one type of machine each at most.
    counts, rooms
        Machines by block, and requests that may wait for them beside a function.
    demand
        Rates of the requests that arrive at the service.
    carrying
        What machines carry.
    cold_usd
        By block, what cold starts add to a request on its function, USD.
    """
    parts = []
    for b, block in enumerate(service.blocks):
        reach, count = service.reach(b), counts[b]
        machine = block.machines[0] if block.machines else None
        usd = service.function_usd(b) + cold_usd[b] if block.function else math.inf
        rate = service.rate_per_s(b, machine) if machine else 0.0
        entering, spilled = demand.mean * reach, 0.0
        room = (rooms[b] or 0) if block.function else None
        if block.function:
            servers = machine.workers * count if machine else 0
            spilled = spilled_rate(demand, reach, rate, servers, machine, carrying, room or 0)
        kept = entering - spilled
        load = entering / rate * machine.workers if machine and rate else 0.0
        servers = count * machine.workers if machine else 0
        parts.append(
            Part(
                first=block.first + 1,
                last=block.last + 1,
                machine=machine.name if machine else None,
                count=count,
                queue_max=room if count else None,
                machine_rate=carrying.cap * rate,
                function=block.function.name if block.function else None,
                function_usd=usd,
                reach=reach,
                rate=entering,
                spilled=spilled,
                busy=kept / rate / count if count and rate else 0.0,
                usd_machines=count * machine.usd_per_s if machine else 0.0,
                usd_functions=spilled * usd if block.function and spilled else 0.0,
                usd_links=entering * block.hop_usd,
                random_spill=no_room(servers, load, room or 0) if machine and block.function else None,
                random_wait=erlang_c(servers, load) if machine and not block.function else None,
            )
        )
    return tuple(parts)


def together(parts: Sequence[Part]) -> tuple[Part, ...]:
    """Put the pools of each block, valued as blocks, together."""
    return tuple(_sum(list(own)) for _, own in itertools.groupby(parts, key=lambda part: part.first))


def _sum(pools: Sequence[Part]) -> Part:
    first = pools[0]
    if len(pools) == 1:
        return first
    count = sum(part.count for part in pools)
    takes = math.fsum(part.count * part.machine_rate for part in pools)
    rate = math.fsum(part.rate for part in pools)

    def mean(name: str) -> float | None:
        """Weigh what is known of each by the requests that enter it."""
        own = [getattr(part, name) for part in pools]
        return None if None in own else math.fsum(x * part.rate for x, part in zip(own, pools, strict=True)) / rate

    return replace(
        first,
        machine=" + ".join(part.machine or "" for part in pools),
        count=count,
        queue_max=None,
        machine_rate=takes / count,
        reach=math.fsum(part.reach for part in pools),
        rate=rate,
        spilled=math.fsum(part.spilled for part in pools),
        busy=math.fsum(part.busy * part.count for part in pools) / count,
        usd_machines=math.fsum(part.usd_machines for part in pools),
        usd_functions=math.fsum(part.usd_functions for part in pools),
        usd_links=math.fsum(part.usd_links for part in pools),
        random_spill=mean("random_spill"),
        random_wait=mean("random_wait"),
        pools=tuple(pools),
    )
