"""The arrays of a chain (`layered.py`), read off sets and coefficients: columns of stages, and of ways between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, get_args

import numpy as np

from serflow_opt.formulations.coefficients import Data, Entry, Hop, Hub, Place
from serflow_opt.ground.arrays import Floats, Ints, Mask
from serflow_opt.ground.tolerances import SLACK
from serflow_opt.problem.kinds import Objective
from serflow_opt.search.flat import Crossings
from serflow_opt.search.goal import Goal
from serflow_opt.search.lagrangian import menus_of
from serflow_opt.search.runs import run_begin, stages_couple
from serflow_opt.search.whole_machines import WholeMachines


def arrays_of(data: Data, goal: Goal) -> dict[str, Any]:
    """Return the fields of `layered.Chain` for an instance and a goal that `layered.covered` accepts."""
    instance = data.instance
    whole = instance.latency_measure != "mean"
    limited = [name for name in get_args(Objective) if instance.limit(name) is not None and name != "accuracy"]
    others = [name for name in limited if not (name == "latency" and whole) and set(goal) != {name}]
    return _GraphReader(data, goal, others, whole).arrays()


class _GraphReader:
    def __init__(self, data: Data, goal: Goal, others: Sequence[Objective], whole: bool) -> None:
        self.data, self.others, self.is_whole = data, others, whole
        self.price = np.array([data.busy_price(e) for e in range(len(data.runners))])
        instance = data.instance
        fixed = instance.quantile is not None and instance.deviations is None and instance.latency_slo_s is not None
        self.late = {"late": instance.quantile or 0.0} if fixed else {}
        self.whole = WholeMachines(data, goal)
        self.tiers = tuple(self.whole.by_tier)
        self.rented = {f"machines of {instance.tiers[k].name}": each for k, each in self.whole.by_tier.items()}
        for each in self.rented.values():
            self.price = np.where(each > 0, self.price / instance.utilisation_cap, self.price)
        self.units = {"cost": data.dollar, "latency": data.second, "energy": data.joule, "carbon": data.gram}
        # a single goal stays in its own units, several are summed in theirs
        self.single = single = next(iter(goal)) if len(goal) == 1 else None
        self.unit = self.units.get(single, 1.0) if single else 1.0
        summed: Goal = {name: weight * self.units.get(name, 1.0) for name, weight in goal.items()}
        self.goal = {single: 1.0} if single else summed
        self.joules = "energy" in goal or "energy" in others
        self.grams = "carbon" in goal or "carbon" in others
        self.limit = np.array([
            self._limit(single) if single else np.inf, *(self._limit(name) for name in others),
            *(1 - quantile + SLACK for quantile in self.late.values()), *(np.inf for _ in self.rented),
            self._limit("accuracy"),
        ])  # fmt: skip

    def arrays(self) -> dict[str, Any]:
        data, instance = self.data, self.data.instance
        count = len(data.runners)
        on = np.zeros((data.last, count), dtype=bool)
        for s, here in data.runners_at.items():
            on[s - 1, here] = True
        seconds = self._seconds()
        groups = {s: list(owned) for s, owned in data.owned.items()}
        used = None
        if any(len(owners) > 1 for owners in groups.values()):
            used = np.zeros((data.last, count), dtype=np.int64)
            for s, e in data.places:
                used[s - 1, e] = groups[s].index(data.menu_used(s, e))
        menus, closing = menus_of(data)
        ends = None
        if data.ends:
            ends = np.full((data.last, count), np.nan)
            for s, e in data.places:
                if data.may_end(s, e):
                    ends[s - 1, e] = np.nan_to_num(data.accuracy(s, data.ends[s, data.menu_used(s, e)]))
        latest = instance.latency_slo_s if self.is_whole else None
        return {
            "data": data,
            "columns": (self.single or "objective", *self._further, "accuracy"),
            "rented": self.tiers,
            "rents": self.whole.rents,
            "paid": 1.0 if self.whole.emit else self.goal.get("cost", 0.0),
            "rate": instance.rate_per_s or 1.0,
            "unit": self.unit,
            "limits": self.limit,
            "whole_limit": np.inf if latest is None else latest * (1 + SLACK) / data.second,
            "on": on,
            "adds": self._stages(seconds),
            "whole": seconds if self.is_whole else np.zeros_like(seconds),
            "menus": menus,
            "used": used,
            "closing": closing,
            "ends": ends,
            "leaving": self._leaving(),
            "entering": self._entering(),
            "stays": self._stays(on),
            "back": self._back(on),
        }

    @property
    def _further(self) -> tuple[str, ...]:
        """Columns between the first and the last one."""
        return (*self.others, *self.late, *self.rented)

    def _limit(self, name: Objective) -> float:
        """An upper limit in the units of the column, opened by what sums in double precision may miss."""
        limit = self.data.instance.limit(name)
        if limit is None:
            return np.inf
        if name == "accuracy":
            return -limit * (1 - SLACK)
        return (limit + SLACK * abs(limit)) / self.units.get(name, 1.0)  # what is leaked may be below 0

    @cached_property
    def _varied(self) -> list[Place]:
        """Places where an option runs in a variant."""
        plain = len(self.data.instance.options)
        return [(s, e) for s, e in self.data.places if e >= plain] if self.data.instance.variants else []

    def _seconds(self) -> Floats:
        """t_{s,e} / second, M x E."""
        data = self.data
        plain = np.array([option.stage_seconds for option in data.instance.options]).T / data.second
        seconds = np.tile(plain, len(data.instance.variants) + 1)
        for s, e in self._varied:
            seconds[s - 1, e] = data.time(s, e)
        return seconds

    def _stages(self, seconds: Floats) -> Floats:
        data = self.data
        energy, carbon, lost = np.zeros((3, *seconds.shape))
        for s, e in data.places if self.joules else ():
            energy[s - 1, e] = data.energy(s, e)
        for s, e in data.places if self.grams else ():
            carbon[s - 1, e] = data.carbon(s, e) + seconds[s - 1, e] * self.whole.on[e]
        for s, e in self._varied:
            lost[s - 1, e] = data.lost(s, e)
        known: dict[str, Floats | float] = {
            "cost": seconds * self.price,
            "latency": seconds,
            "privacy": 0.0,
            "energy": energy,
            "carbon": carbon,
            "accuracy": lost,
        }
        known |= {name: seconds * each for name, each in self.rented.items()}
        return self._vectors(seconds.shape, known)

    def _vectors(self, shape: tuple[int, ...], known: dict[str, Floats | float]) -> Floats:
        """Columns of what is known of each objective: the goal, what has a limit, machines, accuracy lost."""
        columns = [*self._further, "accuracy"]
        adds = np.zeros((*shape, len(columns) + 1))
        for name, weight in self.goal.items():
            adds[..., 0] += weight * known[name]
        for i, column in enumerate(columns, start=1):
            adds[..., i] = known.get(column, 0.0)
        return adds

    def _leaving(self) -> Crossings:
        """Hops into each hub, of all senders together."""
        data = self.data
        hubs: dict[Hub, list[tuple[Hop, list[int]]]] = {}
        for (s, kind), own in data.senders.items():
            for k, w in data.onward[s, kind]:
                first = s, own[0], k, w
                hubs.setdefault(data.hub_left(first), []).append((first, own))
        # those of senders that share tier, way and variant are alike but for what the sender itself does
        groups = [group for at in hubs.values() for group in at]
        senders = np.array([e for _, own in groups for e in own], dtype=np.int64)
        lengths = [len(own) for _, own in groups]
        alike = np.repeat(
            np.array([self._hop(first) for first, _ in groups], dtype=float).reshape(-1, 5), lengths, axis=0
        )
        move, paid, leak, lost, waits = alike.T
        encode = np.zeros(len(senders))
        hops: list[Hop] = []
        if self.joules or self.grams or any(way.encode_flops for ways in data.instance.ways for way in ways):
            hops = [(s, e, k, w) for (s, _, k, w), own in groups for e in own]
            encode = np.array([data.encode_time(hop) for hop in hops])
        busy, on = encode + move * waits, np.append(self.whole.on, 0.0)[senders]
        known: dict[str, Floats | float] = {
            "cost": paid + np.append(self.price, 0.0)[senders] * busy,  # SOURCE, -1, is the last
            "latency": encode + move,
            "privacy": leak,
            "energy": np.array([data.hop_energy(hop) for hop in hops]) if self.joules else 0.0,
            "carbon": np.array([data.hop_carbon(hop) for hop in hops]) + on * busy if self.grams else 0.0,
            "accuracy": lost,
        }
        known |= {name: np.append(each, 0.0)[senders] * busy for name, each in self.rented.items()}
        counts = {hub: sum(len(own) for _, own in at) for hub, at in hubs.items()}
        return self._crossings(counts, senders, known, encode + move)

    def _hop(self, hop: Hop) -> tuple[float, float, float, float, bool]:
        """Time on the link, its price, loss of privacy and accuracy, and whether the sender waits."""
        return (*self.data.crossed(hop), self.data.waits(hop[1]))

    def _entering(self) -> Crossings:
        """Entries out of each hub: an invocation and its cold start, decoding."""
        data = self.data
        runners = range(len(data.runners))
        fee = np.array([data.invocation_price(e) for e in runners])
        cold = np.array([data.whole_cold_time(e) if self.is_whole else data.mean_cold_time(e) for e in runners])
        own = {hub: data.receivers[hub[0], hub[1], hub[3]] for hub in data.hubs}
        receivers = np.array([e for at in own.values() for e in at], dtype=np.int64)
        decode, energy, grams = np.zeros((3, len(receivers)))
        entries: list[Entry] = []
        if self.grams or any(way.decode_flops for ways in data.instance.ways for way in ways):
            entries = [(s, e, w) for (s, _, w, _), at in own.items() for e in at]
            decode = np.array([data.decode_time(entry) for entry in entries])
            energy = np.array([data.decode_energy(entry) for entry in entries])
        if self.grams:
            grams = np.array([data.entry_carbon(entry) for entry in entries]) + decode * self.whole.on[receivers]
        time = cold[receivers] + decode
        known: dict[str, Floats | float] = {
            "cost": fee[receivers] + decode * self.price[receivers],
            "latency": time,
            "privacy": 0.0,
            "energy": energy,
            "carbon": grams,
            "accuracy": 0.0,
        }
        known |= {name: each[receivers] * decode for name, each in self.rented.items()}
        return self._crossings({hub: len(at) for hub, at in own.items()}, receivers, known, time)

    def _crossings(
        self, counts: Mapping[Hub, int], runner: Ints, known: dict[str, Floats | float], time: Floats
    ) -> Crossings:
        """Return ways into or out of hubs, from those of one hub after the other."""
        adds = self._vectors(runner.shape, known)
        whole = time if self.is_whole else np.zeros_like(time)
        return Crossings.of(counts, (runner, adds, whole), self.data.last)

    def _stays(self, on: Mask) -> list[tuple[Ints, Ints] | None]:
        data = self.data
        stays: list[tuple[Ints, Ints] | None] = [None] * data.last
        if data.instance.variants:
            for s in data.stages[1:]:
                pairs = [(e, f) for t, e, f in data.stays if t == s]
                both = np.array(pairs, dtype=np.int64).reshape(-1, 2)
                stays[s - 1] = both[:, 0], both[:, 1]
        return stays

    def _back(self, on: Mask) -> Ints:
        """Where memory and time allow everything, 1; else as far as a run may reach back."""
        data = self.data
        back = np.ones(on.shape, dtype=np.int64)
        whole = sum(map(data.instance.held_bytes, range(data.last)))
        largest = max(data.activation(s) for s in data.stages)
        long = [data.instance.may_run_long(option) for option in data.instance.options]
        if stages_couple(data.instance):
            return back
        known: dict[float | None, Ints] = {}  # by memory, where time is no matter
        for e, runner in enumerate(data.runners):
            limit = data.instance.options[runner.option].memory_bytes
            if long[runner.option]:
                back[:, e] = [run_begin(data, s, e) for s in data.stages]
            elif limit is not None and whole + largest > limit:
                if limit not in known:
                    known[limit] = np.array([run_begin(data, s, e) for s in data.stages])
                back[:, e] = known[limit]
        return back
