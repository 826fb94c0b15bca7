"""Every plan of a small document with ways to hand over, variants, trust and energy, by docs/adaptation.md.

A plan is a placement, a row of each menu, a way for each hand-over that crosses a link and a variant, or none, for each
block. No code is shared with the package. Units inside: seconds, bytes, USD, FLOP, joules; latencies leave as ms.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from oracles.adapted_reading import Adapted, Case, Way, cases, read_adapted
from oracles.brute_force import accurate_enough, combinations, fast_enough, flows
from oracles.brute_placements import moves, placements, violations
from oracles.brute_problem import FEASIBLE, ROUNDING, Document, Placement, Spot
from oracles.brute_time import last_stage, percentile, percentile_of

OBJECTIVES = ("cost", "latency", "privacy", "energy")
LIMITS = (
    "accuracy_min",
    "latency_slo_ms",
    "cost_max_usd",
    "energy_max_j",
    "privacy_max",
    "mse_min",
    "cross_entropy_max",
)
NOISE = 1e-14
"""Privacy losses are sums of differences of order 1; smaller ones are zero and rounding."""

Choice = tuple[tuple[Way, ...], ...]
"""By stage, the ways that what comes before it may be handed over in; one plain way where nothing crosses."""


@dataclass(frozen=True)
class Group:
    """The plans of one choice of variants and one placement: its ways x thresholds, in this order."""

    start: int  # index of the first plan
    case: Case
    placement: Placement
    crosses: tuple[bool, ...]  # by stage: what comes before it takes a link
    ways: Choice
    picked_ways: np.ndarray  # (M, W) index of the way
    picked_rows: np.ndarray  # (M, K) index of the menu row


@dataclass
class Plans:
    """Every plan that links, memory and payload admit, one entry a plan."""

    adapted: Adapted
    groups: list[Group]
    cost: np.ndarray  # USD per request
    latency: np.ndarray  # ms, in the instance's measure
    accuracy: np.ndarray
    privacy: np.ndarray  # expected leak of a request
    energy: np.ndarray  # J per request
    mse: np.ndarray  # least error at an untrusted link; inf: none is crossed; -inf: not known
    entropy: np.ndarray  # largest cross-entropy of a hand-over; -inf: none has one

    def keep(self, ignore: Collection[str] = ()) -> np.ndarray:
        """Which plans keep all limits but those of `ignore` (names of `LIMITS`)."""
        return np.logical_and.reduce([self.keeps(name) for name in LIMITS if name not in ignore])

    def keeps(self, name: str) -> np.ndarray:
        """Which plans keep one limit; all, where it is not set."""
        if name == "accuracy_min":
            return np.asarray(accurate_enough(self.adapted.problem, self.accuracy))
        if name == "latency_slo_ms":
            return np.asarray(fast_enough(self.adapted.problem, self.latency / 1000.0))
        values = self.limited(name)
        if name not in self.adapted.limits:
            return np.ones(values.shape, dtype=bool)
        limit = self.adapted.limits[name]
        slack = FEASIBLE * abs(limit)
        return values >= limit - slack if name == "mse_min" else values <= limit + slack

    def limited(self, name: str) -> np.ndarray:
        """What a limit is on, in its unit."""
        arrays = (self.accuracy, self.latency, self.cost, self.energy, self.privacy, self.mse, self.entropy)
        return dict(zip(LIMITS, arrays, strict=True))[name]

    def objective(self, name: str) -> np.ndarray:
        """USD, ms, expected leak, J, or accuracy."""
        return {
            "cost": self.cost,
            "latency": self.latency,
            "privacy": self.privacy,
            "energy": self.energy,
            "accuracy": self.accuracy,
        }[name]

    def describe(self, index: int) -> dict[str, Any]:
        """The decisions of a plan, in the form that `adapted_value` takes."""
        group = next(group for group in reversed(self.groups) if group.start <= index)
        w, k = divmod(index - group.start, group.picked_rows.shape[1])
        problem = group.case.problem
        return {
            "placement": [(problem.option(spot).tier, problem.option(spot).name) for spot in group.placement],
            "thresholds": {s: problem.menus[s - 1][group.picked_rows[s - 1, k]][0] for s in problem.classifiers},
            "ways": {
                cut: group.ways[cut][group.picked_ways[cut, w]].key
                for cut, crosses in enumerate(group.crosses)
                if crosses
            },
            "variants": {(variant.first, variant.last): variant.name for variant in group.case.chosen},
        }


# ----------------------------------------------------------------------------------------------------
# All plans


def adapted_plans(document: Document) -> Plans:
    """Evaluate every plan that can be done, whatever limits it breaks."""
    adapted = read_adapted(document)
    spots = list(placements(adapted.problem))
    groups: list[Group] = []
    columns: list[np.ndarray] = []
    start = 0
    for case in cases(adapted):
        picked, rates, right = combinations(case.problem.menus)
        reach, accuracy = flows(case.problem, rates, right)
        last = last_stage(case.problem, reach)
        for placement in spots:
            # stages nobody reaches need nothing: of the placements they could have, the one that stays counts
            fits = {s: _stays(placement, s) and can_be_done(case, placement[:s]) for s in np.unique(last).tolist()}
            can = np.array([fits[s] for s in last.tolist()])
            crosses = crossings(case, placement)
            ways = choices(adapted, case, placement, crosses)
            if not all(ways) or not can.any():
                continue
            figures, ways_picked = values(adapted, case, placement, crosses, ways, reach[:, can], accuracy[can])
            groups.append(Group(start, case, placement, crosses, ways, ways_picked, picked[:, can]))
            columns.append(figures)
            start += figures.shape[1]
    everything = np.concatenate(columns, axis=1) if columns else np.empty((7, 0))
    return Plans(adapted, groups, *everything)


def _stays(placement: Placement, stages: int) -> bool:
    """Whether the stages behind the first ones are where the last of those is."""
    return all(spot == placement[stages - 1] for spot in placement[stages:])


def can_be_done(case: Case, placement: Placement) -> bool:
    """Order, options, links and memory. Payloads are left to the ways: compression makes them smaller."""
    broken = violations(replace(case.problem, activation=list(case.held)), placement)
    return all(amount <= FEASIBLE for kind, amount in broken.items() if kind != "payload")


def crossings(case: Case, placement: Placement) -> tuple[bool, ...]:
    """By stage: whether what comes before it crosses a link."""
    return tuple(move in case.problem.links for move in moves(case.problem, placement))


def choices(adapted: Adapted, case: Case, placement: Placement, crosses: Sequence[bool]) -> Choice:
    """By stage, the ways whose bytes the receiving tier accepts; none at all where nothing fits."""
    found = []
    for cut, move in enumerate(moves(case.problem, placement)):
        limit = math.inf if move is None else case.problem.payload_max[placement[cut][0]]
        usable = adapted.ways[cut] if crosses[cut] else [Way()]
        size = case.problem.activation[cut]
        found.append(tuple(way for way in usable if way.kept * size <= limit * (1.0 + FEASIBLE)))
    return tuple(found)


def values(
    adapted: Adapted,
    case: Case,
    placement: Placement,
    crosses: Sequence[bool],
    ways: Choice,
    reach: np.ndarray,
    accuracy: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """(7, W x K) cost, latency, accuracy, privacy, energy, mse, entropy; (M, W) the ways picked.

    Arrays over ways are (W, 1), those over thresholds (1, K).
    """
    problem = case.problem
    grids = np.meshgrid(*[np.arange(len(here)) for here in ways], indexing="ij")
    picked = np.stack([grid.ravel() for grid in grids])
    shape = (picked.shape[1], reach.shape[1])
    before: list[np.ndarray] = []  # seconds on the path before each stage, cold starts not included
    cold, shares, run = [], [], []
    held: dict[Spot, np.ndarray] = {}  # seconds per request that an option is paid for
    cost, energy, privacy, lost = (np.zeros(shape) for _ in range(4))
    mse, entropy = np.full((shape[0], 1), math.inf), np.full((shape[0], 1), -math.inf)

    for s, (spot, move) in enumerate(zip(placement, moves(problem, placement), strict=True)):
        option, here = problem.option(spot), reach[s][None, :]
        chosen = [ways[s][i] for i in picked[s]]
        run.append(option.seconds[s])
        held[spot] = held.get(spot, 0.0) + option.seconds[s] * here
        energy = energy + adapted.joules_per_flop[spot[0]][spot[1]] * case.work[s] * here
        starts = option.kind == "function" and (s == 0 or placement[s - 1] != spot)
        cold.append(option.cold_s if starts else 0.0)
        shares.append(option.cold_share if starts else 0.0)
        if starts:
            cost = cost + here * (option.usd_per_request + option.usd_per_busy_s * option.cold_share * option.cold_s)
        if not crosses[s] or move is None:
            before.append(np.zeros((shape[0], 1)))
            continue

        link = problem.links[move]
        size = _of(chosen, "kept") * problem.activation[s]
        on_link = size * 8.0 / link.bits_per_s + link.round_trip_s
        decoding = _of(chosen, "decode") / adapted.speeds[spot[0]][spot[1]]
        before.append(on_link + decoding)
        cost = cost + link.usd_per_byte * size * here
        held[spot] = held[spot] + decoding * here
        energy = energy + adapted.joules_per_flop[spot[0]][spot[1]] * _of(chosen, "decode") * here
        energy = energy + adapted.joules_per_byte.get(move[0], 0.0) * size * here
        if s:  # nobody is charged for encoding the input
            sender = placement[s - 1]
            encoding = _of(chosen, "encode") / adapted.speeds[sender[0]][sender[1]]
            before[s] = before[s] + encoding
            waits = problem.option(sender).kind in ("vm", "edge")
            held[sender] = held[sender] + (encoding + (on_link if waits else 0.0)) * here
            energy = energy + adapted.joules_per_flop[sender[0]][sender[1]] * _of(chosen, "encode") * here
        lost = lost + _of(chosen, "accuracy_lost") * here
        privacy = privacy + adapted.weight_cross_entropy * _of(chosen, "entropy_added") * here
        entropy = np.maximum(entropy, _of(chosen, "entropy"))
        if move in adapted.untrusted:
            privacy = privacy + adapted.weight_mse * np.array([[leak(adapted, way)] for way in chosen]) * here
            mse = np.minimum(mse, _of(chosen, "mse"))

    for variant in case.chosen:
        lost = lost + variant.accuracy_loss * reach[variant.first - 1][None, :]
    for spot, seconds in held.items():
        option = problem.option(spot)
        if option.kind == "function":
            cost = cost + option.usd_per_busy_s * seconds
        elif problem.accounting == "per-request":
            cost = cost + option.usd_per_s * seconds
        else:
            assert problem.accounting == "reserved"
            assert problem.rate is not None
            machines = np.maximum(0, np.ceil(problem.rate * seconds / problem.cap * (1 - ROUNDING)))
            cost = cost + machines * option.usd_per_s / problem.rate
    last = last_stage(problem, reach)
    seconds = _latency(problem.measure, np.hstack(before), np.array(cold), np.array(shares), np.array(run), reach, last)
    privacy = np.where(np.abs(privacy) < NOISE, 0.0, privacy)
    out = (cost, seconds * 1000.0, accuracy[None, :] - lost, privacy, energy, mse, entropy)
    return np.stack([np.broadcast_to(values, shape).ravel() for values in out]), picked


def _of(ways: Sequence[Way], name: str) -> np.ndarray:
    """A figure of some ways, (W, 1)."""
    return np.array([[getattr(way, name)] for way in ways])


def leak(adapted: Adapted, way: Way) -> float:
    """1 when the input can be rebuilt or nothing is known, 0 when an attacker does no better than a guess."""
    return max(0.0, 1.0 - way.mse / adapted.baseline_mse) if way.known else 1.0


def _latency(
    measure: str,
    before: np.ndarray,
    cold: np.ndarray,
    share: np.ndarray,
    run: np.ndarray,
    reach: np.ndarray,
    last: np.ndarray,
) -> np.ndarray:
    """Seconds, (W, K) or (W, 1); `before` is (W, M), the others are (M,) and (M + 1, K)."""
    if measure == "mean":
        return (before + share * cold + run) @ reach[:-1]
    if measure == "worst":
        return np.cumsum(before + np.where(share > 0, cold, 0.0) + run, axis=1)[:, last - 1]
    quantile = percentile_of(measure)
    assert quantile is not None
    return np.stack([percentile(quantile, way + run, cold, share, reach) for way in before])
