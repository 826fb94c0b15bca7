"""How many workers of a pool are up from moment to moment: machines and zones that vanish and come back, drawn."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from serflow_opt.families.spot.problem import Counts, SpotPool
from serflow_opt.ground.arrays import Floats

HOUR_S = 3600.0
Flips = tuple[Floats, Floats]
"""Moments, and from each on 1 (up) or 0."""


@dataclass(frozen=True, slots=True, eq=False)
class Trajectory:
    """Workers up from each of some moments to the next.

    Attributes
    ----------
    moments
        Seconds, the first 0; one more than there are workers: the last is the end.
    workers
        Workers up from each moment on.
    paid_usd, interruptions
        For all machines, and how often one was taken away.
    """

    moments: Floats
    workers: Floats
    paid_usd: float
    interruptions: int


def draw(pool: SpotPool, counts: Counts, seconds: float, random: np.random.Generator) -> Trajectory:
    """Draw a pool from its long run: times up and away are exponential, as long as stated on average.

    Parameters
    ----------
    pool, counts
        A pool, and machines by offer.
    seconds
        How long.
    random
        What draws.
    """
    parts, paid, lost = [], 0.0, 0
    zones = _zones(pool, seconds, random)
    for offer, count in zip(pool.offers, counts, strict=True):
        there = (np.zeros(1), np.ones(1)) if offer.zone is None else zones[offer.zone]
        for _ in range(count):
            moments, on = _both(_flips(offer.up_s, offer.replace_s, seconds, random), there)
            parts.append((moments, on, offer.workers))
            up_s = float(np.diff(np.append(moments, seconds)) @ on)
            starts = float((on[1:] > on[:-1]).sum()) * offer.start_s if offer.up_s < math.inf else 0.0
            paid += (up_s + starts) * offer.usd_per_s
            lost += int((on[1:] < on[:-1]).sum())
    if not parts:
        return Trajectory(np.array([0.0, seconds]), np.zeros(1), 0.0, 0)
    moments = np.concatenate([own for own, _, _ in parts])
    steps = np.concatenate([np.diff(on, prepend=0.0) * workers for _, on, workers in parts])
    order = np.argsort(moments, kind="stable")
    moments, after = moments[order], np.cumsum(steps[order])
    last = np.append(moments[1:] > moments[:-1], True)  # of what happens at one moment the end counts
    return Trajectory(np.append(moments[last], seconds), np.round(after[last]), paid, lost)


def joint_rate(pool: SpotPool) -> float:
    """How often zones that depend on each other are drawn anew, 1/s: they vanish as often as stated, on average.

    One that is there for a share Z, drawn anew at rate r, vanishes at rate r (1 - Z) while it is there.
    """
    own = [pool.zones[n] for n in pool.depend]
    rates = [1 / zone.up_s / (1 - zone.availability) for zone in own if zone.up_s < math.inf and zone.availability < 1]
    return sum(rates) / len(rates) if rates else (1 / HOUR_S if own else 0.0)


def _zones(pool: SpotPool, seconds: float, random: np.random.Generator) -> list[Flips]:
    """When zones are there: each by itself, or all that depend on each other drawn anew at random moments."""
    found = [
        (np.zeros(1), np.ones(1)) if n in pool.depend else _flips(own.up_s, own.down_s, seconds, random)
        for n, own in enumerate(pool.zones)
    ]
    if pool.depend:
        count = random.poisson(joint_rate(pool) * seconds)
        moments = np.concatenate([np.zeros(1), np.sort(random.random(count)) * seconds])
        states = random.choice(len(pool.joint), len(moments), p=[share for share, _ in pool.joint])
        for n in pool.depend:
            on = np.array([float(n in there) for _, there in pool.joint])[states]
            found[n] = moments, on
    return found


def _flips(up_s: float, down_s: float, seconds: float, random: np.random.Generator) -> Flips:
    """Moments from which something is up (1) or not (0)."""
    if math.isinf(up_s) or down_s == 0:
        return np.zeros(1), np.ones(1)
    first = float(random.random() < up_s / (up_s + down_s))
    moments, states = [np.zeros(1)], [np.array([first])]
    now, state = 0.0, first
    while now < seconds:
        size = max(16, 2 * math.ceil(1.2 * (seconds - now) / (up_s + down_s)))
        up = (state + np.arange(size)) % 2  # the state that each length is of
        ends = now + np.cumsum(random.exponential(np.where(up == 1, up_s, down_s)))
        moments.append(ends)
        states.append(1 - up)
        now, state = float(ends[-1]), float(1 - up[-1])
    at, on = np.concatenate(moments), np.concatenate(states)
    return at[at < seconds], on[at < seconds]


def _both(own: Flips, there: Flips) -> Flips:
    """Moments from which both are up, or not."""
    moments = np.union1d(own[0], there[0])
    on = np.ones(len(moments))
    for at, states in (own, there):
        on *= states[np.searchsorted(at, moments, side="right") - 1]
    changed = np.append(True, on[1:] != on[:-1])
    return moments[changed], on[changed]
