"""Every row of a job's menu, valued at once: the closed forms of `formulations/jobs.py`, by option and workers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import numpy as np

from serflow_opt.families.job.problem import Channel, Job, JobPlan, offered
from serflow_opt.ground.arrays import Floats, Ints
from serflow_opt.ground.dominance import nondominated
from serflow_opt.ground.tolerances import ROUNDING

KINDS = ("functions", "machines", "in turn")


@dataclass(frozen=True, slots=True)
class JobMenuPart:
    """Rows of one algorithm, channel and pattern: seconds and USD by option and workers, infinite where not offered."""

    functions: tuple[int, ...]
    machines: tuple[int, ...]
    channel: int
    pattern: str
    algorithm: int
    time: Floats
    cost: Floats
    first: Floats | None = None


@dataclass(frozen=True, slots=True, eq=False)
class JobMenu:
    """The rows that no other of their kind beats.

    Attributes
    ----------
    plans, kinds
        What is decided, and the position in `KINDS`.
    values
        By row: seconds, USD, functions at once.
    best
        Positions of those that no row of any kind beats.
    counted
        Rows of the whole menu, and how many of them are offered.
    """

    plans: tuple[JobPlan, ...]
    kinds: tuple[int, ...]
    values: Floats
    best: tuple[int, ...]
    counted: tuple[int, int]


class Forms:
    """The parts that rows are made of, by option (rows) and number of workers (columns)."""

    def __init__(self, job: Job) -> None:
        self.job, self.w = job, np.array(job.workers, dtype=float)
        own = job.options
        self.speed = np.array([o.speed for o in own])[:, None]
        self.rent = np.array([o.usd_per_s for o in own])[:, None]
        self.call = np.array([o.usd_per_call for o in own])[:, None]
        self.life = np.array([o.life_s for o in own])[:, None]
        self.least = np.array([o.billed_min_s for o in own])[:, None]
        self.net = np.array([o.bytes_per_s for o in own])[:, None]
        self.hop = np.array([o.latency_s for o in own])[:, None]
        points = [np.array(o.starts) for o in own]
        self.start = np.array([np.interp(self.w, table[:, 0], table[:, 1]) for table in points])
        self.again = np.array([np.interp(1.0, table[:, 0], table[:, 1]) for table in points])[:, None]
        store = np.minimum(job.store_bytes_per_s, self.net)
        self.load = job.data_bytes / (self.w * store) + job.store_latency_s  # (9)
        self.saved = np.broadcast_to(job.model_bytes / store + job.store_latency_s, self.load.shape)
        memory = np.array([o.memory_bytes for o in own])[:, None]
        self.fits = job.data_bytes / self.w + job.memory_copies * job.model_bytes <= memory * (1 + ROUNDING)

    def rounds(self, algorithm: int, pattern: str) -> tuple[Floats, Floats]:
        """Return rounds and passes by workers."""
        own = self.job.algorithms[algorithm]
        rounds, passes = np.array(own.rounds, dtype=float), np.array(own.passes)
        if pattern != "asynchronous":
            return rounds, passes
        return np.ceil(rounds * self.job.asynchronous * (1 - ROUNDING)), passes * self.job.asynchronous

    def exchange(self, channel: Channel, pattern: str) -> Floats:
        """Return seconds of an exchange by option and workers."""
        m, w = self.job.model_bytes, self.w
        by = np.minimum(channel.bytes_per_s, self.net)
        if channel.kind == "server":
            seconds = 2 * m / np.minimum(self.net, channel.bytes_per_s / w) + channel.latency_s  # (6)
        elif pattern == "allreduce":
            seconds = (w + 2) * (m / by + channel.latency_s)  # (4)
        elif pattern == "scatterreduce":
            seconds = (3 * w - 2) * (m / (w * by) + channel.latency_s)  # (5)
        elif pattern == "ring":
            seconds = (2 * w - 2) * (m / (w * self.net) + self.hop)  # (7)
        else:
            seconds = 2 * (m / by + channel.latency_s) + 0 * w  # (8)
        return np.where(w > 1, seconds, 0.0)

    def requests(self, channel: Channel, pattern: str) -> Floats:
        """Return USD of a round's requests by workers, infinite where items are too large."""
        w, m = self.w, self.job.model_bytes
        if channel.kind != "store":
            return np.zeros_like(w)
        size = m / w if pattern == "scatterreduce" else np.full_like(w, m)
        writes, reads = {  # (14)
            "allreduce": (w + 1, 2 * w - 1),
            "scatterreduce": (w * w, 2 * w * (w - 1)),
            "asynchronous": (w, w),
        }[pattern]
        units = [
            np.maximum(np.ceil(size / unit * (1 - ROUNDING)), 1) if np.isfinite(unit) else np.ones_like(w)
            for unit in (channel.write_unit, channel.read_unit)
        ]
        usd = writes * units[0] * channel.usd_per_write + reads * units[1] * channel.usd_per_read
        usd = np.where(size <= channel.item_max * (1 + ROUNDING), usd, np.inf)
        return np.where(w > 1, usd, 0.0)

    def round_s(self, rounds: Floats, passes: Floats, channel: Channel, pattern: str) -> Floats:
        """Return seconds of a round by option and workers.

        Parameters
        ----------
        rounds, passes
            Exchanges until the target is met, and passes over the data, by option and workers.
        channel, pattern
            What models are exchanged over, and how.
        """
        compute: Floats = passes * self.job.pass_s / (rounds * self.w * self.speed)  # (3)
        return compute + self.exchange(channel, pattern)


