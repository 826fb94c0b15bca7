"""Never worse than target tracking or the function alone: a plan of a block against what these would have had.

Each contestant has a fleet of its own in thought, which starts and stops as it orders. Once a period is over, all
fleets are valued by the same formulas on the requests that came: rent, what the function took, and without a function
who was late, those behind a backlog among them. Sums fade, so memory is constant. Who kept the target for the least
money over the last hour or so gives the orders; the plan by worth does at first, and as long as nobody is clearly
cheaper.

There may be two plans by worth, one by the recent window and one that has learnt what followed on moments like this
one (`demand/like_moments.py`). They differ where load jumps, a few times a day, so sums over six hours say which of
them takes part.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from serflow_opt.traffic.control.slack import MARGIN
from serflow_opt.traffic.control.tracking import TrackedPool
from serflow_opt.traffic.demand import saved
from serflow_opt.traffic.demand.rates import Rates

if TYPE_CHECKING:
    from serflow_opt.ground.arrays import Floats
    from serflow_opt.traffic.control.worth import MachineWorth

OWN, LEARNT, FUNCTION = "worth", "worth-like-moments", "function"
PLANS = (OWN, LEARNT)
TRACKED = (0.6, 0.7, 0.8, 0.9)
"""Shares busy of the rivals."""
FADE_S = 3600.0
"""Sums of money and of late requests fall by e in so many seconds."""
FIRST_S = 600.0
"""Nobody is replaced before so many seconds were valued."""
CLEARLY = 0.03
"""Who gives the orders is replaced by somebody who would have paid so much less, of what he paid."""
MUCH = 0.1
"""By the function alone only for so much: whoever gives machines up and takes them back waits for their start."""
LONG_FADE_S, SLIGHTLY = 21_600.0, 0.01
"""The same two between plans by worth: their forecasts make a difference less often, and a smaller one."""
LONGEST_S = 3600.0
"""A period that seems longer is a clock that jumped: it is not valued."""


@dataclass(frozen=True)
class CameInSteps:
    """Requests of a period, which all fleets are valued on.

    Attributes
    ----------
    rates, step_s
        Requests a second, step by step, and the seconds of a step.
    """

    rates: Floats
    step_s: float

    @cached_property
    def distribution(self) -> Rates:
        """How long each rate held."""
        values, times = np.unique(self.rates, return_counts=True)
        return Rates(values, times / len(self.rates))


@dataclass
class NoMachines:
    """All goes to the function: cheapest where load is gone again before machines have started."""

    recent: list[tuple[float, int]] = field(default_factory=list)

    def count(self, now_s: float, have: int, load: float) -> int:
        """Return no machines.

        Parameters
        ----------
        now_s, have, load
            As of `TrackedPool.count`.
        """
        return 0


@dataclass
class Contestant:
    """Somebody who orders machines in thought, and what came of it.

    Attributes
    ----------
    target
        Who says how many machines to have; None: the plan by worth.
    ready, starting
        Machines that serve, and (seconds until they do, how many) of those that start.
    backlog
        Requests that wait because more came than could be served.
    usd, late
        Money, and late requests, both faded.
    long_usd
        Money that fades by `LONG_FADE_S`.
    """

    target: TrackedPool | NoMachines | None = None
    ready: int = 0
    starting: list[tuple[float, int]] = field(default_factory=list)
    backlog: float = 0.0
    usd: float = 0.0
    late: float = 0.0
    long_usd: float = 0.0

    @property
    def have(self) -> int:
        """Machines that serve or start."""
        return self.ready + sum(count for _, count in self.starting)

    def advance(self, seconds: float) -> list[tuple[float, int]]:
        """Let time pass; return (seconds, machines that served) of its parts."""
        parts, gone = [], 0.0
        for left, count in self.starting:
            if left <= seconds:
                parts.append((max(0.0, left - gone), self.ready))
                gone, self.ready = max(gone, left), self.ready + count
        self.starting = [(left - seconds, count) for left, count in self.starting if left > seconds]
        return [*parts, (seconds - gone, self.ready)]

    def want(self, count: int, start_s: float) -> None:
        """Order or stop machines; those that start are stopped first."""
        if count > self.have:
            self.starting.append((start_s, count - self.have))
        while self.have > count and self.starting:
            left, _ = self.starting.pop()
            if self.have < count:
                self.starting.append((left, count - self.have))
        self.ready = min(self.ready, count)

    def value(self, worth: MachineWorth, parts: list[tuple[float, int]], came: CameInSteps) -> None:
        """Add what a period cost and made late.

        Parameters
        ----------
        worth
            Of the type.
        parts
            As `advance` returned them, before the orders.
        came
            The requests of the period.
        """
        usd = worth.machine.usd_per_s * self.have * math.fsum(s for s, _ in parts)
        if not worth.alone:
            usd += worth.usd * math.fsum(s * worth.left(came.distribution, n) for s, n in parts if s > 0)
        self.usd, self.long_usd = self.usd + usd, self.long_usd + usd
        if not worth.alone:
            return
        ends = np.cumsum([s for s, _ in parts])
        step_s = came.step_s
        for k, rate in enumerate(came.rates.tolist()):
            n = parts[min(int(np.searchsorted(ends, (k + 0.5) * step_s)), len(parts) - 1)][1]
            served = n * worth.rate_per_s
            self.backlog = max(0.0, self.backlog + (rate - served) * step_s)
            behind = worth.late_behind(self.backlog / served if served > 0 else math.inf if self.backlog else 0.0)
            self.late += rate * step_s * max(behind, worth.late_at(n, rate))


class Contest:
    """Who gives the orders in a block.

    Parameters
    ----------
    smooth_s
        Seconds over which rates are averaged.
    note
        Told who takes over.
    function
        Whether the block has one, which may serve alone.
    learns
        Whether there is a plan by like moments.
    """

    def __init__(
        self, smooth_s: int, note: Callable[[str], None], function: bool = False, learns: bool = False
    ) -> None:
        self._smooth_s, self._note = smooth_s, note
        self.contestants = {OWN: Contestant()} | ({LEARNT: Contestant()} if learns else {})
        self.contestants |= {f"tracking-{busy:.0%}"[:-1]: Contestant(TrackedPool(busy)) for busy in TRACKED}
        self.contestants |= {FUNCTION: Contestant(NoMachines())} if function else {}
        self.in_force = self.plan = OWN
        self.other: tuple[str, ...] = ()
        """Contestants that only the state which was restored has, or only this contest."""
        self._last_s: float | None = None
        self._valued_s = self._came = 0.0

    def count(
        self, now_s: float, came: Floats, worth: MachineWorth, rates: Mapping[str, Rates], own: Mapping[str, int]
    ) -> int:
        """Return how many machines of a type to have.

        Parameters
        ----------
        now_s, came
            The moment, and requests by second since the last one; NaN: not known.
        worth
            Of the type.
        rates, own
            By plan, its forecast, and what it wants as things are.
        """
        seconds = 0.0 if self._last_s is None else now_s - self._last_s
        self._last_s = now_s
        if worth.busy_s <= 0:  # one machine serves all there is
            return own[OWN]
        means = self._means(came)
        if 0 < seconds <= LONGEST_S:
            self._value(seconds, means, worth)
        load = float(means.mean()) / worth.rate_per_s if len(means) else 0.0
        wanted = {}
        for name, one in self.contestants.items():
            target = one.target
            thought = worth.best(rates[name], one.have)[0] if target is None else target.count(now_s, one.have, load)
            one.want(thought, worth.machine.start_s)
            wanted[name] = own[name] if target is None else thought
        self._choose(worth)
        most = worth.machine.machines_max
        return wanted[self.in_force] if most is None else min(most, wanted[self.in_force])

    def behind(self, worths: Mapping[str, MachineWorth]) -> bool:
        """Whether what waits for the machines in force makes newcomers late, by the account."""
        one, worth = self.contestants[self.in_force], next(iter(worths.values()), None)
        if worth is None or not one.ready or not one.backlog:
            return False
        return worth.late_behind(one.backlog / (one.ready * worth.rate_per_s)) > 0

    def _value(self, seconds: float, rates: Floats, worth: MachineWorth) -> None:
        fade, slowly = math.exp(-seconds / FADE_S), math.exp(-seconds / LONG_FADE_S)
        parts = {name: one.advance(seconds) for name, one in self.contestants.items()}
        if not len(rates):
            return
        came = CameInSteps(rates, seconds / len(rates))
        self._came = self._came * fade + float(rates.mean()) * seconds
        self._valued_s = min(self._valued_s + seconds, LONGEST_S)
        for name, one in self.contestants.items():
            one.usd, one.late, one.long_usd = one.usd * fade, one.late * fade, one.long_usd * slowly
            one.value(worth, parts[name], came)

    def _choose(self, worth: MachineWorth) -> None:
        """Let somebody else give the orders, if he would have done clearly better."""
        if self._valued_s < FIRST_S:
            return
        self._prefer()
        allowed = worth.slack.allowed / MARGIN * self._came
        now = self.contestants[self.in_force]
        part = {name: one for name, one in self.contestants.items() if name == self.plan or name not in PLANS}
        keeping = {name: one.usd for name, one in part.items() if one.late <= allowed}
        if keeping:
            name, usd = min(keeping.items(), key=lambda own: own[1])
            less = MUCH if name == FUNCTION else CLEARLY
            change = self.in_force not in keeping or usd < (1 - less) * now.usd
        else:
            name = min(part, key=lambda own: part[own].late)
            change = self.contestants[name].late < (1 - CLEARLY) * now.late
        if change and name != self.in_force:
            other = self.contestants[name]
            self._note(
                f"{name} gives the orders instead of {self.in_force}: over the last hour it would have paid "
                f"{other.usd:.3g} USD instead of {now.usd:.3g}, with {other.late:.3g} instead of {now.late:.3g} late"
            )
            self.in_force = name

    def _prefer(self) -> None:
        """Let the other plan by worth take part, if it would have been slightly cheaper for long."""
        plans = {name: self.contestants[name].long_usd for name in PLANS if name in self.contestants}
        name, usd = min(plans.items(), key=lambda own: own[1])
        if usd < (1 - SLIGHTLY) * plans[self.plan]:
            before, self.plan = self.plan, name
            self._note(
                f"{name} is the plan instead of {before}: over the last hours it would have paid {usd:.3g} USD "
                f"instead of {plans[before]:.3g}"
            )
            if self.in_force == before:
                self.in_force = name

    def _means(self, came: Floats) -> Floats:
        """Return rates over steps; steps in which nothing is known are left out."""
        known = came[~np.isnan(came)]
        step = min(self._smooth_s, max(len(known), 1))
        whole = len(known) // step * step
        means: Floats = known[len(known) - whole :].reshape(-1, step).mean(axis=1)
        return means

    def state(self) -> dict[str, Any]:
        """Return all of it, to be written as JSON."""
        rows = {}
        for name, one in self.contestants.items():
            recent = [] if one.target is None else [list(pair) for pair in one.target.recent]
            starting = [list(pair) for pair in one.starting]
            rows[name] = {"ready": one.ready, "starting": starting, "recent": recent}
            rows[name] |= {"backlog": one.backlog, "usd": one.usd, "late": one.late, "long_usd": one.long_usd}
        sums = {"last_s": self._last_s, "valued_s": self._valued_s, "came": self._came}
        return {"in_force": self.in_force, "plan": self.plan, "contestants": rows, **sums}

    def restored(self, own: Mapping[str, Any], place: str, later: float) -> Contest:
        """Return a copy that goes on from a saved state.

        A state of a version with other contestants is taken, too: who is new has paid nothing, so all sums begin anew.

        Parameters
        ----------
        own, place
            The mapping that has it, and what leads there.
        later
            Seconds by which the new clock is ahead of the old one.

        Raises
        ------
        InputError
            Names the key that is damaged.
        """
        fresh = copy.copy(self)
        inside = f"{place}contest."
        state = saved.mapping(saved.entry(own, "contest", place), f"{place}contest")
        rows = saved.mapping(saved.entry(state, "contestants", inside), f"{inside}contestants")
        in_force = saved.entry(state, "in_force", inside)
        if not isinstance(in_force, str) or in_force not in rows:
            raise saved.damaged(f"{inside}in_force", in_force, f"one of {', '.join(map(str, rows))}")
        fresh.in_force = in_force if in_force in self.contestants else OWN
        fresh.plan = state.get("plan", OWN)
        if fresh.plan not in PLANS:
            raise saved.damaged(f"{inside}plan", fresh.plan, f"one of {', '.join(PLANS)}")
        fresh.plan = fresh.plan if fresh.plan in self.contestants else OWN
        last = saved.entry(state, "last_s", inside)
        fresh._last_s = None if last is None else saved.number(state, "last_s", inside) + later
        fresh._valued_s = saved.number(state, "valued_s", inside, low=0.0)
        fresh._came = saved.number(state, "came", inside, low=0.0)
        at = f"{inside}contestants"
        saved.entry(rows, OWN, f"{at}.")
        fresh.contestants = {
            name: _read(rows[name], f"{at}.{name}", one, later) if name in rows else copy.deepcopy(one)
            for name, one in self.contestants.items()
        }
        fresh.other = tuple(sorted(set(map(str, rows)) ^ set(self.contestants)))
        if fresh.other:
            fresh._begin_anew()
        return fresh

    def _begin_anew(self) -> None:
        """Forget what all have paid and made late, and who waits in thought; the fleets stay."""
        self._valued_s = self._came = 0.0
        for one in self.contestants.values():
            one.usd = one.late = one.backlog = one.long_usd = 0.0


def _read(value: object, place: str, before: Contestant, later: float) -> Contestant:
    row, inside = saved.mapping(value, place), f"{place}."
    sums = {key: saved.number(row, key, inside, low=0.0) for key in ("backlog", "usd", "late")}
    sums["long_usd"] = saved.number(row, "long_usd", inside, low=0.0) if "long_usd" in row else 0.0
    starting = _pairs(row, "starting", inside, 0.0)
    recent = _pairs(row, "recent", inside, later)
    target = None if before.target is None else replace(before.target, recent=recent)
    return Contestant(target, saved.whole(row, "ready", inside, low=0.0), starting, **sums)


def _pairs(row: Mapping[str, Any], key: str, inside: str, later: float) -> list[tuple[float, int]]:
    """Read (seconds, count) pairs."""
    pairs = saved.entry(row, key, inside)
    if not isinstance(pairs, (list, tuple)):
        raise saved.damaged(f"{inside}{key}", pairs, "a list of pairs")
    found = []
    for i, pair in enumerate(pairs):
        if not isinstance(pair, (list, tuple)) or len(pair) != 2:
            raise saved.damaged(f"{inside}{key}[{i}]", pair, "a pair of seconds and a count")
        both, where = {"seconds": pair[0], "count": pair[1]}, f"{inside}{key}[{i}]."
        seconds = saved.number(both, "seconds", where) + later
        found.append((seconds, saved.whole(both, "count", where, low=0.0)))
    return found
