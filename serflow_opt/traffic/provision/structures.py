"""How a network can be cut into blocks, and what can run each: everything about a deployment but thresholds and counts.

Each block has a pool of machines of one type, a function, or both; then the balancer splits its traffic. `hops.py` says
which blocks can follow each other.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from copy import copy
from dataclasses import dataclass, replace

from serflow_opt.ground.tolerances import TOLERANCE
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.offers import Option
from serflow_opt.traffic.given import check_for_provisioning
from serflow_opt.traffic.provision.hops import Hop, Hops, Tiers
from serflow_opt.traffic.simulate.service_times import Law


@dataclass(frozen=True, slots=True)
class BlockChoice:
    """What runs a block, and where it stands among others.

    Attributes
    ----------
    first, last, machine, function
        Positions of its stages, and of the options that run them; None: no such pool.
    hop_s, hop_usd, sending_s
        Of handing a request over to the block, and how long handing on to the one behind holds a worker.
    second, share
        Option of a second pool of machines, and what share of the block's requests the first takes; None: there is one.
    batch, batch_wait_s
        Most requests in a batch, and how long it may wait to be full.
    call, rounds
        Where a block that takes batches has a function beside its machines: most requests in a call of it, and how many
        batches for each worker may wait, so the longest wait is so many times the longest of a batch.
    """

    first: int
    last: int
    machine: int | None
    function: int | None
    hop_s: float = 0.0
    hop_usd: float = 0.0
    sending_s: float = 0.0
    second: int | None = None
    share: float = 1.0
    batch: int = 1
    batch_wait_s: float = 0.0
    call: int = 0
    rounds: int = 0

    def placed(self, hop_s: float, hop_usd: float, sending_s: float) -> BlockChoice:
        """Return it elsewhere: `replace`, which takes most of a search's time, by hand.

        Parameters
        ----------
        hop_s, hop_usd
            What the hand-over in front takes, seconds and USD a request.
        sending_s
            How long a worker is held by the hand-over behind, seconds.
        """
        here = (self.first, self.last, self.machine, self.function, hop_s, hop_usd, sending_s)
        return BlockChoice(*here, self.second, self.share, self.batch, self.batch_wait_s, self.call, self.rounds)

    def with_machines_alone(self) -> BlockChoice:
        """Return it without its function, and without what hands over to it; by hand, as `placed` does."""
        here = (self.first, self.last, self.machine, None, 0.0, 0.0, self.sending_s)
        return BlockChoice(*here, self.second, self.share, self.batch, self.batch_wait_s, self.call, self.rounds)


Structure = tuple[BlockChoice, ...]


def plainness(structure: Structure) -> tuple[int, list[tuple[int, int, int, int]]]:
    """Return what puts structures into an order: few blocks first, cut early, machines alone, functions alone, both."""
    pools = [
        (0 if c.function is None else 1 if c.machine is None else 2, c.machine or 0, c.function or 0) for c in structure
    ]
    return len(structure), [(c.first, *own) for c, own in zip(structure, pools, strict=True)]


class Structures:
    """The structures of an instance.

    Parameters
    ----------
    instance
        Tiers that have no option left are passed over.
    most
        Most blocks.
    law
        How service times scatter; fixed: as the options state.

    Raises
    ------
    InputError
        When the instance has limits and choices that provisioning does not know.
    """

    def __init__(self, instance: Instance, most: int, law: Law = Law()) -> None:  # noqa: B008 - it is frozen
        self.instance, self.most, self.law = instance, most, law
        check_for_provisioning(instance)
        used = sorted({option.tier for option in instance.options})
        self.machine_tiers = [t for t in used if instance.tiers[t].kind != "function"]
        self.function_tiers = [t for t in used if instance.tiers[t].kind == "function"]
        self.hops = Hops(instance, self.machine_tiers, self.function_tiers)
        self._paces: dict[tuple[int, int, int | None, int | None, float], tuple[float, ...]] = {}
        self._offers: dict[tuple[int, int], dict[Tiers, list[BlockChoice]]] = {}

    def under(self, instance: Instance) -> Structures:
        """Return these structures under other limits, which change nothing of what can run what."""
        other = copy(self)
        other.instance = instance
        return other

    def option(self, p: int) -> Option:
        """Return the option at a position."""
        return self.instance.options[p]

    def tier(self, p: int | None) -> int | None:
        """Return the position of an option's tier."""
        return None if p is None else self.option(p).tier

    def tiers(self, choice: BlockChoice) -> Tiers:
        """Return the tiers of a block's pools."""
        return self.tier(choice.machine), self.tier(choice.function)

    def seconds(self, p: int, first: int, last: int) -> float:
        """Seconds of a whole block on an option, without cold starts (survey 2.2.1).

        Parameters
        ----------
        p
            Position of the option.
        first, last
            Positions of the block's stages.
        """
        return math.fsum(self.option(p).stage_seconds[first : last + 1])

    def cold_s(self, p: int | None) -> float:
        """Seconds of a function's cold start, whole; 0 where nobody meets one."""
        if p is None or not self.option(p).cold_share > 0:
            return 0.0
        return self.option(p).cold_start_s

    def counted_cold_s(self, p: int | None) -> float:
        """Seconds that the latency measure adds to all on a function: whole in worst, by share in mean, else none."""
        measure = self.instance.latency_measure
        share = 1.0 if measure == "worst" or p is None else self.option(p).cold_share if measure == "mean" else 0.0
        return share * self.cold_s(p)

    def pace_s(self, choice: BlockChoice, cold_s: float) -> tuple[float, ...]:
        """Seconds from the start of a block to the end of each of its stages, on the slower of its pools.

        `cold_s` is what cold starts add on the function.
        """
        key = choice.first, choice.last, choice.machine, choice.function, cold_s
        if key not in self._paces:
            machine, function = (
                () if p is None else self._ends_s(p, choice.first, choice.last)
                for p in (choice.machine, choice.function)
            )
            late = tuple(cold_s + t for t in function)
            self._paces[key] = tuple(map(max, machine, late)) if machine and late else machine + late
        return self._paces[key]

    def _ends_s(self, p: int, first: int, last: int) -> tuple[float, ...]:
        """Seconds from the start of a block to the end of each of its stages on an option, without cold starts."""
        times = self.option(p).stage_seconds
        return tuple(math.fsum(times[first : s + 1]) for s in range(first, last + 1))

    def on_machines_s(self, choice: BlockChoice) -> tuple[float, ...]:
        """Seconds from the start of a block to the end of each of its stages on its machines."""
        return () if choice.machine is None else self._ends_s(choice.machine, choice.first, choice.last)

    def slowest(self, choice: BlockChoice, last: int | None = None) -> float:
        """Seconds from the start of a block to the end of a stage in it, on the slower of its pools.

        Of cold starts it has what the latency measure adds to all; `last` is the block's where it is None.
        """
        pace = self.pace_s(choice, self.counted_cold_s(choice.function))
        return pace[-1 if last is None else last - choice.first]

    def done_s(self, structure: Structure, cold_s: Sequence[float] | None = None) -> list[float]:
        """Seconds until each stage is done, on the slowest way there.

        `cold_s` is what cold starts add to a request on the function of each block; None: what the measure adds to all.
        """
        clock, done = 0.0, list[float]()
        for b, choice in enumerate(structure):
            clock += choice.hop_s
            added = self.counted_cold_s(choice.function) if cold_s is None else cold_s[b]
            done += [clock + t for t in self.pace_s(choice, added)]
            clock = done[-1]
        return done

    @property
    def varies(self) -> bool:
        """Whether stage times vary in what the latency measure counts: in percentiles."""
        stated = any(map(any, (o.stage_sd_s for o in self.instance.options)))
        return self.instance.quantile is not None and (self.law.scatters or stated)

    def varying_s(self, structure: Structure, cold_s: Sequence[float]) -> tuple[list[float], list[float], list[float]]:
        """Seconds of computing until each stage is done, their standard deviations, and what else it takes till then.

        On the slower pool of a block; of two deviations the larger counts.
        """
        means, deviations, added = list[float](), list[float](), list[float]()
        mean = variance = other = 0.0
        for choice, cold in zip(structure, cold_s, strict=True):
            pools = [p for p in (choice.machine, choice.function) if p is not None]
            pace = self.pace_s(choice, 0.0)
            spread = [self.spreads_s(p, choice.first, choice.last) for p in pools]
            other += choice.hop_s + cold
            means += [mean + t for t in pace]
            deviations += [math.sqrt(variance + max(own) ** 2) for own in zip(*spread, strict=True)]
            added += [other] * len(pace)
            mean, variance = means[-1], deviations[-1] ** 2
        return means, deviations, added

    def spreads_s(self, p: int, first: int, last: int) -> tuple[float, ...]:
        """Standard deviation of the time from the start of a block to the end of each of its stages on an option.

        By one factor for the whole block, or of stages that vary independently.

        Parameters
        ----------
        p
            The option, by position.
        first, last
            Stages, from 0.

        Returns
        -------
        Seconds, by stage.
        """
        if self.law.scatters and not (self.law.name == "lognormal" and self.option(p).stage_sd_s):
            return tuple(self.law.spread * t for t in self._ends_s(p, first, last))
        deviations = self.option(p).stage_sd_s[first : last + 1] or (0.0,) * (last + 1 - first)
        return tuple(math.sqrt(square) for square in itertools.accumulate(x * x for x in deviations))

    def choices(self, first: int, last: int) -> list[BlockChoice]:
        """Return what can run a block, without what another choice beats in everything; hand-overs are left out."""
        machines = [p for t in self.machine_tiers for p in self._unbeaten(t, self._machine_merits, first, last)]
        functions = self.functions(first, last)
        found = [BlockChoice(first, last, p, None) for p in machines]
        found += [BlockChoice(first, last, None, f) for f in functions]
        beside = {(p, f): self._merits_beside(p, f, first, last) for p in machines for f in functions}

        def beats(p: int, g: int, f: int) -> bool:
            ours, theirs = beside[p, g], beside[p, f]
            return all(a <= b for a, b in zip(ours, theirs, strict=True)) and (ours != theirs or g < f)

        same = {f: [g for g in functions if g != f and self.tier(g) == self.tier(f)] for f in functions}
        found += [BlockChoice(first, last, p, f) for p, f in beside if not any(beats(p, g, f) for g in same[f])]
        return found

    def offers(self, first: int, last: int) -> dict[Tiers, list[BlockChoice]]:
        """Return what can run a block, by the tiers of its pools; hand-overs are left out."""
        if (first, last) not in self._offers:
            offers: dict[Tiers, list[BlockChoice]] = {}
            for choice in self.choices(first, last):
                offers.setdefault(self.tiers(choice), []).append(choice)
            self._offers[first, last] = offers
        return self._offers[first, last]

    def _hops(self, taken: Sequence[Tiers], stages: Sequence[int]) -> list[Hop] | None:
        """Return the hand-overs into blocks on these tiers; None where some cannot follow each other."""
        order = [machines for machines, _ in taken if machines is not None]
        hops = [self.hops.into_first(taken[0])]
        hops += [
            self.hops.between(*pair, stage) for pair, stage in zip(itertools.pairwise(taken), stages[1:], strict=True)
        ]
        known = [hop for hop in hops if hop is not None]
        return known if order == sorted(order) and len(known) == len(hops) else None

    def placed(self, choice: BlockChoice, hop: Hop, held_s: float) -> BlockChoice:
        """Put a block between others; `held_s` is what the hand-over behind it takes.

        Parameters
        ----------
        choice
            The block.
        hop
            The hand-over in front of it.
        held_s
            What the hand-over behind it takes, seconds.
        """
        sending = held_s if self.holds(choice) else 0.0
        same = (choice.hop_s, choice.hop_usd, choice.sending_s) == (hop.seconds, hop.usd, sending)
        return choice if same else choice.placed(hop.seconds, hop.usd, sending)

    def holds(self, choice: BlockChoice) -> bool:
        """Whether a block's machines are held while they hand on."""
        tier = self.tier(choice.machine)
        return tier is not None and self.instance.tiers[tier].pays_for_waiting

    def pools(self, first: int, last: int) -> list[int]:
        """Return the options that may be a pool beside another: where machines are few, those others beat, too."""
        found = []
        for t in self.machine_tiers:
            scarce = self.instance.tiers[t].scaling.machines_max is not None
            fitting = (p for p, o in enumerate(self.instance.options) if o.tier == t and self._fits(p, first, last))
            found += list(fitting) if scarce else self._unbeaten(t, self._machine_merits, first, last)
        return found

    def functions(self, first: int, last: int) -> list[int]:
        """Return the functions that can run a block, without what another beats in everything."""
        return [p for t in self.function_tiers for p in self._unbeaten(t, self._function_merits, first, last)]

    def without(self, structure: Structure, empty: Iterable[int]) -> Structure:
        """Return a structure without the machines of some blocks, which have functions."""
        gone = set(empty)
        bare = [replace(choice, machine=None) if b in gone else choice for b, choice in enumerate(structure)]
        hops = self._hops([self.tiers(choice) for choice in bare], [choice.first for choice in bare])
        assert hops is not None  # fewer pools, fewer ways
        sending = [*(hop.seconds for hop in hops[1:]), 0.0]
        return tuple(self.placed(*own) for own in zip(bare, hops, sending, strict=True))

    def _fits(self, p: int, first: int, last: int) -> bool:
        """Whether parameters, the largest activation and what comes in fit the option."""
        instance, option = self.instance, self.option(p)
        if not all(instance.allows(s, option) for s in range(first, last + 1)):
            return False
        received = instance.received_bytes(first)
        if not first and option.tier not in instance.entry_links():
            return False
        if not instance.accepts(option.tier, received) and instance.source != instance.tiers[option.tier].name:
            return False
        seconds = math.fsum(option.stage_seconds[first : last + 1])
        if option.run_max_s is not None and seconds > option.run_max_s * (1 + TOLERANCE):
            return False
        stages = instance.stages[first : last + 1]
        largest = max(received, *(stage.activation_bytes for stage in stages))
        held = math.fsum(stage.parameter_bytes for stage in stages) + largest
        return option.memory_bytes is None or held <= option.memory_bytes * (1 + TOLERANCE)

    def _unbeaten(
        self, tier: int, merits_of: Callable[[int, int, int], tuple[float, ...]], first: int, last: int
    ) -> list[int]:
        """Return the options of a tier that a block fits and no other is as good as in everything; of equals, one."""
        fitting = [p for p, o in enumerate(self.instance.options) if o.tier == tier and self._fits(p, first, last)]
        merits = {p: merits_of(p, first, last) for p in fitting}

        def beats(q: int, p: int) -> bool:
            as_good = all(a <= b for a, b in zip(merits[q], merits[p], strict=True))
            return as_good and (merits[q] != merits[p] or q < p)

        return [p for p in fitting if not any(beats(q, p) for q in fitting)]

    def _machine_merits(self, p: int, first: int, last: int) -> tuple[float, ...]:
        """What counts for a pool, less is better: rent, times, and work a machine does at a time."""
        option, stages = self.option(p), range(first, last + 1)
        times = [option.stage_seconds[s] for s in stages]
        exact = self._as_they_vary(p, first, last)
        return (option.rent_per_s, -option.workers, *times, *(t / option.workers for t in times), *exact)

    def _function_merits(self, p: int, first: int, last: int) -> tuple[float, ...]:
        """What counts for a function, less is better: what it costs to enter, and each stage's time and cost so far."""
        option = self.option(p)
        times, costs = option.stage_seconds[first : last + 1], self._costs_so_far(p, first, last)
        exact = self._as_they_vary(p, first, last)
        return (self.fee(p), self.cold_s(p), option.cold_share, *times, *costs, *exact)

    def _as_they_vary(self, p: int, first: int, last: int) -> tuple[float, ...]:
        """What must be equal where times vary: neither less time nor less deviation is better at every quantile."""
        if not self.varies:
            return ()
        spreads, times = self.spreads_s(p, first, last), self.option(p).stage_seconds[first : last + 1]
        return (*spreads, *(-x for x in spreads), *(-t for t in times))

    def _costs_so_far(self, p: int, first: int, last: int) -> list[float]:
        """USD of a request that leaves at each stage of a block, as billed."""
        option = self.option(p)
        so_far = itertools.accumulate(option.stage_seconds[first : last + 1])
        return [option.usd_per_s * option.billed_s(t) for t in so_far]

    def _merits_beside(self, p: int, f: int, first: int, last: int) -> tuple[float, ...]:
        """What counts for function f beside machines p, less is better: costs, and times on the slower of the two."""
        found = (self.fee(f), *self._costs_so_far(f, first, last))
        if self.instance.latency_slo_s is None:
            return found
        choice = BlockChoice(first, last, p, f)
        cold = self.pace_s(choice, self.cold_s(f))
        if self.instance.latency_measure == "worst":
            return (*found, *cold)
        share, exact = self.option(f).cold_share, self._as_they_vary(f, first, last)
        return (*found, share, *cold, *self.pace_s(choice, 0.0), *exact)

    def fee(self, p: int) -> float:
        """USD that a request pays on entering a function: fee and its share of a cold start."""
        return self.option(p).usd_per_request + self.cold_usd(p)

    def cold_usd(self, p: int | None) -> float:
        """USD that cold starts add to a request on a function, on average; nothing without one."""
        return 0.0 if p is None else self.option(p).cold_usd
