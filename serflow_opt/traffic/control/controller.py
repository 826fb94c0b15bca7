"""Our controller: machines by what each is expected to save, re-planned at fixed intervals, without foresight.

With the rate D of a block distributed as the forecaster says, machine j of a type is worth, per second,

    v_j = c^F E[carried_j(D) - carried_{j-1}(D)] - c

c^F the price of a request on the function, c the rent. Starting it costs the rent of the start-up, which is to be
earned back while it is expected to stay: it is ordered when v_j exceeds c start_s / stay_s, and stopped when v_j is
below minus that, since it would have to be started again. With start_s = 0 this is the news-vendor's quantile.
"""

from __future__ import annotations

import copy
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from serflow_opt.errors import InputError, Problem
from serflow_opt.ground.tolerances import SHARES
from serflow_opt.traffic.carrying import Arrivals, Carrying
from serflow_opt.traffic.demand import saved
from serflow_opt.traffic.demand.forecast import Forecaster, Window
from serflow_opt.traffic.demand.intake import IMPOSSIBLE, LAST_S, Intake
from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.scaling_policy import Orders, Seen
from serflow_opt.traffic.service import Block, Machine, Service

if TYPE_CHECKING:
    from numpy.typing import NDArray

RETRY_S = 300.0
"""A type whose machines do not start is left alone for so long."""
STAYS = 3.0
"""Rates are means over so many stays of a request: over less they show what random arrivals count already."""
BEYOND = 20.0
"""A forecast of so many times the busiest second seen is not believed."""
LONGEST_SMOOTHING_S = 60
"""Rates are never averaged over more than this."""
MOST_MACHINES = 10_000
"""More of one type are not ordered, whatever is forecast."""
MOST_EVENTS = 1000
"""Events that are kept, and texts that are not said again at once; older ones go."""


