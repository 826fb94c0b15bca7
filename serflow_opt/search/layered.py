"""Coefficients of an instance as arrays over the states of a request: which stage it enters, on which runner.

A suffix of the network, stages s..M, is worth a vector per request that enters it: the *columns* (what is minimised,
what has a limit, machines where they are rented whole, minus the accuracy), each a sum Σ R_s w_s over the suffix, and
the *whole* time of a request that goes all the way, where the latency is that of the worst case or a percentile of it.
Machines rented whole are paid for by use here, at their rent over what of their time may be used. Stages, hand-overs
and beginnings add vectors; thresholds scale the columns by 1 - e and leave the whole time alone. `bound_recursion.py`
and `enumerate.py` run over them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, get_args

import numpy as np

from serflow_opt.formulations.coefficients import SOURCE, Data, Entry, Hop, Hub
from serflow_opt.ground.arrays import Floats, Ints, Mask
from serflow_opt.ground.tolerances import SLACK
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.kinds import Objective
from serflow_opt.search.envelope import Envelope
from serflow_opt.search.flat import Flat, HubCrossings
from serflow_opt.search.goal import Goal
from serflow_opt.search.lagrangian import menus_of
from serflow_opt.search.runs import run_begin, stages_couple

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Chain:
    """Arrays over M stages and E runners, all scaled as `Data` scales them.

    Attributes
    ----------
    columns
        Names of the C columns: what is minimised ("objective" for a sum), what else has a limit, "late" where a
        percentile has one (nothing adds to it here, `rented/late.py`), machines of each tier where they are rented
        whole, and minus the accuracy.
    rented, paid
        Tiers whose machines are rented whole; their columns stand before the last one. What a unit of money counts in
        what is minimised.
    rate
        Requests a second that the columns of machines are counted at, where there are any.
    unit
        Of the objective: times this it is in USD, seconds, loss or joules.
    limits
        Upper limit of each column, infinite where there is none; of the last, minus the accuracy floor.
    whole_limit
        Of the whole time; infinite where there is none.
    on
        M x E: which states there are.
    adds, whole
        M x E x C and M x E: what a stage adds to the columns and to the whole time.
    menus, used
        By stage, the envelopes of its menus; M x E: which of them a state uses, None: the first everywhere.
    closing, ends
        By stage, for a menu, the one that stands for it where a plan ends there (`lagrangian.menus_of`). M x E: the
        accuracy of those that leave then, NaN where no plan may end; None: nowhere.
    leaving, entering
        By position of the stage handed over to: ways into hubs, from `SOURCE` at the first; and out of them.
    stays
        By position of the stage that follows: pairs of runners (before, after); None: each goes on as itself.
    back
        M x E: the first stage, from 1, that a run on the runner's option which ends here may begin with, by memory
        and time.
    """

    data: Data
    columns: tuple[str, ...]
    rented: tuple[int, ...]
    paid: float
    rate: float
    unit: float
    limits: Floats
    whole_limit: float
    on: Mask
    adds: Floats
    whole: Floats
    menus: list[list[Envelope]]
    used: Ints | None
    closing: list[dict[int, int]]
    ends: Floats | None
    leaving: list[list[HubCrossings]]
    entering: list[list[HubCrossings]]
    stays: list[tuple[Ints, Ints] | None]
    back: Ints
    _known: dict[str, Any] = field(default_factory=dict, repr=False)

    def changed(self, **arrays: object) -> Chain:
        """Return a chain with other arrays of stages, or other ways between them."""
        return replace(self, _known={}, **arrays)  # type: ignore[arg-type]

    def known(self, name: str, value: Callable[[Chain], T]) -> T:
        """Return what follows from the arrays, whatever the limits: found once for all that differ in these.

        Parameters
        ----------
        name
            What it goes by.
        value
            Finds it.
        """
        if name not in self._known:
            self._known[name] = value(self)
        found: T = self._known[name]
        return found

    @property
    def flat(self) -> Flat:
        """The same, one behind the other."""

        def flat(chain: Chain) -> Flat:
            states = chain.whole, chain.back, chain.ends, chain.used
            return Flat.of(len(chain.columns), states, chain.menus, chain.stays, chain.leaving, chain.entering)

        return self.known("flat", flat)

    @classmethod
    def of(cls, data: Data, goal: Goal) -> Chain:
        """Make the arrays of an instance and a goal that `covered` accepts."""
        instance = data.instance
        whole = instance.latency_measure != "mean"
        limited = [name for name in get_args(Objective) if instance.limit(name) is not None and name != "accuracy"]
        others = [name for name in limited if not (name == "latency" and whole) and set(goal) != {name}]
        return _GraphReader(data, goal, others, whole).chain()


def covered(instance: Instance, goal: Goal) -> bool:
    """Whether columns and whole time say all about an instance and what is minimised.

    Menu thresholds, paid per request, no percentile; worst-case latency and accuracy are limits there, not goals.
    Thresholds scale all sums, and no limit counts ramps.
    """
    measured = instance.latency_measure in ("worst", "mean")
    summed = "accuracy" not in goal and not ("latency" in goal and instance.latency_measure == "worst")
    plain = instance.threshold_mode == "menu" and instance.accounting == "per-request"
    scaled = not instance.ramps_bind and not instance.run_on
    return measured and summed and plain and scaled and not instance.families and not instance.joint


class _GraphReader:
    def __init__(self, data: Data, goal: Goal, others: Sequence[Objective], whole: bool) -> None:
        self.data, self.others, self.is_whole = data, others, whole
        self.price = np.array([data.busy_price(e) for e in range(len(data.runners))])
        instance = data.instance
        fixed = instance.quantile is not None and instance.deviations is None and instance.latency_slo_s is not None
        self.late = {"late": instance.quantile or 0.0} if fixed else {}
        rented = _rented(data)
        self.tiers = tuple(rented)
        self.rented = {f"machines of {data.instance.tiers[k].name}": each for k, each in rented.items()}
        for each in rented.values():
            self.price = np.where(each > 0, self.price / data.instance.utilisation_cap, self.price)
        self.units = {"cost": data.dollar, "latency": data.second, "energy": data.joule}
        # a single goal stays in its own units, several are summed in theirs
        self.single = single = next(iter(goal)) if len(goal) == 1 else None
        self.unit = self.units.get(single, 1.0) if single else 1.0
        summed: Goal = {name: weight * self.units.get(name, 1.0) for name, weight in goal.items()}
        self.goal = {single: 1.0} if single else summed
        self.joules = "energy" in goal or "energy" in others
        self.limit = np.array([
            self._limit(single) if single else np.inf, *(self._limit(name) for name in others),
            *(1 - quantile + SLACK for quantile in self.late.values()), *(np.inf for _ in self.rented),
            self._limit("accuracy"),
        ])  # fmt: skip

    def chain(self) -> Chain:
        data, instance = self.data, self.data.instance
        count = len(data.runners)
        on = np.zeros((data.last, count), dtype=bool)
        places = np.array(data.places, dtype=np.int64).reshape(-1, 2)
        on[places[:, 0] - 1, places[:, 1]] = True
        seconds = self._seconds(places)
        groups = {s: sorted({level.variant for level in data.menu[s]}) for s in data.stages}
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
        return Chain(
            data=data,
            columns=(self.single or "objective", *self._further, "accuracy"),
            rented=self.tiers,
            paid=self.goal.get("cost", 0.0),
            rate=instance.rate_per_s or 1.0,
            unit=self.unit,
            limits=self.limit,
            whole_limit=np.inf if latest is None else latest * (1 + SLACK) / data.second,
            on=on,
            adds=self._stages(seconds, places),
            whole=seconds if self.is_whole else np.zeros_like(seconds),
            menus=menus,
            used=used,
            closing=closing,
            ends=ends,
            leaving=self._leaving(),
            entering=self._entering(),
            stays=self._stays(on),
            back=self._back(on),
        )

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

    def _seconds(self, places: Ints) -> Floats:
        """t_{s,e} / second, M x E."""
        data = self.data
        plain = np.array([option.stage_seconds for option in data.instance.options]).T / data.second
        seconds = np.tile(plain, len(data.instance.variants) + 1)
        for s, e in places[places[:, 1] >= plain.shape[1]].tolist():
            seconds[s - 1, e] = data.time(s, e)
        return seconds

    def _stages(self, seconds: Floats, places: Ints) -> Floats:
        data, plain = self.data, len(self.data.instance.options)
        energy, lost = np.zeros(seconds.shape), np.zeros(seconds.shape)
        for s, e in places.tolist() if self.joules else ():
            energy[s - 1, e] = data.energy(s, e)
        for s, e in places[places[:, 1] >= plain].tolist():
            lost[s - 1, e] = data.lost(s, e)
        known: dict[str, Floats | float] = {
            "cost": seconds * self.price,
            "latency": seconds,
            "privacy": 0.0,
            "energy": energy,
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

    def _leaving(self) -> list[list[HubCrossings]]:
        """Hops into each hub; those of senders that share link, way and variant together."""
        data = self.data
        leaving: list[list[HubCrossings]] = [[] for _ in data.stages]
        ways = [
            (s, own, np.array(own), k, w) for (s, kind), own in data.senders.items() for k, w in data.onward[s, kind]
        ]
        for s, own, senders, k, w in ways:
            first, way = (s, own[0], k, w), data.instance.ways[s - 1][max(w, 0)]
            hub, move = data.hub_left(first), data.hop_time(first)
            hops: list[Hop] = [(s, e, k, w) for e in own]
            encode = np.array([data.encode_time(hop) for hop in hops]) if way.encode_flops else np.zeros(len(own))
            price = np.where(senders == SOURCE, 0.0, self.price[senders])
            busy = encode + move * data.waits(first[1])
            known: dict[str, Floats | float] = {
                "cost": data.hop_price(first) + price * busy,
                "latency": encode + move,
                "privacy": data.hop_leak(first),
                "energy": np.array([data.hop_energy(hop) for hop in hops]) if self.joules else 0.0,
                "accuracy": data.way_lost(first),
            }
            known |= self._machines(senders, busy)
            leaving[hub[0] - 1].append(self._crossing(hub, senders, known, encode + move))
        return [_by_hub(crossings) for crossings in leaving]

    def _entering(self) -> list[list[HubCrossings]]:
        """Entries out of each hub: an invocation and its cold start, decoding."""
        data = self.data
        runners = range(len(data.runners))
        fee = np.array([data.invocation_price(e) for e in runners])
        cold = np.array([data.whole_cold_time(e) if self.is_whole else data.mean_cold_time(e) for e in runners])
        entering: list[list[HubCrossings]] = [[] for _ in data.stages]
        for hub in data.hubs:
            stage, k, w, carried = hub
            own = data.receivers[stage, k, carried]
            entries: list[Entry] = [(stage, e, w) for e in own]
            receivers, way = np.array(own), data.instance.ways[stage - 1][max(w, 0)]
            decode = np.array([data.decode_time(x) for x in entries]) if way.decode_flops else np.zeros(len(own))
            time = cold[receivers] + decode
            known: dict[str, Floats | float] = {
                "cost": fee[receivers] + decode * self.price[receivers],
                "latency": time,
                "privacy": 0.0,
                "energy": np.array([data.decode_energy(x) for x in entries]) if way.decode_flops else 0.0,
                "accuracy": 0.0,
            }
            known |= self._machines(receivers, decode)
            entering[hub[0] - 1].append(self._crossing(hub, receivers, known, time))
        return entering

    def _machines(self, runners: Ints, busy: Floats) -> dict[str, Floats]:
        """Machines that these seconds keep busy, of the tiers that the runners stand in."""
        inside = {self.data.tier[e] for e in runners.tolist() if e != SOURCE}
        columns = [column for k, column in zip(self.tiers, self.rented.items(), strict=True) if k in inside]
        return {name: np.where(runners == SOURCE, 0.0, each[runners]) * busy for name, each in columns}

    def _crossing(self, hub: Hub, runner: Ints, known: dict[str, Floats | float], time: Floats) -> HubCrossings:
        adds = self._vectors(runner.shape, known)
        return HubCrossings(hub, runner, adds, time if self.is_whole else np.zeros_like(time))

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


def _rented(data: Data) -> dict[int, Floats]:
    """Machines that a unit of time of each request keeps busy, by runner, for each tier where they are rented whole."""
    instance = data.instance
    if instance.accounting != "reserved" or instance.rate_per_s is None:
        return {}
    per_worker = instance.rate_per_s * data.second / instance.utilisation_cap
    each = np.array([per_worker / instance.options[runner.option].workers for runner in data.runners])
    tier = np.array(data.tier)
    return {k: np.where(tier == k, each, 0.0) for k, own in enumerate(instance.tiers) if own.kind != "function"}


def _by_hub(crossings: list[HubCrossings]) -> list[HubCrossings]:
    """Put the crossings of each hub together."""
    hubs: dict[Hub, list[HubCrossings]] = defaultdict(list)
    for crossing in crossings:
        hubs[crossing.hub].append(crossing)

    def joined(parts: list[HubCrossings], name: str) -> Any:
        return np.concatenate([getattr(part, name) for part in parts])

    return [HubCrossings(hub, *(joined(parts, a) for a in ("runner", "adds", "whole"))) for hub, parts in hubs.items()]


def count_paths(chain: Chain) -> float:
    """How many placements there are, before any limit."""
    option = np.array([runner.option for runner in chain.data.runners])
    counts: Floats = np.zeros(chain.on.shape[1])
    ended = 0.0
    for s in range(len(chain.on)):
        here = np.zeros(len(counts))
        stays = chain.stays[s]
        if s and stays is None:
            here += counts
        elif s and stays is not None:
            np.add.at(here, stays[1], counts[stays[0]])
        for left in chain.leaving[s]:
            for entered in chain.entering[s] if s else ():
                if left.hub == entered.hub:
                    same = option[left.runner][:, None] == option[entered.runner][None, :]
                    here[entered.runner] += counts[left.runner].sum() - counts[left.runner] @ same
            for entered in chain.entering[s] if not s else ():
                here[entered.runner] += float(left.hub == entered.hub)
        counts = np.where(chain.on[s], here, 0.0)
        if chain.ends is not None:
            ended += float(counts[np.isfinite(chain.ends[s])].sum())
    return float(counts.sum()) + ended
