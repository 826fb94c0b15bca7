"""Our controller: machines by what each is expected to save, re-planned at fixed intervals, without foresight.

What a machine is worth stands in `worth.py`, how many may wait in `slack.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from serflow_opt.errors import InputError, Problem
from serflow_opt.traffic.control.contest import LEARNT, OWN, Contest
from serflow_opt.traffic.control.journal import Event, EventJournal
from serflow_opt.traffic.control.outlook import Outlook
from serflow_opt.traffic.control.overload import Overload, overloaded
from serflow_opt.traffic.control.valued import RETRY_S, ValuedMachines
from serflow_opt.traffic.control.warm_orders import WarmOrders
from serflow_opt.traffic.demand import saved
from serflow_opt.traffic.demand.forecast import RecentWindow
from serflow_opt.traffic.demand.intake import LAST_S
from serflow_opt.traffic.demand.like_moments import LikeMoments
from serflow_opt.traffic.demand.trend import SHORT, RisingWindow
from serflow_opt.traffic.scaling_policy import Orders, Seen
from serflow_opt.traffic.service import Block, Service

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from serflow_opt.traffic.carrying import Arrivals
    from serflow_opt.traffic.demand.forecast import Forecaster
    from serflow_opt.traffic.demand.rates import Rates

STAYS = 3.0
"""Rates are means over so many stays of a request: over less they show what random arrivals count already."""
ALONE_SMOOTHING_S = 10
"""At least, where all wait for machines: a queue outlasts a second in which more come than can be served."""
MOST_CAME_S = 3600
"""Seconds since the last decision that are looked back on."""
MOST_COUNTED = 1_000_000
"""More machines than this are not there, whoever says so."""
LONGEST_SMOOTHING_S = 60
"""Rates are never averaged over more than this."""


class Controller:
    """A policy that scales a service.

    Parameters
    ----------
    service
        Blocks, each with the machine types it may use and its function.
    every_s, stay_s
        Seconds between decisions, and those that a machine is expected to stay once it is ordered.
    arrivals
        random: at each rate requests come as a Poisson process, so machines carry less than they could; smooth: evenly.
    forecaster
        Makes a forecaster for a block; None: `RecentWindow`, and `RisingWindow` for blocks that take batches.
    keep_warm
        Whether environments of functions are kept warm, as many as the service says at most.
    name
        What tables call it.
    """

    def __init__(
        self,
        service: Service,
        every_s: float = 60.0,
        *,
        stay_s: float = 1800.0,
        arrivals: Arrivals = "random",
        forecaster: Callable[[Block], Forecaster] | None = None,
        keep_warm: bool = True,
        name: str = "controller",
    ) -> None:
        self.service, self.every_s, self.stay_s, self.name = service, every_s, stay_s, name
        self._journal = EventJournal()
        blocks = range(len(service.blocks))
        self._plans = [ValuedMachines(service, b, stay_s, arrivals) for b in blocks]
        smooth = [_smoothing_s(service, b, arrivals) for b in blocks]
        self._outlooks = [
            Outlook(
                smooth_s,
                (forecaster or partial(_looking_ahead, every_s, smooth_s))(service.blocks[b]),
                partial(self._note, b),
            )
            for b, smooth_s in enumerate(smooth)
        ]
        self._past = [_past(service.blocks[b], every_s, smooth_s) for b, smooth_s in enumerate(smooth)]
        self._contests = [
            Contest(smooth_s, partial(self._note, b), service.blocks[b].function is not None, past is not None)
            for b, (smooth_s, past) in enumerate(zip(smooth, self._past, strict=True))
        ]
        self._warm = [WarmOrders(service, b) for b in blocks] if keep_warm and any(service.keep_warm) else []
        self._came = [np.zeros(0) for _ in blocks]  # since the last decision
        self._expected: list[Rates | None] = [None for _ in blocks]
        self._overload = Overload(service, partial(self._note, None))
        self._now_s = 0.0

    @property
    def events(self) -> list[Event]:
        """What was noticed or done, the latest last."""
        return self._journal.events

    def decide(self, seen: Seen) -> Orders:
        """Take in what was seen and say what is to be had.

        Raises
        ------
        InputError
            When it is of another number of blocks.
        """
        self._take_in(seen)
        rates = [float(np.nanmean(came)) if np.isfinite(came).any() else 0.0 for came in self._came]
        machines = tuple(self._machines(b, seen) for b in range(len(self.service.blocks)))
        serving = [
            {name: min(count, _machines(seen.ready[b], name)) for name, count in own.items()}
            for b, own in enumerate(machines)
        ]
        over = [
            b
            for b, plan in enumerate(self._plans)
            if self.service.degraded is not None
            and (
                overloaded(self.service, b, plan.worths, serving[b], rates[b], seen.throttled[b])
                or self._contests[b].behind(plan.worths)
            )
        ]
        waiting = tuple(map(queue_max, self._plans, serving, self._expected))
        kept = tuple(self._kept_warm(b, own, serving[b]) for b, own in enumerate(self._warm))
        return Orders(machines, waiting, degraded=self._overload.decide(over), keep_warm=kept)

    def observe(self, b: int, from_s: float, counts: NDArray[np.float64]) -> None:
        """Take in requests of block b, second by second from a moment on; what is late, repeated or absurd is noted.

        Parameters
        ----------
        b, from_s, counts
            The block, the second of the first count, and requests second by second; NaN: not known.
        """
        if self._overload.degraded and self.service.degraded is not None and b > 0:
            after = self.service.degraded.reach(b)  # what the first menu would have sent here
            counts = np.asarray(counts, dtype=float) * (self.service.reach(b) / after if after > 0 else 1.0)
        new = self._outlooks[b].observe(from_s, counts)
        self._came[b] = np.concatenate([self._came[b], new])[-MOST_CAME_S:]
        if (past := self._past[b]) is not None:
            past.observe(new)

    def state(self) -> dict[str, Any]:
        """Return all the controller knows, to be written as JSON."""
        blocks = [
            outlook.state() | plan.state() | {"contest": contest.state(), "past": past and past.state()}
            for outlook, plan, contest, past in zip(
                self._outlooks, self._plans, self._contests, self._past, strict=True
            )
        ]
        for own, warm in zip(blocks, self._warm, strict=False):
            own["warm"] = warm.state()
        menu = {"degraded": self._overload.degraded, "calm": self._overload.calm}
        return {"service": self.service.name, "now_s": self._now_s, "menu": menu, "blocks": blocks}

    def restore(self, state: Mapping[str, Any], now_s: float | None = None) -> None:
        """Go on from a state of a controller of the same service; one of another version is taken, and that is noted.

        Parameters
        ----------
        state, now_s
            What `state` returned, and what a new clock shows at its last decision; None: the clock goes on.

        Raises
        ------
        InputError
            When the state is of another service, or damaged: it names the key, and nothing is changed.
        """
        name, blocks = saved.entry(saved.mapping(state), "service"), saved.entry(state, "blocks")
        if not isinstance(blocks, (list, tuple)):
            raise saved.damaged("blocks", blocks, "a list")
        if name != self.service.name or len(blocks) != len(self.service.blocks):
            found = f"of '{name}' with {len(blocks)} blocks"
            cure = f"restore one of '{self.service.name}' with {len(self.service.blocks)}"
            raise InputError([Problem("state", "service", found, cure)])
        if now_s is not None and not (isinstance(now_s, Real) and abs(now_s) < LAST_S):
            raise InputError([Problem("", "now_s", f"{now_s}", "give seconds, or None")])
        menu = saved.mapping(saved.entry(state, "menu"), "menu")
        degraded, calm = saved.entry(menu, "degraded", "menu."), saved.whole(menu, "calm", "menu.", low=0.0)
        if not isinstance(degraded, bool):
            raise saved.damaged("menu.degraded", degraded, "true or false")
        before = saved.number(state, "now_s")
        later = 0.0 if now_s is None else now_s - before
        outlooks, plans, contests, pasts, warm = [], [], [], [], []
        for b, own in enumerate(blocks):
            place = f"blocks[{b}]."
            outlooks.append(self._outlooks[b].restored(saved.mapping(own, f"blocks[{b}]"), place, later))
            plans.append(self._plans[b].restored(own, place, later))
            contests.append(self._contests[b].restored(own, place, later))
            past, kept = self._past[b], own.get("past")
            warm += [kept_warm.restored(own.get("warm"), f"{place}warm") for kept_warm in self._warm[b : b + 1]]
            pasts.append(past if past is None or kept is None else past.restored(kept, f"{place}past"))
        self._outlooks, self._plans, self._contests, self._now_s = outlooks, plans, contests, before + later
        self._past, self._warm = pasts, warm
        self._overload = Overload(self.service, self._overload.note, degraded, calm)
        self._came = [np.zeros(0) for _ in blocks]
        for b, contest in enumerate(contests):
            if contest.other:
                names = ", ".join(contest.other)
                self._note(b, f"the state is of a version with other contestants ({names}): their account begins anew")

    def _take_in(self, seen: Seen) -> None:
        """Take in the clock, the requests, and what went wrong."""
        parts = {"counts": seen.counts, "ready": seen.ready, "starting": seen.starting, "failed": seen.failed}
        wrong = [
            Problem("Seen", name, f"{len(part)} blocks", f"the service has {len(self.service.blocks)}")
            for name, part in (parts | {"throttled": seen.throttled}).items()
            if len(part) != len(self.service.blocks)
        ]
        if wrong:
            raise InputError(wrong)
        now_s = float(seen.now_s) if isinstance(seen.now_s, Real) else math.nan
        if abs(now_s) < LAST_S:  # nor NaN
            self._now_s = now_s
        for b, counts in enumerate(seen.counts):
            try:
                measured = np.asarray(counts, dtype=float).ravel()
            except (TypeError, ValueError):
                self._note(b, "a measurement that is no list of numbers is dropped")
            else:
                self.observe(b, now_s - len(measured), measured)
        for b, failed in enumerate(seen.failed):
            for name, count in failed.items():
                if count:
                    self._plans[b].did_not_start(name, self._now_s)
                    self._note(b, f"{count} x {name} did not start: not asked for again for {RETRY_S:g} s")
        for b, refused in enumerate(seen.throttled):
            if refused:
                self._note(b, f"the function refused {refused} requests")

    def _machines(self, b: int, seen: Seen) -> dict[str, int]:
        """Return the machines of a block."""
        block, plan = self.service.blocks[b], self._plans[b]
        if not block.machines:
            return {}
        have = {
            machine.name: _machines(seen.ready[b], machine.name) + _machines(seen.starting[b], machine.name)
            for machine in block.machines
        }
        came, self._came[b] = self._came[b], np.zeros(0)
        rates = self._expected[b] = self._outlooks[b].rates()
        if rates is None:  # nothing was seen yet: wait, or, where nothing else can serve, start with one
            return have if block.function or any(have.values()) else {block.machines[0].name: 1}
        name, count = plan.choice(self._now_s, rates, have)
        worth, forecasts, wanted = plan.worths[name], {OWN: rates}, {OWN: count}
        if (past := self._past[b]) is not None:
            forecasts[LEARNT] = past.rates(rates)
            wanted[LEARNT] = worth.best(forecasts[LEARNT], have[name])[0] if worth.busy_s > 0 else count
        count = self._contests[b].count(self._now_s, came, worth, forecasts, wanted)
        return plan.machines(self._now_s, name, count, have)

    def _kept_warm(self, b: int, warm: WarmOrders, serving: Mapping[str, int]) -> int:
        """Return how many environments of a block's function to keep warm beside machines that serve."""
        before, name = warm.given, max(serving, key=lambda name: serving[name], default=None)
        worth = None if name is None else self._plans[b].worths[name]
        count = warm.count(worth, 0 if name is None else serving[name], self._expected[b])
        if count != before:
            self._note(b, f"keeps {count} environments of the function warm, {before} before")
        return count

    def _note(self, b: int | None, text: str) -> None:
        self._journal.note(self._now_s, b, text)