def _whole(quotient: Floats) -> Floats:
    """Round down, forgiving rounding."""
    down: Floats = np.floor(quotient * (1 + ROUNDING))
    return down


def _alone(forms: Forms, functions: bool, channel: int, pattern: str, algorithm: int) -> JobMenuPart | None:
    """Rows of one kind of worker."""
    job, by = forms.job, forms.job.channels[channel]
    own = [n for n, o in enumerate(job.options) if o.is_function is functions and channel in o.channels]
    if not own:
        return None
    w, (rounds, passes) = forms.w, forms.rounds(algorithm, pattern)
    step = forms.round_s(rounds, passes, by, pattern)[own]
    load, saved, start = forms.load[own], forms.saved[own], forms.start[own]
    usd = forms.requests(by, pattern) * rounds
    ready, rent = np.maximum(start, by.start_s), forms.rent[own]
    if functions:
        restarts = _restarts(forms.life[own], load, saved, step, rounds)
        busy = load + rounds * step + restarts * (load + 2 * saved)
        time = ready + busy + restarts * forms.again[own]  # (11)
        calls = w * (1 + restarts) * (forms.call[own] + job.usd_per_read)
        calls = calls + w * restarts * (job.usd_per_write + job.usd_per_read)
        with np.errstate(invalid="ignore"):  # no price times no end
            cost = w * rent * busy + calls + usd + by.usd_per_s * (time - ready + by.start_s)  # (15)
    else:
        run = load + rounds * step
        time = ready + run  # (12)
        cost = w * rent * np.maximum(start + run, forms.least[own]) + w * job.usd_per_read + usd
        cost = cost + by.usd_per_s * (by.start_s + run)
    wrong = ~forms.fits[own] | ~np.isfinite(time + cost)
    time, cost = np.where(wrong, np.inf, time), np.where(wrong, np.inf, cost)
    none = (-1,) * len(own)
    pair = (tuple(own), none) if functions else (none, tuple(own))
    return JobMenuPart(*pair, channel, pattern, algorithm, time, cost)