@dataclass(frozen=True, slots=True)
class Event:
    """Something the controller noticed or did, worth telling."""

    at_s: float
    block: int | None
    text: str

    def __str__(self) -> str:
        """Return it as a sentence."""
        where = "" if self.block is None else f", block {self.block + 1}"
        return f"at {self.at_s:,.0f} s{where}: {self.text}"


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
        Makes a forecaster for a block; None: `Window`.
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
        name: str = "controller",
    ) -> None:
        self.service, self.every_s, self.stay_s, self.name = service, every_s, stay_s, name
        self._carrying = Carrying(arrivals, 1.0)
        blocks = range(len(service.blocks))
        self._smoothing = [self._smoothing_s(b) for b in blocks]
        self._forecasters: list[Forecaster] = [
            forecaster(block) if forecaster else self._window(b) for b, block in enumerate(service.blocks)
        ]
        self._plain: list[Forecaster] = [self._window(b) for b in blocks] if forecaster else self._forecasters
        self._intakes = [Intake() for _ in blocks]
        self._not_before: list[dict[str, float]] = [{} for _ in blocks]
        self._said: dict[tuple[int | None, str], float] = {}
        self._now_s = 0.0
        self.events: list[Event] = []

    def decide(self, seen: Seen) -> Orders:
        """Take in what was seen and say what is to be had.

        Raises
        ------
        InputError
            When it is of another number of blocks.
        """
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
                self._note(self._now_s, b, "a measurement that is no list of numbers is dropped")
            else:
                self.observe(b, now_s - len(measured), measured)
        now_s = self._now_s
        for b, failed in enumerate(seen.failed):
            for name, count in failed.items():
                if count:
                    self._not_before[b][name] = now_s + RETRY_S
                    self._note(now_s, b, f"{count} x {name} did not start: not asked for again for {RETRY_S:g} s")
        for b, refused in enumerate(seen.throttled):
            if refused:
                self._note(now_s, b, f"the function refused {refused} requests")
        wanted = tuple(self._machines(b, seen) for b in range(len(self.service.blocks)))
        serving = [
            {name: min(count, _machines(seen.ready[b], name)) for name, count in own.items()}
            for b, own in enumerate(wanted)
        ]
        return Orders(wanted, tuple(self._queue(b, own) for b, own in enumerate(serving)))

    def observe(self, b: int, from_s: float, counts: NDArray[np.float64]) -> None:
        """Take in requests of block b, second by second from a moment on; what is late, repeated or absurd is noted.

        Parameters
        ----------
        b, from_s, counts
            The block, the second of the first count, and requests second by second; NaN: not known.
        """
        values, wrong = self._intakes[b].take(from_s, counts)
        for text in wrong:
            self._note(self._now_s, b, text)
        if not len(values):
            return
        self._plain[b].observe(values)
        if self._plain is self._forecasters:
            return
        try:
            self._forecasters[b].observe(values)
        except Exception as error:  # as in `_rates`
            self._note(self._now_s, b, f"the forecaster failed ({type(error).__name__}: {error})")

    def state(self) -> dict[str, Any]:
        """Return all the controller knows, to be written as JSON."""
        return {
            "service": self.service.name,
            "now_s": self._now_s,
            "blocks": [
                {
                    "forecaster": self._written(b, forecaster),
                    "plain": None if plain is forecaster else plain.state(),
                    "intake": {"until_s": intake.until_s, "largest": intake.largest, "suspected": intake.suspected},
                    "not_before": dict(not_before),
                }
                for b, (forecaster, plain, intake, not_before) in enumerate(
                    zip(self._forecasters, self._plain, self._intakes, self._not_before, strict=True)
                )
            ],
        }

    def restore(self, state: Mapping[str, Any], now_s: float | None = None) -> None:
        """Go on from a state of a controller of the same service.

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
        before = saved.number(state, "now_s")
        later = 0.0 if now_s is None else now_s - before
        read = [self._read(b, saved.mapping(own, f"blocks[{b}]"), later) for b, own in enumerate(blocks)]
        for b, (forecaster, plain, intake, not_before) in enumerate(read):
            self._forecasters[b], self._intakes[b], self._not_before[b] = forecaster, intake, not_before
            self._plain[b] = plain
        self._now_s = before + later

    def _read(
        self, b: int, own: Mapping[str, Any], later: float
    ) -> tuple[Forecaster, Forecaster, Intake, dict[str, float]]:
        """Read what is saved of a block: forecaster, plain window, clock, and types that are left alone."""
        place = f"blocks[{b}]."
        forecaster = _restored(self._forecasters[b], own, "forecaster", place)
        same = self._plain is self._forecasters
        plain = forecaster if same else _restored(self._plain[b], own, "plain", place)
        clock, inside = saved.mapping(saved.entry(own, "intake", place), f"{place}intake"), f"{place}intake."
        until = saved.entry(clock, "until_s", inside)
        suspected = saved.entry(clock, "suspected", inside)
        if not isinstance(suspected, bool):
            raise saved.damaged(f"{inside}suspected", suspected, "true or false")
        largest = saved.number(clock, "largest", inside, low=0.0, high=IMPOSSIBLE)
        known = None if until is None else max(0, saved.whole(clock, "until_s", inside, low=0.0) + round(later))
        waits = saved.mapping(saved.entry(own, "not_before", place), f"{place}not_before")
        not_before = {name: saved.number(waits, name, f"{place}not_before.") + later for name in waits}
        return forecaster, plain, Intake(known, largest, suspected), not_before

    def _written(self, b: int, forecaster: Forecaster) -> Any:
        """Return a forecaster's state; None where one of the user's is no JSON."""
        try:
            state = forecaster.state()
            json.dumps(state, allow_nan=False)
        except Exception as error:  # as in `_rates`
            self._note(self._now_s, b, f"the forecaster's state is lost ({type(error).__name__}: {error})")
            return None
        return state

    def _note(self, at_s: float, b: int | None, text: str) -> None:
        """Keep what happened; the same again is said once in `RETRY_S`."""
        before = self._said.get((b, text))
        if before is not None and abs(at_s - before) < RETRY_S:
            return
        if len(self._said) >= MOST_EVENTS:
            self._said = {key: at for key, at in self._said.items() if abs(at_s - at) < RETRY_S}
            while len(self._said) >= MOST_EVENTS:
                del self._said[next(iter(self._said))]
        self._said[b, text] = at_s
        self.events.append(Event(at_s, b, text))
        if len(self.events) >= 2 * MOST_EVENTS:
            del self.events[:-MOST_EVENTS]

    def _smoothing_s(self, b: int) -> int:
        """Seconds over which rates are averaged."""
        machines = self.service.blocks[b].machines
        busy = max((self.service.busy_s(b, machine) for machine in machines), default=1.0)
        stays = STAYS if self._carrying.arrivals == "random" else 1.0
        return min(LONGEST_SMOOTHING_S, max(1, round(stays * busy)))

    def _window(self, b: int) -> Window:
        return Window(smooth_s=self._smoothing[b])

    def _rates(self, b: int, now_s: float) -> Rates | None:
        """Return the forecast, or the plain window's where it is nonsense."""
        try:
            rates = self._forecasters[b].rates()
            wrong = "" if rates is None else self._nonsense(b, rates)
        except Exception as error:  # a forecaster of the user's: whatever it does, serving goes on
            wrong = f"the forecaster failed ({type(error).__name__}: {error})"
        if wrong:
            self._note(now_s, b, wrong)
            return self._plain[b].rates()
        return rates or self._plain[b].rates()

    def _nonsense(self, b: int, rates: Rates) -> str:
        """Say what is wrong with a forecast; nothing: nothing."""
        if not isinstance(rates, Rates):
            return f"the forecast is no Rates but {type(rates).__name__}"
        values, shares = np.asarray(rates.rates, dtype=float), np.asarray(rates.shares, dtype=float)
        good = values.ndim == 1 and values.shape == shares.shape and len(values) and np.isfinite(values).all()
        if not (good and (values >= 0).all() and (np.diff(values) > 0).all() and (shares >= 0).all()):
            return "the forecast is no distribution: rates from 0 on, rising, each with its share"
        if not abs(shares.sum() - 1) <= SHARES:
            return f"the shares of the forecast sum to {shares.sum():g}"
        largest = max(self._intakes[b].largest, 1.0)
        if rates.mean > BEYOND * largest:
            return f"the forecast of {rates.mean:g}/s is over {BEYOND:g} times the most seen, {largest:g}/s"
        return ""

    def _machines(self, b: int, seen: Seen) -> dict[str, int]:
        """Return the machines of a block: the cheapest type's best count, beside what others are there."""
        block = self.service.blocks[b]
        have = {m.name: _machines(seen.ready[b], m.name) + _machines(seen.starting[b], m.name) for m in block.machines}
        if not block.machines:
            return {}
        rates = self._rates(b, self._now_s)
        if rates is None:  # nothing was seen yet: wait, or, where nothing else can serve, start with one
            return have if block.function or any(have.values()) else {block.machines[0].name: 1}
        waits = {name: at - self._now_s for name, at in self._not_before[b].items()}
        # who would have to wait longer was told so by a clock that was set back
        may_start = [m for m in block.machines if not 0 < waits.get(m.name, 0.0) <= RETRY_S]
        plans = []
        for machine in may_start or block.machines:
            count, usd = self._best(b, machine, rates, have)
            plans.append((usd, machine.name, count))
        _, name, count = min(plans)
        if not may_start:
            count = min(count, have[name])  # an order would fail again
        return {other: count if other == name else self._kept(b, other, name, have, count) for other in have}

    def _kept(self, b: int, other: str, chosen: str, have: dict[str, int], count: int) -> int:
        """Machines of other types stay until those that take their place are there."""
        types = {machine.name: machine for machine in self.service.blocks[b].machines}
        missing = count - have[chosen]
        if missing <= 0:
            return 0
        each = self.service.rate_per_s(b, types[chosen]) / self.service.rate_per_s(b, types[other])  # to serve as much
        return min(have[other], math.ceil(missing * each))

    def _best(self, b: int, machine: Machine, rates: Rates, have: dict[str, int]) -> tuple[int, float]:
        """Return how many machines of a type to have, and what that costs per second."""
        block, busy = self.service.blocks[b], self.service.busy_s(b, machine)
        now = have[machine.name]
        most = MOST_MACHINES if machine.machines_max is None else machine.machines_max
        if busy <= 0:
            return min(1, most), machine.usd_per_s
        if block.function is None:
            count = self._alone(machine, rates, busy)
            return min(count, most), machine.usd_per_s * count
        usd = self.service.function_usd(b)
        loads = rates.rates * busy
        peak = float(loads[-1])
        room = 6 * math.sqrt(peak) + 6 if self._carrying.arrivals == "random" else 0.0  # 6 σ: more would idle
        most = min(most, max(now, math.ceil((peak + room) / machine.workers)))  # to weigh all that is there
        carried = self._carrying.mean(most, machine.workers, loads, rates.shares)
        worth = usd / busy * np.diff(carried) - machine.usd_per_s  # falls: what is carried is concave in the count
        start = machine.usd_per_s * machine.start_s / self.stay_s
        order, keep = int((worth > start).sum()), int((worth > -start).sum())
        count = max(order, min(now, keep))  # between the two nothing changes: it would not pay the start-up
        return count, usd * rates.mean - usd / busy * float(carried[count]) + machine.usd_per_s * count

    def _alone(self, machine: Machine, rates: Rates, busy: float) -> int:
        """Return machines for a block without a function: all of the rates, and room for random arrivals."""
        load = rates.peak * busy
        return max(1, math.ceil((load + 2 * math.sqrt(load)) / machine.workers))

    def _queue(self, b: int, machines: dict[str, int]) -> int:
        """Return how many requests may wait for a worker of machines that serve, and still be in time.

        With c workers of at most t s a request, c floor(slack / t) waiting ones start in the slack, which blocks share.
        """
        block, slo = self.service.blocks[b], self.service.slo_s
        if slo is None or not block.machines:
            return 0
        slack = (slo - worst_s(self.service)) / sum(bool(block.machines) for block in self.service.blocks)
        types = {machine.name: machine for machine in block.machines}
        longest = max(machine.seconds[-1] for machine in block.machines)
        workers = sum(count * types[name].workers for name, count in machines.items())
        return workers * math.floor(slack / longest) if slack > 0 and longest > 0 else 0


