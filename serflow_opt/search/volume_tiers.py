"""The search where bytes are priced by volume: one flat price a byte after the other, best bound first.

Of a tariff, what a request pays for v bytes is a piecewise linear F(v). A node keeps, of each tariff, a run of tiers,
and one line below F there: instead of prices by volume it has one flat price, so that every search for flat prices
solves it, and its bound holds for all plans of the node. Where the plan found pays what the line says, the node is
done; else the tariff that is furthest off is parted.

Where prices fall from tier to tier F is the least of the lines of its tiers, whatever the volume: a node needs no limit
on bytes, and plans that fall outside its tiers are paid too much there, not too little. Where a price rises, as behind
what is free, the parts on both sides get limits on bytes (`sent_limits`). A tariff that a plan does not use costs
nothing in all of this, and is not parted.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from serflow_opt.formulations.coefficients import Data
from serflow_opt.formulations.volumes import TierLine, most_sent, tier_lines
from serflow_opt.ground.tolerances import EQUAL, SLACK
from serflow_opt.plan.decision import Decision
from serflow_opt.plan.evaluator import evaluate
from serflow_opt.plan.transferred import sent_over
from serflow_opt.plan.walk import walk
from serflow_opt.problem.egress import links_of, without_tiers
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.tariffs import Pair, SentLimit
from serflow_opt.search.goal import Goal
from serflow_opt.search.outcome import SearchOutcome, SearchSettings

Find = Callable[[Instance, SearchSettings, Goal], SearchOutcome]


@dataclass(frozen=True, slots=True)
class TieredPrice:
    """One tariff as the search has it: the lines of its tiers, what its links are, and where the price rises."""

    name: str
    links: frozenset[Pair]
    lines: Sequence[TierLine]

    def rises(self, k: int) -> bool:
        """Whether the price rises from tier k - 1 to tier k."""
        return 0 < k < len(self.lines) and self.lines[k].slope > self.lines[k - 1].slope

    def reach(self, first: int, last: int) -> tuple[int, int]:
        """Return the first and the last tier up to where no price rises on either side of a run of tiers."""
        while first > 0 and not self.rises(first):
            first -= 1
        while last + 1 < len(self.lines) and not self.rises(last + 1):
            last += 1
        return first, last

    def paid(self, sent: float) -> float:
        """F: USD of so many bytes a request."""
        return next((line.at(sent) for line in self.lines if sent <= line.high), self.lines[-1].at(sent))

    def _least(self, first: int, last: int, sent: float) -> float:
        """Return USD of so many bytes by the cheapest line of a run, of those tiers that no rise parts from them."""
        own = next((k for k, line in enumerate(self.lines) if sent <= line.high), len(self.lines) - 1)
        begin, end = self.reach(first, last)
        start, stop = self.reach(*[min(max(own, begin), end)] * 2)
        return min(line.at(sent) for line in self.lines[max(start, first) : min(stop, last) + 1])

    def below(self, first: int, last: int) -> TierLine:
        """Return a line below what a run of tiers costs, wherever plans of the node may be."""
        start, end = self.reach(first, last)
        low, high = self.lines[start].low, self.lines[end].high
        at_low = self._least(first, last, low)
        ends = [line.high for line in self.lines[start : end + 1] if line.high > low]
        slope = min((self._least(first, last, v) - at_low) / (v - low) for v in ends)
        return TierLine(low, high, at_low - slope * low, slope)

    def limits(self, first: int, last: int) -> list[SentLimit]:
        """Return the limits on bytes that a run of tiers needs: where the price rises at its ends."""
        start, end = self.reach(first, last)
        least = self.lines[start].low if start > 0 else 0.0
        most = self.lines[end].high if end + 1 < len(self.lines) else math.inf
        return [SentLimit(self.links, least, most)] if least > 0 or most < math.inf else []

    def parted(self, first: int, last: int, sent: float) -> list[tuple[int, int]]:
        """Part a run of tiers: where the price rises, else beside the tier that so many bytes fall into.

        Parameters
        ----------
        first, last
            Its first and last tier.
        sent
            Bytes of a request.
        """
        rises = [k for k in range(first + 1, last + 1) if self.rises(k)]
        if rises:
            k = min(rises, key=lambda k: abs(self.lines[k].low - sent))
            return [(first, k - 1), (k, last)]
        own = next((k for k in range(first, last + 1) if sent <= self.lines[k].high), last)
        return [(first, own), (own + 1, last)] if own < last else [(first, own - 1), (own, last)]


@dataclass(order=True, slots=True)
class _Node:
    """Runs of tiers of all tariffs, and what no plan of them is below."""

    bound: float
    number: int
    runs: tuple[tuple[int, int], ...] = field(compare=False)


def by_tiers(instance: Instance, settings: SearchSettings, goal: Goal, find: Find) -> SearchOutcome:
    """Search for the best decision where links share prices by volume.

    Parameters
    ----------
    instance, settings, goal
        As `best.search` takes them.
    find
        The search for flat prices.
    """
    data = Data(instance, tiered=True)
    if not data.connected:
        return SearchOutcome(infeasible=True, bound=math.inf, checked=math.inf)
    tariffs = []
    for tariff in instance.egress:
        links = links_of(instance, tariff)
        most = most_sent(data, links) * (1 + SLACK)
        tariffs.append(TieredPrice(tariff.name, links, tier_lines(instance, tariff, most)) if most > 0 else None)
    paid = "cost" in goal or instance.cost_max_usd is not None
    used = [tariff for tariff in tariffs if tariff is not None and tariff.lines] if paid else []
    return _Search(instance, settings, goal, find, used).run()


class _Search:
    """Nodes by their bounds, and the best plan known; parameters as `by_tiers`."""

    def __init__(
        self, instance: Instance, settings: SearchSettings, goal: Goal, find: Find, tariffs: Sequence[TieredPrice]
    ) -> None:
        self.instance, self.settings, self.goal, self.find, self.tariffs = instance, settings, goal, find, tariffs
        self.found = SearchOutcome()
        self.searches = 0
        self._numbers = count()
        self._closed = self._checked = math.inf

    def run(self) -> SearchOutcome:
        """Search; the outcome's bound is that of all nodes."""
        found = self.found
        open_ = [_Node(-math.inf, next(self._numbers), tuple((0, len(own.lines) - 1) for own in self.tariffs))]
        doubt = ""
        while open_ and not self._beaten(open_[0].bound):
            if self.searches and self.settings.deadline.expired:
                break
            node = heapq.heappop(open_)
            children, doubt = self._solved(node)
            if children is None:
                heapq.heappush(open_, node)
                break
            for runs in children:
                heapq.heappush(open_, _Node(node.bound, next(self._numbers), runs))
        left = open_[0].bound if open_ else math.inf
        found.bound = min(self._closed, left, found.value)
        found.checked = min(self._checked, left, found.value)
        found.infeasible = found.decision is None and math.isinf(found.bound) and found.bound > 0
        found.doubt = "" if found.decision is not None or found.infeasible else doubt
        found.flat_prices = self.searches
        return found

    def _beaten(self, bound: float) -> bool:
        value = self.found.value
        return math.isfinite(value) and bound >= value - max(self.settings.gap, EQUAL) * abs(value)

    def _solved(self, node: _Node) -> tuple[list[tuple[tuple[int, int], ...]] | None, str]:
        """Search a node at flat prices; return its children, None where the search came to no end, and its doubt."""
        lines = [own.below(*run) for own, run in zip(self.tariffs, node.runs, strict=True)]
        fixed = math.fsum(line.fixed for line in lines)
        flat = self._flat(node, lines, fixed)
        self.searches += 1
        if flat is None:
            return [], ""
        told = replace(self.settings, on_progress=None)
        own = self.find(flat, told, self.goal)
        self.found.nodes += own.nodes
        self.found.flat = own
        shift = self.goal.get("cost", 0.0) * fixed if len(self.goal) > 1 else fixed * ("cost" in self.goal)
        if own.decision is None:
            if own.infeasible:
                return [], ""
            node.bound = max(node.bound, own.bound + shift)
            return None, own.doubt
        metrics = evaluate(self.instance, own.decision)
        self.found.offer(own.decision, metrics, metrics.blended(self.goal, self.instance.latency_measure))
        node.bound = max(node.bound, own.bound + shift)
        off = self._off(own.decision, lines)
        furthest = max(range(len(off)), key=lambda j: off[j][0], default=None)
        size = EQUAL * abs(metrics.cost_usd_per_request)
        if furthest is None or off[furthest][0] <= size:
            self._closed = min(self._closed, node.bound)
            self._checked = min(self._checked, max(own.checked + shift, -math.inf))
            return [], ""
        runs = node.runs
        first, last = runs[furthest]
        if first == last:  # its line holds there: what is off is rounding
            self._closed = min(self._closed, node.bound)
            self._checked = min(self._checked, own.checked + shift)
            return [], ""
        parts = self.tariffs[furthest].parted(first, last, off[furthest][1])
        return [(*runs[:furthest], part, *runs[furthest + 1 :]) for part in parts], ""

    def _flat(self, node: _Node, lines: Sequence[TierLine], fixed: float) -> Instance | None:
        """Return the node's problem at flat prices; None: not even a plan at no cost keeps the limit."""
        prices = {own.name: line.slope for own, line in zip(self.tariffs, lines, strict=True)}
        prices |= {tariff.name: 0.0 for tariff in self.instance.egress if tariff.name not in prices}
        limits = [one for own, run in zip(self.tariffs, node.runs, strict=True) for one in own.limits(*run)]
        flat = without_tiers(self.instance, prices, tuple(limits))
        if flat.cost_max_usd is None:
            return flat
        left = flat.cost_max_usd - fixed
        return None if left < 0 else replace(flat, cost_max_usd=left)

    def _off(self, decision: Decision, lines: Sequence[TierLine]) -> list[tuple[float, float]]:
        """How much more than its line each tariff costs a request, USD, and the bytes that a request sends under it."""
        steps = walk(self.instance, decision)
        found = []
        for own, line in zip(self.tariffs, lines, strict=True):
            sent = sent_over(steps, [self.instance.links[pair] for pair in own.links])
            found.append((own.paid(sent) - line.at(sent), sent))
        return found
