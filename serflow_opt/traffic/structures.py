"""How a network can be cut into blocks, and what can run each: everything about a deployment but thresholds and counts.

Each block has a pool of machines of one type, a function, or both; then the balancer splits its traffic. All pools and
functions stand in one network: a hand-over between blocks takes the link between the tier of machines and that of
functions, whichever way it goes.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

from serflow_opt.errors import InputError, Problem
from serflow_opt.instance import Instance, Link, Option
from serflow_opt.samples import tables_wanted
from serflow_opt.traffic.service import billed_s


@dataclass(frozen=True, slots=True)
class BlockChoice:
    """Stages first..last (positions) and the positions of the options that run them; None: no such pool."""

    first: int
    last: int
    machine: int | None
    function: int | None


Structure = tuple[BlockChoice, ...]


class Structures:
    """The structures of an instance.

    Parameters
    ----------
    instance
        One tier of machines that are rented (vm or edge), one of functions, or one of the two.
    most
        Most blocks.

    Raises
    ------
    InputError
        When the instance has other tiers, or limits and choices that provisioning does not know.
    """

    def __init__(self, instance: Instance, most: int) -> None:
        self.instance, self.most = instance, most
        _check(instance)
        kinds = [tier.kind for tier in instance.tiers]
        self.machine_tier = next((t for t, kind in enumerate(kinds) if kind != "function"), None)
        self.function_tier = next((t for t, kind in enumerate(kinds) if kind == "function"), None)
        self.machines = [p for p, o in enumerate(instance.options) if o.tier == self.machine_tier]
        self.functions = [p for p, o in enumerate(instance.options) if o.tier == self.function_tier]
        names = [instance.tiers[t].name for t in (self.machine_tier, self.function_tier) if t is not None]
        self.inner = instance.links.get((names[0], names[-1])) or instance.links.get((names[-1], names[0]))

    def option(self, p: int) -> Option:
        """Return the option at a position."""
        return self.instance.options[p]

    def hop_s(self, stage: int) -> float:
        """Seconds of a hand-over before the stage at this position; before the first, of the input."""
        size = self.instance.received_bytes(stage)
        return max(link.seconds(size) if link else 0.0 for link in self._links(stage))

    def hop_usd(self, stage: int) -> float:
        """USD of a hand-over before the stage at this position; before the first, of the input."""
        size = self.instance.received_bytes(stage)
        return max(link.usd_per_byte * size if link else 0.0 for link in self._links(stage))

    def _links(self, stage: int) -> list[Link | None]:
        """What a hand-over may cross: the inner link, or the input's ways to machines and to functions."""
        if stage:
            return [self.inner]
        used = [t for t in (self.machine_tier, self.function_tier) if t is not None]
        return [self.instance.links.get((self.instance.source, self.instance.tiers[t].name)) for t in used]

    def seconds(self, p: int, first: int, last: int) -> float:
        """Seconds of a whole block on an option, cold start included (survey 2.2.1)."""
        option = self.option(p)
        cold = option.cold_start_s if option.cold_share > 0 else 0.0
        return cold + math.fsum(option.stage_seconds[first : last + 1])

    def slowest(self, choice: BlockChoice, last: int | None = None) -> float:
        """Seconds from the start of a block to the end of a stage in it, on the slower of its pools."""
        end = choice.last if last is None else last
        return max(self.seconds(p, choice.first, end) for p in (choice.machine, choice.function) if p is not None)

    def done_s(self, structure: Structure) -> list[float]:
        """Seconds until each stage is done, on the slowest way there."""
        clock, done = 0.0, []
        for choice in structure:
            clock += self.hop_s(choice.first)
            done += [clock + self.slowest(choice, s) for s in range(choice.first, choice.last + 1)]
            clock = done[-1]
        return done

    def choices(self, first: int, last: int) -> list[BlockChoice]:
        """Return what can run a block, without what another choice beats in everything."""
        machines = _unbeaten(
            {p: self._machine_merits(p, first, last) for p in self.machines if self._fits(p, first, last)}
        )
        functions = _unbeaten(
            {p: self._function_merits(p, first, last) for p in self.functions if self._fits(p, first, last)}
        )
        found = [BlockChoice(first, last, p, None) for p in machines]
        found += [BlockChoice(first, last, None, f) for f in functions]
        for p in machines:
            for f in functions:
                within = max(self.seconds(p, first, last), self.seconds(f, first, last))
                cheaper = (
                    g
                    for g in functions
                    if g != f and self.seconds(g, first, last) <= within and self._no_dearer(g, f, first, last)
                )
                if self._percentile or not any(cheaper):
                    found.append(BlockChoice(first, last, p, f))
        return found

    def all(self) -> Iterator[Structure]:
        """Yield all structures of up to `most` blocks."""
        count = len(self.instance.stages)
        known = {(a, b): self.choices(a, b) for a in range(count) for b in range(a, count)}
        for blocks in range(1, min(self.most, count) + 1):
            for cuts in itertools.combinations(range(1, count), blocks - 1):
                ends = [*cuts, count]
                spans = [(a, b - 1) for a, b in zip([0, *cuts], ends, strict=True)]
                yield from itertools.product(*(known[span] for span in spans))

    @property
    def _percentile(self) -> bool:
        """Whether the times inside a block count, not only its end."""
        return self.instance.latency_measure != "worst"

    def _fits(self, p: int, first: int, last: int) -> bool:
        """Whether parameters, the largest activation and what comes in fit the option."""
        instance, option = self.instance, self.option(p)
        if not all(instance.allows(s, option) for s in range(first, last + 1)):
            return False
        received = instance.received_bytes(first)
        if not instance.accepts(option.tier, received) and instance.source != instance.tiers[option.tier].name:
            return False
        stages = instance.stages[first : last + 1]
        largest = max(received, *(stage.activation_bytes for stage in stages))
        held = math.fsum(stage.parameter_bytes for stage in stages) + largest
        return option.memory_bytes is None or held <= option.memory_bytes * (1 + 1e-9)

    def _machine_merits(self, p: int, first: int, last: int) -> tuple[float, ...]:
        """What counts for a pool, less is better: rent, times, and work a machine does at a time."""
        option, stages = self.option(p), range(first, last + 1)
        times = [option.stage_seconds[s] for s in stages]
        return (option.rent_per_s, -option.workers, *times, *(t / option.workers for t in times))

    def _function_merits(self, p: int, first: int, last: int) -> tuple[float, ...]:
        """What counts for a function, less is better: what it costs to enter, and each stage's time and cost so far."""
        option = self.option(p)
        cold = option.cold_start_s if option.cold_share > 0 else 0.0
        return (self.fee(p), cold, *option.stage_seconds[first : last + 1], *self._costs_so_far(p, first, last))

    def _costs_so_far(self, p: int, first: int, last: int) -> list[float]:
        """USD of a request that leaves at each stage of a block, as billed."""
        option = self.option(p)
        step = self.instance.tiers[option.tier].scaling.billing_step_s
        so_far = itertools.accumulate(option.stage_seconds[first : last + 1])
        return [option.usd_per_s * billed_s(t, step) for t in so_far]

    def _no_dearer(self, q: int, p: int, first: int, last: int) -> bool:
        """Whether function q costs no more than p, whatever the exits."""
        pairs = zip(self._costs_so_far(q, first, last), self._costs_so_far(p, first, last), strict=True)
        return self.fee(q) <= self.fee(p) and all(a <= b for a, b in pairs)

    def fee(self, p: int) -> float:
        """USD that a request pays on entering a function: fee and its share of a cold start."""
        return self.option(p).usd_per_request + self.cold_usd(p)

    def cold_usd(self, p: int | None) -> float:
        """USD that cold starts add to a request on a function, on average; nothing without one."""
        if p is None:
            return 0.0
        option = self.option(p)
        return option.usd_per_s * option.cold_share * option.cold_start_s