def _machines(counts: Mapping[str, int], name: str) -> int:
    """How many machines of a type somebody says there are; what is no number is none."""
    try:
        return max(0, int(counts.get(name, 0)))
    except (TypeError, ValueError, OverflowError):
        return 0


def _restored(forecaster: Forecaster, own: Mapping[str, Any], key: str, place: str) -> Forecaster:
    """Return a copy of a forecaster that goes on from a saved state; None: it starts afresh."""
    state, fresh = saved.entry(own, key, place), copy.deepcopy(forecaster)
    if state is None:
        return fresh
    try:
        fresh.restore(saved.mapping(state, ""))
    except InputError as error:
        raise InputError(
            replace(problem, place=f"{place}{key}.{problem.place}".rstrip(".")) for problem in error.problems
        ) from None
    except Exception as error:  # a forecaster of the user's
        found = f"the forecaster cannot restore it ({type(error).__name__}: {error})"
        raise InputError([Problem("state", f"{place}{key}", found, saved.CURE)]) from None
    return fresh


def worst_s(service: Service) -> float:
    """Seconds of a request that goes all the way on the slower pool of every block, cold starts left out."""
    return math.fsum(
        block.hop_s
        + max([m.seconds[-1] for m in block.machines] + ([block.function.seconds[-1]] if block.function else [0.0]))
        for block in service.blocks
    )
