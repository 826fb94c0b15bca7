"""The search behind `provision`: structures, cheapest bound first, each solved as a MILP until no other can win."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Sequence
from heapq import heappop, heappush
from typing import TYPE_CHECKING

from serflow_opt.ground.deadline import NEVER, Deadline, OutOfTime
from serflow_opt.ground.tolerances import TOLERANCE
from serflow_opt.traffic.provision.bounds import BoundedStructures, bounded, late_of, levels_left, quickest, sharpened
from serflow_opt.traffic.provision.candidates import Candidates
from serflow_opt.traffic.provision.counts import StructureSizes
from serflow_opt.traffic.provision.cutting import Cutting
from serflow_opt.traffic.provision.one_structure import OneStructure
from serflow_opt.traffic.provision.pools import Apart, pools_of
from serflow_opt.traffic.provision.pricing import Pricing
from serflow_opt.traffic.provision.question import Moment, ProvisionQuestion, SizedStructure
from serflow_opt.traffic.provision.result import Part, together, value_parts
from serflow_opt.traffic.provision.service_of import service_of
from serflow_opt.traffic.provision.structures import Structure, Structures, plainness
from serflow_opt.traffic.provision.waits import Size
from serflow_opt.traffic.service import Service

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TRIED = 50
"""Structures whose thresholds are tried as a start."""
SOME = 500
"""Structures that are looked at together where no deployment is known."""
MANY = 2000
"""Structures that are bounded together where one is."""
WAITING = 1000
"""Structures up to which waits beside functions are searched with all else where the limit is on the worst case."""
TRIED_WAITING = 150
"""Structures whose thresholds are tried where some may wait: most are told to be dearer by a look or two."""
BLOCKS_WAITING = 2
"""Blocks of the structures in which such waits are tried where there are more, at most."""
LOOKS_FEW = 40
"""Looks at sets of thresholds where fewer blocks come first, at most."""
LOOKS_FIRST, LOOKS_WAITING = 5, 150
"""Looks closer than by one set of thresholds, at the cheapest of them: before more blocks are looked into, and where
there are no more, which often proves all of it in about the time of the search without waits."""
FIRST_S = 1.0
"""What a first deployment and bound may take beyond the limit: none at all are of no use to anybody."""


class ProvisionSearch:
    """One search.

    Parameters
    ----------
    question
        What is asked.
    gap
        See `provision`; inf: any deployment will do.
    deadline, on_progress
        When to stop, and whom to tell; see `provision`.
    best
        Cost of a deployment known from elsewhere, USD per second.
    cutting
        Cuts of the network, under whatever limits; None: not known yet.

    Attributes
    ----------
    best, found
        Least cost known, and the deployment where it was found here.
    bound
        No deployment costs less, but for those known from elsewhere.
    checked
        The same, whatever a solver says.
    doubt
        What a solver said last that was not proven, in words.
    total, done, solves
        Structures that can keep the targets, those looked into, and models solved.
    without_waits
        Whether the bounds are of deployments in which nobody waits beside a function, though some may.
    anywhere
        There, what no deployment is below, waits or not; 0: not known.
    """

    def __init__(
        self,
        question: ProvisionQuestion,
        gap: float,
        deadline: Deadline,
        on_progress: Callable[[Moment], None] | None = None,
        best: float = math.inf,
        cutting: Cutting | None = None,
    ) -> None:
        self.instance, self.demand, self.gap, self.deadline = question.instance, question.demand, gap, deadline
        known = Cutting(Structures(question.instance, question.blocks, question.law)) if cutting is None else cutting
        self.cutting = known.under(question.instance)
        self.structures = self.cutting.structures
        self.pricing = Pricing(
            self.structures, question.demand, question.wait_max, question.carrying, deadline.later(FIRST_S)
        )
        self.promise = self.pricing.promise
        self.prove_waits = question.prove_waits
        self.carrying, self.keep, self.on_progress = question.carrying, question.keep, on_progress
        self.best = best
        self.found: SizedStructure | None = None
        self._offered: dict[tuple[Structure, tuple[int, ...]], float] = {}
        self.bound = self.checked = 0.0
        self.doubt = ""
        self.total = self.done = self.solves = 0
        self.without_waits = self._tried = False
        self.anywhere = 0.0

    def run(self) -> None:
        """Search until the gap is closed, or time is over."""
        try:
            among = Candidates(self.pricing, self.cutting)
            self.total = among.count
            limited = self.promise.limited and self.promise.random and self.promise.measure == "worst"
            self.without_waits = limited and self.total > WAITING
            self.promise.waits_beside = not self.without_waits
            tries = self.without_waits and math.isfinite(self.gap) and self.prove_waits is not None
            if self.without_waits and math.isfinite(self.gap):
                self.anywhere = min(self.best, among.fluid)  # of no queue: waits or not
            if tries and math.isinf(self.best):
                self._run_few()
            self._run(among)
            if self.without_waits and math.isfinite(self.gap) and math.isfinite(self.best):
                if self.prove_waits:
                    self._prove_waits()
                elif tries and self.structures.most <= BLOCKS_WAITING:
                    self._bounded_anywhere(self._try_waits(LOOKS_WAITING, closely=True))
        except OutOfTime:  # what is found and proven stays
            if not self.bound > 0 and math.isfinite(self.gap):
                self._bound_as_fluid()
        finally:
            if self._tried:
                self._let_wait()
            self.pricing.deadline = NEVER  # an answer is described, whatever it takes

    def _bound_as_fluid(self) -> None:
        """Bound all deployments as if machines could be rented in parts: where time was up before anything was bound.

        Networks cut short come after the whole one, which may have used all of it.
        """
        self.pricing.deadline = Deadline(FIRST_S)
        try:
            self.bound = self.checked = min(self.best, Candidates(self.pricing, self.cutting).fluid)
        except OutOfTime:
            return

    def _run(self, among: Candidates, looks: float = math.inf) -> None:
        """Look into some structures, at finitely many sets of thresholds only where others come after them."""
        if math.isfinite(self.gap):
            self.bound = self.checked = min(self.best, among.root)
        if math.isinf(self.best):
            self._any(among, thoroughly=math.isinf(looks))
        if math.isinf(self.best):  # and `bound` says how sure that is
            return
        if self.found is not None and math.isinf(self.gap):
            return
        self.deadline.check()  # with one deployment at least
        structures, every = list[Structure](), among.below(lambda: self.best)
        while some := list(itertools.islice(every, MANY)):  # the cheaper the best, the fewer can win
            found = bounded(self.pricing, self._possible(some)[0], self.best)
            self._start(found)
            structures += found.structures
        structures.sort(key=plainness)  # of equals the plainest comes first
        found = sharpened(self.pricing, bounded(self.pricing, structures, self.best), self.best)
        self._close(found, looks)

    def _close(self, found: BoundedStructures, most: float = math.inf) -> None:
        """Look into structures, cheapest bound first, until none can be cheaper than the best, or time is up."""
        bounds, checked = found.bounds.copy(), found.bounds.copy()  # one so far: no solver has said anything
        self._proven(bounds, checked)
        begun: dict[int, OneStructure] = {}
        open_ = [(0, bound, n) for n, bound in enumerate(bounds.tolist())]  # in the order of bounds: a heap
        while open_ and most > 0 and not self.deadline.expired:
            most -= 1
            looks, bound, n = heappop(open_)
            if bound >= self.enough():
                continue
            own = begun[n] = begun.get(n) or self._of(found, n)
            own.advance()  # once each before any twice: a cheaper deployment elsewhere leaves less to look at
            bounds[n], checked[n] = max(bound, own.bound), max(checked[n], own.checked)
            if own.closed:
                self.done += 1
                begun.pop(n)
            else:
                heappush(open_, (looks + 1, float(bounds[n]), n))
            self._proven(bounds, checked)

    def _run_few(self) -> None:
        """Look into fewer blocks first, waits and all: a cheap deployment leaves little that more blocks could do."""
        plain = self.pricing
        for most in range(1, min(self.structures.most - 1, BLOCKS_WAITING) + 1):
            try:
                if few := self.cutting.count(most) <= WAITING:
                    self._let_wait()
                self._run(Candidates(self.pricing, self.cutting, most=most), looks=LOOKS_FEW)
                if not few:
                    self._try_waits()
            finally:
                self.bound = self.checked = 0.0  # these were of few blocks
                self.pricing, self.promise.waits_beside, self._offered = plain, False, {}

    def _prove_waits(self) -> None:
        """Look into all structures once more, with requests that wait beside functions."""
        bound, checked = min(self.bound, self.best), min(self.checked, self.best)  # of those without
        found = self._where_some_wait(self.structures.most)
        found = sharpened(self.pricing, found, self.best, closely=True)
        self._start(found)
        self._close(found)
        self.bound, self.checked = min(self.bound, bound), min(self.checked, checked)
        self.without_waits = self.deadline.expired

    def _try_waits(self, looks: int = LOOKS_FIRST, *, closely: bool = False) -> float:
        """Let requests wait beside the function of one of two blocks, or of one, where that may be cheaper by most.

        Returns what those of so many blocks in which some wait cost at least, as far as they are cheaper.

        Parameters
        ----------
        looks
            Closer than by one set of thresholds, at the cheapest, at most.
        closely
            Whether bounds are sharpened by what may wait first.
        """
        found = self._where_some_wait(min(self.structures.most, BLOCKS_WAITING))
        if closely:
            found = sharpened(self.pricing, found, self.best, closely=True)
        open_ = [(bound, 0, n) for n, bound in enumerate(found.bounds.tolist())]  # a heap: the cheapest decide
        begun, done = dict[int, OneStructure](), math.inf
        for _ in range(looks):
            if not open_ or open_[0][0] >= self.enough():
                break
            _, often, n = heappop(open_)
            self.deadline.check()
            own = begun[n] = begun.get(n) or self._of(found, n)
            own.advance()
            if own.closed:
                done = min(done, own.checked)
                begun.pop(n)
            else:
                heappush(open_, (max(own.bound, float(found.bounds[n])), often + 1, n))
        return min([self.best, done, *(begun[n].checked if n in begun else bound for bound, _, n in open_)])

    def _bounded_anywhere(self, some_wait: float) -> None:
        """Take the bound of all deployments in which some wait beside a function: few may be left to be proven."""
        self.anywhere = min(self.bound, max(self.anywhere, some_wait))
        if some_wait >= self.enough():
            self.bound, self.checked = self.anywhere, min(self.checked, some_wait)
            self.without_waits = False

    def _let_wait(self) -> None:
        """Let requests wait beside functions from here on."""
        self._tried, self.promise.waits_beside, self._offered = True, True, {}
        self.pricing = self.pricing.among(self.pricing.data)  # what it knows is without these waits

    def _where_some_wait(self, most: int) -> BoundedStructures:
        """Return structures of so many blocks that may be cheaper if requests wait; what is cheap of them is tried."""
        self.deadline.check()
        self._let_wait()
        few = Candidates(self.pricing, self.cutting, most=most)
        structures, every = list[Structure](), few.below(lambda: self.best)
        while some := list(itertools.islice(every, MANY)):
            both = [own for own in some if any(c.machine is not None and c.function is not None for c in own)]
            structures += bounded(self.pricing, self._possible(both)[0], self.best).structures
        found = sharpened(self.pricing, bounded(self.pricing, structures, self.best), self.best)
        self._start(found, TRIED_WAITING)
        return found.below(self.best)

    def _any(self, among: Candidates, *, thoroughly: bool) -> None:
        """Look for a first deployment: by thresholds that bounds like, or else by models."""
        every, possible = among.anyhow() if math.isinf(self.gap) else among.rising(), 0
        while some := list(itertools.islice(every, SOME)):
            structures, levels = self._possible(some)
            possible += len(structures)
            liked = bounded(self.pricing, structures, math.inf)
            if len(levels):  # thresholds that keep the target, on the structures that may be cheapest
                at = {structure: n for n, structure in enumerate(structures)}
                quick = [levels[at[structure]] for structure in liked.structures[:TRIED]]
                self._start(liked, levels=quick)
            self._start(liked)
            if self.found is not None:
                return
        if not thoroughly:
            return
        every, bounds, checked = among.below(lambda: math.inf), [math.inf], [math.inf]
        while possible and (some := list(itertools.islice(every, SOME))):
            liked = bounded(self.pricing, self._possible(some)[0], math.inf)
            for n in range(len(liked.structures)):
                if self.deadline.expired:
                    raise OutOfTime
                own = self._of(liked, n)
                while not own.closed and not self.deadline.expired:
                    own.advance()
                    if self.found is not None:
                        return
                bounds.append(own.bound)
                checked.append(own.checked)
                self.done += 1
        self.bound, self.checked = min(bounds), min(checked)

    def _possible(self, among: Iterable[Structure]) -> tuple[list[Structure], NDArray[np.int64]]:
        """Return the structures that can keep the targets, and thresholds that do so; none where all do."""
        kept = sorted((s for s in among if self.keep is None or self.keep(s)), key=plainness)
        return quickest(self.pricing, [s for s in kept if late_of(self.pricing, s) is not None])

    def enough(self) -> float:
        """A structure whose bound is at least this cannot improve on the best by more than the gap."""
        if math.isinf(self.gap) or math.isinf(self.best):
            return math.inf if self.found is None else -math.inf
        return self.best * (1 - self.gap)

    def _proven(self, bounds: NDArray[np.float64], checked: NDArray[np.float64]) -> None:
        """Take the bounds of all structures as they are now."""
        self.bound = float(bounds.min(initial=self.best))
        self.checked = float(checked.min(initial=self.best))
        if self.on_progress:
            self.on_progress(Moment(self.done, len(bounds), self.best, min([self.best, *bounds.tolist()])))

    def _start(
        self, liked: BoundedStructures, most: int = TRIED, levels: Sequence[NDArray[np.int64]] | None = None
    ) -> None:
        """Value the most promising structures at thresholds: those that their bounds like, or others."""
        chosen = liked.levels if levels is None else levels
        for structure, own, bound in zip(liked.structures[:most], chosen, liked.bounds.tolist(), strict=False):
            enough = math.isinf(self.gap) or self.deadline.expired
            if (self.found is not None and enough) or bound >= self.best:
                return
            self.offer(structure, tuple(own.tolist()))

    def offer(self, structure: Structure, levels: tuple[int, ...]) -> float:
        """Value thresholds with their cheapest sizes, and keep them when they are the best; inf: dearer than that."""
        if (structure, levels) not in self._offered:
            self._offered[structure, levels] = self._valued(structure, levels)
        return self._offered[structure, levels]

    def _valued(self, structure: Structure, levels: tuple[int, ...]) -> float:
        service = service_of(self.structures, structure, levels)
        floor = self.instance.accuracy_min
        if floor is not None and service.accuracy < floor * (1 - TOLERANCE):
            return math.inf
        links = math.fsum(self.demand.mean * service.reach(b) * own.hop_usd for b, own in enumerate(service.blocks))
        counts = StructureSizes(self.pricing, structure, service)
        sizes = counts.best(self.best - links)
        if sizes is None:
            return math.inf
        cost = math.fsum(part.usd_per_s for part in self.parts(structure, service, sizes))
        if cost < self.best:
            self.best, self.found = cost, SizedStructure(structure, levels, sizes)
        if counts.cut:
            raise OutOfTime
        return cost

    def parts(self, structure: Structure, service: Service, sizes: Sequence[Size]) -> tuple[Part, ...]:
        """Value machines exactly.

        Parameters
        ----------
        structure, service, sizes
            What runs each block, the same at its thresholds, and machines by pool.
        """
        pools = pools_of(self.structures, structure)
        cold = [self.structures.cold_usd(pool.choice.function) for pool in pools]
        counts, rooms = [size.count for size in sizes], [size.room for size in sizes]
        parts = value_parts(Apart.of(service, pools), counts, rooms, self.demand, self.carrying, cold)
        return together(parts)

    def _of(self, found: BoundedStructures, n: int) -> OneStructure:
        """Return a structure, with the thresholds that can still be in a cheaper deployment once it is asked."""
        known = math.isfinite(self.best)
        narrow = (lambda: levels_left(self.pricing, found, n, self.best)) if known else None
        return OneStructure(self.pricing, found.structures[n], self, narrow)
