"""The worst that an adversary does to a plan within a budget of deviations, by recursion over its stages.

A request goes down a plan stage by stage, so what its way costs from stage s on, V_s, follows from what it costs from
the next stage on. An adversary who may let k more parts deviate takes the most of

    V_s(k) = b_s(y) + d_s x + q_s(y) V_{s+1}(k - x - y)        x, y in {0, 1}, x + y <= k

where x is the time of the stage and y its exits: b is what a request costs that comes to the stage, d what more it
costs where the time deviates, q the share that goes on. Prices of tiers and the rate, of which few matter, are gone
through one by one. That takes additions in number of stages times budget, where there are thousands of sets of parts.
Each case found is then valued whole, by `evaluator.py` on the instance as the case has it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from itertools import combinations

from serflow_opt.ground.tolerances import TOLERANCE
from serflow_opt.plan.decision import Decision
from serflow_opt.plan.evaluator import joules_of, leak_of
from serflow_opt.plan.walk import Step, walk
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.offers import Option
from serflow_opt.problem.stress import deviated
from serflow_opt.problem.uncertainty import UncertainCase, UncertainPart, Uncertainty


def worst_cases(instance: Instance, decision: Decision) -> list[UncertainCase]:
    """Return the cases within a budget that matter for a plan: as believed, and what is worst for each quantity.

    Parameters
    ----------
    instance
        With a budget.
    decision
        A plan of it.

    Returns
    -------
    list of UncertainCase
        What is worst for cost, the latency measured, privacy, energy, accuracy and each machine's load, each once.
    """
    asked = instance.uncertainty
    assert asked is not None
    tiers = tuple(tier.name for tier in instance.tiers)
    sets = dict.fromkeys([frozenset[UncertainPart](), *_Adversary(instance, asked, decision).sets()])
    return [asked.case(parts, tiers) for parts in sets]


class _Adversary:
    """The worst sets of parts for a plan."""

    def __init__(self, instance: Instance, asked: Uncertainty, decision: Decision) -> None:
        plain = replace(instance, uncertainty=None)
        hard = deviated(plain, asked.case(asked.parts, tuple(tier.name for tier in instance.tiers)))
        self.instance, self.asked, self.budget = plain, asked, asked.budget or 0
        self.steps, self.slow = walk(plain, decision), walk(hard, decision)
        rates = [
            [
                math.fsum(
                    w * e
                    for w, e in zip(
                        decision.weights[step.stage],
                        own.menu(step.stage, decision.variant(step.stage)).exit_rates,
                        strict=True,
                    )
                )
                for step in self.steps
            ]
            for own in (plain, hard)
        ]
        self.leave = list(zip(*rates, strict=True))
        self.right = [tuple(self._right(own, decision, step.stage) for own in (plain, hard)) for step in self.steps]
        self.lost = [
            (step.way.accuracy_loss if step.link else 0.0)
            + (step.variant.accuracy_loss if step.variant and step.variant.first == step.stage else 0.0)
            for step in self.steps
        ]

    @staticmethod
    def _right(instance: Instance, decision: Decision, stage: int) -> float:
        menu = instance.menu(stage, decision.variant(stage))
        rows = zip(decision.weights[stage], menu.exit_rates, menu.accuracies, strict=True)
        return math.fsum(w * e * r for w, e, r in rows if w * e > 0)

    def sets(self) -> Iterator[frozenset[UncertainPart]]:
        """Yield the worst set for each quantity."""
        yield self._costly()
        yield self._late()
        if self.asked.exits:
            work = self._stays(self.instance.run_on)
            yield self._most([(joules_of(step),) * 2 for step in self.steps], None, work, self.budget)[1]
            leaks = [(leak_of(self.instance, step),) * 2 for step in self.steps]
            yield self._most(leaks, None, work, self.budget)[1]
            wrong = [(lost - right, lost - fewer) for lost, (right, fewer) in zip(self.lost, self.right, strict=True)]
            yield self._most(wrong, None, self._stays(False), self.budget)[1]
        if self.instance.accounting == "reserved":
            yield from (parts for _, (_, parts) in self.busiest)

    def _costly(self) -> frozenset[UncertainPart]:
        tiers = sorted({step.option.tier for step in self.steps})
        dear = [k for k in tiers if self.asked.prices and self.asked.prices[k] > 0]
        best, worst = -math.inf, frozenset[UncertainPart]()
        for number in range(min(len(dear), self.budget) + 1):
            for raised in combinations(dear, number):
                factor = {k: 1 + (self.asked.prices[k] if k in raised else 0.0) for k in tiers}
                base = [(self._usd(step, factor),) * 2 for step in self.steps]
                more = [self._rate(step, factor) * s for step, s in zip(self.steps, self._slower(), strict=True)]
                value, parts = self._most(base, more, self._stays(self.instance.run_on), self.budget - number)
                value += self._rents(factor)
                if value > best:
                    best, worst = value, parts | {UncertainPart("prices", k) for k in raised}
        return worst

    def _is_paid(self, option: Option) -> bool:
        """Whether an option is paid by the second; machines rented whole are not."""
        return self.instance.tiers[option.tier].kind == "function" or self.instance.accounting == "per-request"

    def _rate(self, step: Step, factor: Mapping[int, float]) -> float:
        """USD of a second of the stage; machines rented whole are paid otherwise."""
        return factor[step.option.tier] * step.option.usd_per_s if self._is_paid(step.option) else 0.0

    def _usd(self, step: Step, factor: Mapping[int, float]) -> float:
        """USD of a request that comes to a stage, on its way there and in it."""
        usd = self._rate(step, factor) * (step.decode_s + step.compute_s)
        if step.tier.kind == "function" and step.begins:
            usd += factor[step.option.tier] * step.entering_usd
        if step.link is not None:
            usd += step.link.usd_per_byte * (step.sent_bytes + step.back_bytes)
            usd += sum(
                factor[sender.tier] * sender.usd_per_s * seconds
                for sender, seconds in _sending(step)
                if self._is_paid(sender)
            )
        return usd

    def _rents(self, factor: Mapping[int, float]) -> float:
        """Rents of whole machines a request, with as many as their worst cases take."""
        if self.instance.accounting != "reserved":
            return 0.0
        assert self.instance.rate_per_s is not None
        usd = 0.0
        for option, (load, _) in self.busiest:
            count = math.ceil(load / self.instance.utilisation_cap / option.workers * (1 - TOLERANCE))
            usd += count * option.rent_per_s * factor[option.tier]
        return usd / self.instance.rate_per_s

    def _late(self) -> frozenset[UncertainPart]:
        mean = self.instance.latency_measure == "mean"
        cold = [step.cold_s * (step.cold_share if mean else 1.0) for step in self.steps]
        base = [(step.warm_s + c,) * 2 for step, c in zip(self.steps, cold, strict=True)]
        return self._most(base, self._slower(), self._stays(not mean), self.budget)[1]

    def _slower(self) -> list[float]:
        return [slow.compute_s - step.compute_s for step, slow in zip(self.steps, self.slow, strict=True)]

    @cached_property
    def busiest(self) -> list[tuple[Option, tuple[float, frozenset[UncertainPart]]]]:
        """Each machine with the workers that its worst case keeps busy, and the case."""
        assert self.instance.rate_per_s is not None
        found = []
        for option in {id(s.option): s.option for s in self.steps if s.tier.kind != "function"}.values():
            base, more = [], []
            for step, longer in zip(self.steps, self._slower(), strict=True):
                mine = step.option is option
                sent = math.fsum(seconds for sender, seconds in _sending(step) if sender is option)
                base.append((sent + (step.decode_s + step.compute_s if mine else 0.0),) * 2)
                more.append(longer if mine else 0.0)
            choices = []
            for number in range(min(1 if self.asked.rate else 0, self.budget) + 1):
                busy, parts = self._most(base, more, self._stays(self.instance.run_on), self.budget - number)
                rate = self.instance.rate_per_s * (1 + number * self.asked.rate)
                choices.append((rate * busy, parts | ({UncertainPart("rate", 0)} if number else set())))
            found.append((option, max(choices, key=lambda own: own[0])))
        return found

    def _stays(self, all_of: bool) -> list[tuple[float, float]]:
        """Share that counts at the next stage, as believed and where fewer leave."""
        return [(1.0, 1.0) if all_of else (1 - a, 1 - b) for a, b in self.leave]

    def _most(
        self,
        base: Sequence[tuple[float, float]],
        more: Sequence[float] | None,
        stays: Sequence[tuple[float, float]],
        budget: int,
    ) -> tuple[float, frozenset[UncertainPart]]:
        """Return V_1(budget), and the parts that deviate for it.

        Parameters
        ----------
        base, more
            b of each stage, as believed and where its exits deviate; d, None: nothing is paid for time.
        stays
            q in the same two cases.
        budget
            Parts that may deviate.
        """
        following: list[tuple[float, frozenset[UncertainPart]]] = [(0.0, frozenset())] * (budget + 1)
        for n in reversed(range(len(base))):
            stage = self.steps[n].stage
            slow = more is not None and more[n] > 0 and bool(self.asked.times)
            fewer = bool(self.asked.exits) and self.asked.exits[stage] > 0 and self.leave[n][0] != self.leave[n][1]
            here = []
            for k in range(budget + 1):
                best = -math.inf, frozenset[UncertainPart]()
                for x, y in ((0, 0), (1, 0), (0, 1), (1, 1)):
                    if x + y > k or (x and not slow) or (y and not fewer):
                        continue
                    behind, parts = following[k - x - y]
                    value = base[n][y] + (more[n] if x and more is not None else 0.0) + stays[n][y] * behind
                    if value > best[0]:
                        own = [UncertainPart("times", stage)] * x + [UncertainPart("exits", stage)] * y
                        best = value, parts | frozenset(own)
                here.append(best)
            following = here
        return following[budget]


def _sending(step: Step) -> Iterator[tuple[Option, float]]:
    """Who sends what comes to a stage, and the seconds that this keeps it busy."""
    if step.link is not None and step.sender is not None and step.sender_tier is not None:
        yield step.sender, step.encode_s + (step.wait_s if step.sender_tier.pays_for_waiting else 0.0)