def _unbeaten(merits: dict[int, tuple[float, ...]]) -> list[int]:
    """Return the keys whose merits no other's are all as good as; of equals, the first."""

    def beats(q: int, p: int) -> bool:
        as_good = all(a <= b for a, b in zip(merits[q], merits[p], strict=True))
        return as_good and (merits[q] != merits[p] or q < p)

    return [p for p in merits if not any(beats(q, p) for q in merits)]


def _check(instance: Instance) -> None:
    """Raise InputError for what provisioning would have to leave out."""
    problems: list[Problem] = []

    def wrong(place: str, found: str, cure: str) -> None:
        problems.append(Problem(instance.name, place, found, cure))

    rented = [tier for tier in instance.tiers if tier.kind in ("vm", "edge")]
    functions = [tier for tier in instance.tiers if tier.kind == "function"]
    others = [tier.name for tier in instance.tiers if tier.kind == "device"]
    if others or len(rented) > 1 or len(functions) > 1:
        found = ", ".join(f"{tier.name} ({tier.kind})" for tier in instance.tiers)
        wrong(
            "tier",
            found,
            "provisioning takes one tier of rented machines (vm or edge), one of functions, or one of both",
        )
    if instance.threshold_mode != "menu":
        wrong("exits.thresholds", instance.threshold_mode, 'provisioning chooses from the menu: thresholds = "menu"')
    problems += tables_wanted(instance, "provisioning works")
    if instance.families:
        wrong("tier.memory_mb_range", "sizes or noise from a range", "list the choices: memory_mb = [...]")
    if instance.tail != "fixed":
        wrong("workload.tail", instance.tail, 'give tail = "fixed", and simulate times that vary')
    if instance.minimize != "cost":
        wrong("objective.minimize", instance.minimize, 'provisioning minimises cost: minimize = "cost"')
    if instance.variants:
        wrong("variant", f"{len(instance.variants)}", "provisioning takes stages as they are: leave variants out")
    if any(len(ways) > 1 for ways in instance.ways):
        wrong("adaptation, privacy", "several ways to hand over", "provisioning hands over as it is: leave them out")
    limits = {
        "cost_max_usd": instance.cost_max_usd,
        "energy_max_j": instance.energy_max_j,
        "privacy_max": instance.privacy_max,
        "mse_min": instance.privacy.mse_min,
        "cross_entropy_max": instance.privacy.cross_entropy_max,
    }
    for name, value in limits.items():
        if value is not None:
            wrong(f"workload.{name}", f"{value:g}", "provisioning keeps accuracy and latency only: leave it out")
    if problems:
        raise InputError(problems)
