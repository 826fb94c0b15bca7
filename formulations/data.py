"""Index sets and scaled coefficients that all parts of the model read.

Operations (1e10 FLOP), times (1e-3 s) and prices (1e-6 USD) in one matrix break a solver's tolerances, so times and
money are divided by units of the instance's own size before they reach a constraint. The units are powers of two:
dividing by them is exact.

Sets
----
s in 1..M           stages
p in options        positions in the instance's list of options, k(p) the tier of p
(s, p) in places    pairs on some path through all stages where the stage fits the option's memory on its own
(s, p, k) in hops   ways to leave option p before stage s for tier k: along a link within the payload limit of k,
                    or, in a tier with stage_specific options, to another option of the same tier
p in entries        options stage 1 may run on, with the link its input crosses
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from serflow_opt.instance import Instance, Link

SLACK = 5e-10
"""How far, relative, a limit may be missed in the model: rounding of sums in double precision. It is half of what the
exact evaluation forgives, so that a plan that uses all of it still passes there."""

Place = tuple[int, int]
Hop = tuple[int, int, int]


def unit_of(values: Iterable[float]) -> float:
    """Return the power of two nearest the geometric mean of the positive values, 1 when there is none."""
    logs = [math.log2(value) for value in values if value > 0]
    return 2.0 ** round(sum(logs) / len(logs)) if logs else 1.0


@dataclass(frozen=True, slots=True)
class Move:
    """What a hand-over (or the input's way in) takes: seconds on the link and USD for the link."""

    seconds: float
    usd: float


class Data:
    """Sets and coefficients of one instance.

    Parameters
    ----------
    instance
        The problem.
    allowed
        Pairs (stage 1..M, option) that may be used; None: all. Pruning passes fewer.
    levels
        Pairs (stage 1..M, menu entry) that may be used; None: all.

    Attributes
    ----------
    second, dollar
        The units times and money are divided by.
    levels
        Menu entries of each stage.
    reach_low, reach_high
        Bounds of R_s that follow from the menus: the products of 1 - largest and 1 - smallest exit rate.
    """

    def __init__(
        self,
        instance: Instance,
        allowed: Collection[Place] | None = None,
        levels: Collection[tuple[int, int]] | None = None,
    ) -> None:
        self.instance = instance
        self.stages = range(1, len(instance.stages) + 1)
        self.levels = {
            s: [i for i in range(len(instance.menus[s - 1].exit_rates)) if levels is None or (s, i) in levels]
            for s in self.stages
        }
        self.last = len(instance.stages)
        self.tier = [option.tier for option in instance.options]
        self.options = range(len(instance.options))
        entry = instance.entry_links()
        on = {
            (s, p)
            for s in self.stages
            for p in self.options
            if (allowed is None or (s, p) in allowed) and self._fits(s, p) and (s > 1 or self.tier[p] in entry)
        }
        self._moves: dict[tuple[int, int, int], Move] = {}
        for s in self.stages[1:]:
            for source in range(len(instance.tiers)):
                for target in range(source, len(instance.tiers)):
                    self._add_move(s, source, target)
        on = self._on_some_path(on)
        self.places: list[Place] = sorted(on)
        self.stays = [(s, p) for s, p in self.places if s > 1 and (s - 1, p) in on]
        self.hops: list[Hop] = [
            (s + 1, p, k)
            for s, p in self.places
            for k in range(len(instance.tiers))
            if (s + 1, self.tier[p], k) in self._moves
            and any((s + 1, q) in on for q in self.options if self.tier[q] == k)
        ]
        self.entries = {p: self._move(entry[self.tier[p]], instance.input_bytes) for s, p in self.places if s == 1}
        self.second = unit_of(sum(option.stage_seconds) for option in instance.options)
        self.dollar = unit_of(
            sum(option.stage_seconds) * option.usd_per_s + option.usd_per_request for option in instance.options
        )
        self.reach_low, self.reach_high = self._reach_bounds()

    def _fits(self, s: int, p: int) -> bool:
        limit = self.instance.options[p].memory_bytes
        return limit is None or self.instance.stages[s - 1].parameter_bytes + self.activation(s) <= limit * (1 + SLACK)

    def _add_move(self, s: int, source: int, target: int) -> None:
        """Note what moving from tier to tier before stage s takes, where it can be done."""
        instance = self.instance
        link = instance.links.get((instance.tiers[source].name, instance.tiers[target].name))
        if source == target:
            if instance.tiers[source].stage_specific:
                self._moves[s, source, target] = Move(0.0, 0.0)
        elif link is not None and instance.accepts(target, s - 1):
            self._moves[s, source, target] = self._move(link, instance.received_bytes(s - 1))

    def _on_some_path(self, on: set[Place]) -> set[Place]:
        """Keep the pairs that lie on a path from the source through all stages."""

        def joined(s: int, p: int, q: int) -> bool:
            return p == q or (s, self.tier[p], self.tier[q]) in self._moves

        for s in self.stages[1:]:  # what can be reached
            before = [p for p in self.options if (s - 1, p) in on]
            on -= {(s, q) for q in self.options if (s, q) in on and not any(joined(s, p, q) for p in before)}
        for s in reversed(self.stages[1:]):  # what can go on
            after = [q for q in self.options if (s, q) in on]
            on -= {(s - 1, p) for p in self.options if (s - 1, p) in on and not any(joined(s, p, q) for q in after)}
        return on if all(any((s, p) in on for p in self.options) for s in self.stages) else set()

    @staticmethod
    def _move(link: Link | None, size: float) -> Move:
        return Move(0.0, 0.0) if link is None else Move(link.seconds(size), link.usd_per_byte * size)

    def _reach_bounds(self) -> tuple[dict[int, float], dict[int, float]]:
        low, high = {1: 1.0}, {1: 1.0}
        for s in self.stages[:-1]:
            rates = [self.exit_rate(s, level) for level in self.levels[s]]
            low[s + 1], high[s + 1] = low[s] * (1 - max(rates)), high[s] * (1 - min(rates))
        return low, high

    def exit_rate(self, s: int, level: int) -> float:
        """e_{s,l}."""
        return self.instance.menus[s - 1].exit_rates[level]

    def accuracy(self, s: int, level: int) -> float:
        """r_{s,l}."""
        return self.instance.menus[s - 1].accuracies[level]

    @property
    def connected(self) -> bool:
        """Whether any path runs all stages."""
        return bool(self.places)

    @property
    def rows(self) -> list[tuple[int, int]]:
        """All pairs (s, l)."""
        return [(s, level) for s in self.stages for level in self.levels[s]]

    @property
    def choosing(self) -> list[int]:
        """Stages where there is more than one menu entry."""
        return [s for s in self.stages if len(self.levels[s]) > 1]

    def activation(self, s: int) -> float:
        """Largest activation stage s makes or receives, bytes."""
        return max(self.instance.received_bytes(s - 1), self.instance.stages[s - 1].activation_bytes)

    def time(self, s: int, p: int) -> float:
        """t_{s,p} / second."""
        return self.instance.options[p].stage_seconds[s - 1] / self.second

    def hop_time(self, hop: Hop) -> float:
        """τ_s / second."""
        s, p, k = hop
        return self._moves[s, self.tier[p], k].seconds / self.second

    def hop_price(self, hop: Hop) -> float:
        """USD of the link per request that crosses, / dollar."""
        s, p, k = hop
        return self._moves[s, self.tier[p], k].usd / self.dollar

    def entry_time(self, p: int) -> float:
        """T_0 / second (survey 2.2.1 (6))."""
        return self.entries[p].seconds / self.second

    def entry_price(self, p: int) -> float:
        """USD of the input's link per request, / dollar."""
        return self.entries[p].usd / self.dollar

    def busy_price(self, p: int) -> float:
        """Price of one busy unit of time on p, / dollar."""
        return self.instance.options[p].usd_per_s * self.second / self.dollar

    def cold_time(self, p: int) -> float:
        """T_cold of a function, / second."""
        return self.instance.options[p].cold_start_s / self.second

    def cold_share(self, p: int) -> float:
        """Share of requests that meet a cold start."""
        return self.instance.options[p].cold_share

    def whole_cold_time(self, p: int) -> float:
        """T_cold where cold starts happen at all, / second: what worst case and percentiles count."""
        return self.cold_time(p) if self.cold_share(p) > 0 else 0.0

    def mean_cold_time(self, p: int) -> float:
        """T_cold times the share of requests that meet one, / second."""
        return self.cold_time(p) * self.cold_share(p)

    def invocation_price(self, p: int) -> float:
        """What a request pays on entering a function: fee and its share of a cold start, / dollar; 0 for machines."""
        if not self.is_function(p):
            return 0.0
        return self.instance.options[p].usd_per_request / self.dollar + self.busy_price(p) * self.mean_cold_time(p)

    def is_function(self, p: int) -> bool:
        """Whether p is paid per use."""
        return self.instance.tiers[self.tier[p]].kind == "function"

    def waits(self, p: int) -> bool:
        """Whether p is paid for, or kept busy by, the seconds of a hand-over it sends."""
        return self.instance.tiers[self.tier[p]].pays_for_waiting
