"""Scaled coefficients that all parts of the model read, over the sets of `sets.py`.

Operations (1e10 FLOP), times (1e-3 s), energies and prices (1e-6 USD) in one matrix break a solver's tolerances, so
each is divided by a unit of the instance's own size before it reaches a constraint. The units are powers of two:
dividing by them is exact.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from serflow_opt.formulations.elements import NOTHING, SOURCE, Entry, Hop, Hub, Place, Stay
from serflow_opt.formulations.sets import Sets
from serflow_opt.problem.egress import refuse_tiers
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.offers import Option

__all__ = ["NOTHING", "SOURCE", "Chance", "Data", "Entry", "Hop", "Hub", "Place", "Stay", "unit_of"]


def unit_of(values: Iterable[float]) -> float:
    """Return the power of two nearest the geometric mean of the positive values, 1 when there is none."""
    logs = [math.log2(value) for value in values if value > 0]
    return 2.0 ** round(sum(logs) / len(logs)) if logs else 1.0


@dataclass(frozen=True, slots=True)
class Chance:
    """A cold start that a share of the requests meets: on entering a tier, or there before a stage (0: any)."""

    tier: int
    stage: int
    share: float


class Crossed(NamedTuple):
    """What crossing a link once, or there and back, makes of a request: time, price, privacy and accuracy lost.

    Without a link there is nothing but the accuracy.
    """

    time: float
    price: float
    leak: float
    lost: float


class Data(Sets):
    """Sets and coefficients of one instance; the parameters are those of `Sets`.

    Parameters
    ----------
    tiered
        Whether prices by volume are counted beside them (`egress.py`); what knows nothing of them refuses them.

    Attributes
    ----------
    second, dollar, joule, gram
        The units times, money, energy and carbon are divided by.
    """

    def __init__(
        self,
        instance: Instance,
        allowed: Collection[Place] | None = None,
        levels: Collection[tuple[int, int]] | None = None,
        *,
        tiered: bool = False,
    ) -> None:
        if not tiered:
            refuse_tiers(instance, "what takes flat prices only")
        super().__init__(instance, allowed, levels)
        self._known_crossed: dict[Hop, Crossed] = {}
        whole = [sum(option.stage_seconds) for option in instance.options]
        self.second = unit_of(whole)
        self.dollar = unit_of(
            seconds * option.usd_per_s + option.usd_per_request
            for seconds, option in zip(whole, instance.options, strict=True)
        )
        flops = sum(stage.flops for stage in instance.stages)
        self.joule = unit_of(option.joules_per_flop * flops for option in instance.options)
        self.gram = unit_of(self._grams_of_all(option, flops) for option in instance.options)

    def at_most(self, value: Any, limit: float) -> Any:
        """Return value <= limit, opened, divided by the limit's own size: solvers' tolerances are absolute."""
        size = unit_of([abs(limit)])
        return value / size <= self.opened(limit) / size

    def time(self, s: int, e: int) -> float:
        """t_{s,e} / second (survey 2.2.1 (7)): there, and back where a stage is trained (survey 2.2.3 (8))."""
        option, variant = self.instance.options[self.runners[e].option], self._variant(e)
        seconds = option.stage_seconds[s - 1]
        if variant is not None:
            added = variant.added_flops * self.instance.passes if variant.first == s - 1 else 0.0
            seconds = seconds * variant.flops_factor + added / option.flops_per_s
        return seconds / self.second

    def deviation(self, s: int, e: int) -> float:
        """Standard deviation of t_{s,e}, / second."""
        option, variant = self.instance.options[self.runners[e].option], self._variant(e)
        sd = option.stage_sd_s[s - 1] if option.stage_sd_s else 0.0
        return sd * (variant.flops_factor if variant else 1.0) / self.second

    def lost(self, s: int, e: int) -> float:
        """Accuracy lost by a request that enters stage s in the runner's variant: at the first stage of the block."""
        variant = self._variant(e)
        return variant.accuracy_loss if variant is not None and variant.first == s - 1 else 0.0

    def crossed(self, hop: Hop) -> Crossed:
        """Return what the link and the way of a hop make of a request that is handed over."""
        known = self._known_crossed.get(hop)
        if known is None:
            link, way, size = self._sending(hop)
            if link is None:
                known = Crossed(0.0, 0.0, 0.0, way.accuracy_loss)
            else:
                often = self.instance.transfers(hop[0] - 1)
                known = Crossed(
                    link.seconds(size) * often / self.second,
                    link.usd_per_byte * size * often / self.dollar,
                    self.instance.leak(way, link),
                    way.accuracy_loss,
                )
            self._known_crossed[hop] = known
        return known

    def way_lost(self, hop: Hop) -> float:
        """Accuracy lost by a request that is handed over."""
        return self.crossed(hop).lost

    def hop_time(self, hop: Hop) -> float:
        """τ_s / second (survey 2.2.1 (5), survey 2.2.3 (6)), T_0 for the way in (survey 2.2.1 (6)).

        In training (survey 2.2.1 (10), survey 2.2.3 (8)) activations there and gradients back; the input has none.
        """
        return self.crossed(hop).time

    def hop_price(self, hop: Hop) -> float:
        """USD of the link per request that crosses, / dollar."""
        return self.crossed(hop).price

    def crosses(self, hop: Hop) -> bool:
        """Whether a hop crosses a link."""
        return self._link(hop) is not None

    def hop_leak(self, hop: Hop) -> float:
        """Privacy loss of a request that crosses (survey 2.2.2 (1)), with the noise measured (survey 2.2.2 (3))."""
        return self.crossed(hop).leak

    def hop_energy(self, hop: Hop) -> float:
        """Joules of encoding and sending, there and back, per request that crosses, / joule."""
        s, e, k, _ = hop
        if self._link(hop) is None:
            return 0.0
        if e == SOURCE:
            senders = [tier for tier in self.instance.tiers if tier.name == self.instance.source]
            per_byte, encoding = sum(tier.joules_per_byte for tier in senders), 0.0
        else:
            option = self.instance.options[self.runners[e].option]
            per_byte = self.instance.tiers[self.tier[e]].joules_per_byte
            encoding = option.joules_per_flop * self._way(hop).encode_flops * self.instance.passes
        if self.instance.transfers(s - 1) == 2:  # the receiver sends the gradient back
            per_byte += self.instance.tiers[k].joules_per_byte
        return (encoding + per_byte * self.sent_bytes(hop)) / self.joule

    def encode_time(self, hop: Hop) -> float:
        """Time the sender takes to compress and protect, / second; the source's is not counted."""
        _, e, _, _ = hop
        if e == SOURCE:
            return 0.0
        flops = self._way(hop).encode_flops * self.instance.passes
        return flops / self.instance.options[self.runners[e].option].flops_per_s / self.second

    def decode_time(self, entry: Entry) -> float:
        """Time the receiver takes to undo it, / second."""
        s, e, w = entry
        flops = 0.0 if w == NOTHING else self.instance.ways[s - 1][w].decode_flops * self.instance.passes
        return flops / self.instance.options[self.runners[e].option].flops_per_s / self.second

    def decode_energy(self, entry: Entry) -> float:
        """Joules of decoding, / joule."""
        s, e, w = entry
        flops = 0.0 if w == NOTHING else self.instance.ways[s - 1][w].decode_flops * self.instance.passes
        return self.instance.options[self.runners[e].option].joules_per_flop * flops / self.joule

    def energy(self, s: int, e: int) -> float:
        """Joules of stage s, / joule."""
        option, variant = self.instance.options[self.runners[e].option], self._variant(e)
        flops = self.instance.stages[s - 1].flops
        if variant is not None:
            added = variant.added_flops * self.instance.passes if variant.first == s - 1 else 0.0
            flops = flops * variant.flops_factor + added
        return option.joules_per_flop * flops / self.joule

    def _grams_of_all(self, option: Option, flops: float) -> float:
        """Grams of all stages on an option, for the size of the unit."""
        busy = self._by_use(option) if option.emissions is not None else 0.0
        by_operation = option.joules_per_flop * flops * self.instance.tiers[option.tier].g_per_joule
        return sum(option.stage_seconds) * busy + by_operation

    def _by_use(self, option: Option) -> float:
        """Grams of a busy second; what a machine takes by being on counts by use, but where it is rented whole."""
        emissions = option.emissions
        if emissions is None:
            return 0.0
        whole = self.instance.accounting == "reserved" and self.instance.tiers[option.tier].kind != "function"
        return emissions.busy_g_per_s if whole else emissions.by_use_g_per_s(option.workers)

    def busy_grams(self, e: int) -> float:
        """Grams of a busy unit of time, / gram."""
        return self._by_use(self.instance.options[self.runners[e].option]) * self.second / self.gram

    def joule_grams(self, k: int) -> float:
        """Grams of `joule` taken in tier k, / gram."""
        return self.instance.tiers[k].g_per_joule * self.joule / self.gram

    def machine_grams(self, p: int) -> float:
        """Grams per request of a machine of option p that is rented whole, / gram: what it takes by being on."""
        emissions, rate = self.instance.options[p].emissions, self.instance.rate_per_s
        assert rate is not None
        return 0.0 if emissions is None else emissions.on_g_per_s / rate / self.gram

    def carbon(self, s: int, e: int) -> float:
        """Grams of stage s: of the time it takes, and of its joules, / gram."""
        return self.busy_grams(e) * self.time(s, e) + self.joule_grams(self.tier[e]) * self.energy(s, e)

    def hop_carbon(self, hop: Hop) -> float:
        """Grams of encoding, of what keeps the sender waiting, and of sending there and back, / gram."""
        s, e, k, _ = hop
        if e == SOURCE:
            grams = sum(tier.g_per_joule for tier in self.instance.tiers if tier.name == self.instance.source)
            return self.hop_energy(hop) * grams * self.joule / self.gram
        busy = self.busy_grams(e) * (self.encode_time(hop) + self.hop_time(hop) * self.waits(e))
        back = 0.0
        if self._link(hop) is not None and self.instance.transfers(s - 1) == 2:
            back = self.instance.tiers[k].joules_per_byte * self.sent_bytes(hop) / self.joule
        there = self.hop_energy(hop) - back
        return busy + there * self.joule_grams(self.tier[e]) + back * self.joule_grams(k)

    def entry_carbon(self, entry: Entry) -> float:
        """Grams of taking over: a call and its share of a cold start, decoding, / gram."""
        e = entry[1]
        option = self.instance.options[self.runners[e].option]
        grams = self.busy_grams(e) * self.decode_time(entry)
        grams += self.joule_grams(self.tier[e]) * self.decode_energy(entry)
        if option.emissions is not None and self.is_function(e):
            grams += option.emissions.call_g / self.gram + self.busy_grams(e) * self.mean_cold_time(e)
        return grams

    def busy_price(self, e: int) -> float:
        """Price of one busy unit of time, / dollar."""
        return self.instance.options[self.runners[e].option].usd_per_s * self.second / self.dollar

    def cold_time(self, e: int) -> float:
        """T_cold of a function, / second (survey 2.2.3 (5))."""
        return self.instance.options[self.runners[e].option].cold_start_s / self.second

    def cold_share(self, e: int) -> float:
        """Share of requests that meet a cold start."""
        return self.instance.options[self.runners[e].option].cold_share

    def whole_cold_time(self, e: int) -> float:
        """T_cold where cold starts happen at all, / second: what the worst case counts."""
        return self.cold_time(e) if self.cold_share(e) > 0 else 0.0

    def mean_cold_time(self, e: int) -> float:
        """T_cold times the share of requests that meet one, / second."""
        return self.cold_time(e) * self.cold_share(e)

    def chance(self, s: int, e: int) -> Chance | None:
        """Return the chance of a cold start of a function that takes over at stage s; None: all meet it, or nobody."""
        if not 0 < self.cold_share(e) < 1 or self.cold_time(e) <= 0:
            return None
        changes = self.instance.tiers[self.tier[e]].stage_specific
        return Chance(self.tier[e], s if changes else 0, self.cold_share(e))

    @cached_property
    def chances(self) -> list[Chance]:
        """All chances of cold starts, by falling probability times length."""
        mean: dict[Chance, float] = {}
        for s, e, _ in self.entries:
            chance = self.chance(s, e)
            if chance is not None:
                mean[chance] = max(mean.get(chance, 0.0), self.mean_cold_time(e))
        return sorted(mean, key=lambda chance: -mean[chance])

    def invocation_price(self, e: int) -> float:
        """What a request pays on entering a function: fee and its share of a cold start, / dollar; 0 for machines."""
        if not self.is_function(e):
            return 0.0
        fee = self.instance.options[self.runners[e].option].usd_per_request
        return fee / self.dollar + self.busy_price(e) * self.mean_cold_time(e)

    def waits(self, e: int) -> bool:
        """Whether a runner is paid for, or kept busy by, the seconds of a hand-over it sends."""
        return e != SOURCE and self.instance.tiers[self.tier[e]].pays_for_waiting