def _restarts(life: Floats, load: Floats, saved: Floats, step: Floats, rounds: Floats) -> Floats:
    """Return how often functions start again (10); infinite where a round does not fit."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ends = _whole((life - load - saved) / step)
        between = _whole((life - load - 2 * saved) / step)
        more = np.ceil((rounds - 2 * ends) / between * (1 - ROUNDING)) + 1
    more = np.where(rounds <= 2 * ends, 1.0, np.where(between >= 1, more, np.inf))
    more = np.where(ends >= 1, more, np.inf)
    restarts: Floats = np.where(rounds <= _whole((life - load) / step), 0.0, more)
    return restarts


def _in_turn(forms: Forms, channel: int, pattern: str, algorithm: int, further: int) -> JobMenuPart | None:
    """Rows where machines take over at the last end of a round before they are ready, or at the first one after."""
    job, by = forms.job, forms.job.channels[channel]
    usable = [
        [n for n, o in enumerate(job.options) if o.is_function is f and channel in o.channels] for f in (True, False)
    ]
    pairs = list(product(*usable))
    if not pairs or by.kind == "direct":
        return None
    f, v = ([pair[k] for pair in pairs] for k in (0, 1))
    w, (rounds, passes) = forms.w, forms.rounds(algorithm, pattern)
    step = forms.round_s(rounds, passes, by, pattern)
    ready, there = np.maximum(forms.start[f], by.start_s), forms.start[v] + forms.load[v]
    room = np.maximum(_whole((there - ready - forms.load[f] - forms.saved[f]) / step[f]), 0.0) + further
    lived = _whole((forms.life[f] - forms.load[f] - forms.saved[f]) / step[f])
    first = np.minimum(np.minimum(room, lived), rounds - 1)
    busy = forms.load[f] + first * step[f] + forms.saved[f]
    time = np.maximum(ready + busy, there) + forms.saved[v] + (rounds - first) * step[v]  # (13)
    cost = w * (forms.rent[f] * busy + forms.call[f] + forms.rent[v] * np.maximum(time, forms.least[v]))
    cost = cost + w * (3 * job.usd_per_read + job.usd_per_write) + forms.requests(by, pattern) * rounds
    cost = cost + by.usd_per_s * (time - np.maximum(forms.start[f] - by.start_s, 0.0))
    wrong = ~(forms.fits[f] & forms.fits[v]) | (first < 1) | ~np.isfinite(time + cost)
    time, cost = np.where(wrong, np.inf, time), np.where(wrong, np.inf, cost)
    return JobMenuPart(tuple(f), tuple(v), channel, pattern, algorithm, time, cost, first)


def _parts(forms: Forms, kind: int) -> Iterator[JobMenuPart]:
    """Yield the parts of a kind that there are."""
    job = forms.job
    for algorithm, (channel, by) in product(range(len(job.algorithms)), enumerate(job.channels)):
        for pattern in offered(by):
            if pattern not in job.patterns:
                continue
            if pattern == "asynchronous" and (not job.asynchronous or job.algorithms[algorithm].name == "admm"):
                continue
            if kind < 2:
                made = [_alone(forms, kind == 0, channel, pattern, algorithm)]
            else:
                made = [_in_turn(forms, channel, pattern, algorithm, more) for more in (0, 1)]
            yield from (own for own in made if own is not None)


@lru_cache(maxsize=16)
def menu_of(job: Job) -> JobMenu:
    """Return the rows worth looking at: for each kind those that none of it beats in time, cost and functions."""
    forms = Forms(job)
    plans: list[JobPlan] = []
    kinds: list[int] = []
    values = [np.empty((0, 3))]
    looked = there = 0
    for kind in range(3 if job.in_turn else 2):
        parts = list(_parts(forms, kind))
        if not parts:
            continue
        time, cost = (np.concatenate([getattr(own, name) for own in parts]).T for name in ("time", "cost"))
        looked, there = looked + time.size, there + int(np.isfinite(time).sum())
        columns, rows = _falling(time, cost)
        used = np.zeros(len(rows)) if kind == 1 else forms.w[columns]
        points = np.column_stack([time[columns, rows], cost[columns, rows], used])
        kept = nondominated(points) if len(points) else np.empty(0, dtype=int)
        ends = np.cumsum([len(own.functions) for own in parts])
        for n in kept.tolist():
            at = int(np.searchsorted(ends, rows[n], side="right"))
            part, k = parts[at], int(rows[n]) - int(ends[at]) + len(parts[at].functions)
            first = 0 if part.first is None else int(part.first[k, columns[n]])
            own = (part.functions[k], part.machines[k], int(columns[n]), part.channel, part.pattern, part.algorithm)
            plans.append(JobPlan(*own, first))
        kinds += [kind] * len(kept)
        values.append(points[kept])
    every = np.concatenate(values)
    best = nondominated(every).tolist() if len(every) else []
    return JobMenu(tuple(plans), tuple(kinds), every, tuple(best), (looked, there))


def _falling(time: Floats, cost: Floats) -> tuple[Ints, Ints]:
    """Return, for each number of workers, the rows that are cheaper than all that are as fast: their positions."""
    order = np.argsort(time, axis=1)
    sorted_cost = np.take_along_axis(cost, order, axis=1)
    least = np.minimum.accumulate(sorted_cost, axis=1)
    kept = np.isfinite(sorted_cost)
    kept[:, 1:] &= sorted_cost[:, 1:] < least[:, :-1]
    columns, places = np.nonzero(kept)
    return columns, order[columns, places]