def _looking_ahead(every_s: float, smooth_s: int, block: Block) -> Forecaster | None:
    """Return who looks ahead for a block: to the start of machines that are ordered at the next look.

    Parameters
    ----------
    every_s, smooth_s
        Seconds between decisions, and those over which rates are averaged.
    block
        The block; None is returned where it takes no batches.
    """
    if block.batch == 1 or not block.machines:
        return None
    start_s = max(machine.start_s for machine in block.machines)
    return RisingWindow(start_s + every_s, RecentWindow(SHORT, smooth_s))


def _past(block: Block, every_s: float, smooth_s: int) -> LikeMoments | None:
    """Return who remembers like moments of a block; None: where a wrong guess is more than money, or it takes batches.

    Parameters
    ----------
    block
        The block.
    every_s, smooth_s
        As of `_looking_ahead`.
    """
    if block.batch > 1 or not block.machines or block.function is None:
        return None
    start_s = max(machine.start_s for machine in block.machines)
    return LikeMoments(start_s + every_s / 2, smooth_s)


def _smoothing_s(service: Service, b: int, arrivals: Arrivals) -> int:
    """Seconds over which rates are averaged."""
    block = service.blocks[b]
    busy = max((service.busy_s(b, machine) for machine in block.machines), default=1.0)
    least = 1 if block.function else ALONE_SMOOTHING_S
    return min(LONGEST_SMOOTHING_S, max(least, round((STAYS if arrivals == "random" else 1.0) * busy)))


def queue_max(plan: ValuedMachines, serving: Mapping[str, int], rates: Rates | None = None) -> int:
    """Return how many requests may wait for machines that serve, and still be in time.

    Parameters
    ----------
    plan
        Of the block.
    serving
        Machines by type.
    rates
        As forecast; None: whatever they are.
    """
    there = [(plan.worths[name], count) for name, count in serving.items() if count]
    workers = sum(count * worth.machine.workers for worth, count in there)
    rate = math.fsum(count * worth.rate_per_s for worth, count in there)
    return min((worth.room_for(workers, rate, rates) for worth, _ in there), default=0)


def _machines(counts: Mapping[str, int], name: str) -> int:
    """How many machines of a type somebody says there are; what is no number is none, and nobody has more than most."""
    try:
        return min(max(0, int(counts.get(name, 0))), MOST_COUNTED)
    except (TypeError, ValueError, OverflowError):
        return 0
