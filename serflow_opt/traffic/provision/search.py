"""The search behind `provision`: structures, cheapest bound first, each solved as a MILP until no other can win."""

from __future__ import annotations

import itertools
import math
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from serflow_opt.backend.highs import HighsModel, Outcome
from serflow_opt.formulations.coefficients import Data
from serflow_opt.formulations.provisioning import Pool, Sizes, build_provisioning
from serflow_opt.ground.deadline import NEVER, Deadline, OutOfTime
from serflow_opt.ground.tolerances import EQUAL, TOLERANCE
from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.provision.bounds import Bounded, bounded, late_of, levels_left, quickest, sharpened
from serflow_opt.traffic.provision.candidates import Candidates
from serflow_opt.traffic.provision.cutting import Cutting
from serflow_opt.traffic.provision.pricing import Pricing
from serflow_opt.traffic.provision.question import Found, Moment, Question
from serflow_opt.traffic.provision.result import Part, value_parts
from serflow_opt.traffic.provision.service_of import service_of
from serflow_opt.traffic.provision.structures import BlockChoice, Structure, Structures, plainness
from serflow_opt.traffic.service import Service

if TYPE_CHECKING:
    from numpy.typing import NDArray

TRIED = 50
"""Structures whose thresholds are tried as a start."""
SOME = 500
"""Structures that are looked at together where no deployment is known."""
MANY = 2000
"""Structures that are bounded together where one is."""
FIRST_S = 1.0
"""What a first deployment and bound may take beyond the limit: none at all are of no use to anybody."""
MOST_ROUNDS = 12
"""Times a model is made sharper, at most."""
FEWEST_GROUPS = 6
"""Groups of the demand in a structure's first model; each sharper one has twice as many."""
COUNTED = 1000
"""Machines beside a function that are compared one by one."""
LINES = 4
"""Lines above what machines carry in a structure's first model."""


class Search:
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
    """

    def __init__(
        self,
        question: Question,
        gap: float,
        deadline: Deadline,
        on_progress: Callable[[Moment], None] | None = None,
        best: float = math.inf,
        cutting: Cutting | None = None,
    ) -> None:
        self.instance, self.demand, self.gap, self.deadline = question.instance, question.demand, gap, deadline
        known = Cutting(Structures(question.instance, question.blocks)) if cutting is None else cutting
        self.cutting = known.under(question.instance)
        self.structures = self.cutting.structures
        self.pricing = Pricing(
            self.structures, question.demand, question.wait_max, question.carrying, deadline.later(FIRST_S)
        )
        self.promise = self.pricing.promise
        self.carrying, self.keep, self.on_progress = question.carrying, question.keep, on_progress
        self.best = best
        self.found: Found | None = None
        self.bound = self.checked = 0.0
        self.doubt = ""
        self.total = self.done = self.solves = 0

    def run(self) -> None:
        """Search until the gap is closed, or time is over."""
        try:
            self._run()
        except OutOfTime:
            pass  # what is found and proven stays
        finally:
            self.pricing.deadline = NEVER  # an answer is described, whatever it takes

    def _run(self) -> None:
        among = Candidates(self.pricing, self.cutting)
        self.total = among.count
        if math.isfinite(self.gap):
            self.bound = self.checked = min(self.best, among.root)
        if math.isinf(self.best):
            self._any(among)
        if math.isinf(self.best):  # and `bound` says how sure that is
            return
        if self.found is not None and math.isinf(self.gap):
            return
        structures, every = list[Structure](), among.below(lambda: self.best)
        while some := list(itertools.islice(every, MANY)):  # the cheaper the best, the fewer can win
            found = bounded(self.pricing, self._possible(some)[0], self.best)
            self._start(found.structures, found.levels)
            structures += found.structures
        structures.sort(key=plainness)  # of equals the plainest comes first
        found = sharpened(self.pricing, bounded(self.pricing, structures, self.best), self.best)
        bounds, checked = found.bounds.copy(), found.bounds.copy()  # one so far: no solver has said anything
        self._proven(bounds, checked)
        for n in range(len(bounds)):
            if bounds[n] >= self._enough() or self.deadline.expired:  # and those behind, in the order of bounds
                break
            bound, sure = self._solve(found, n)
            bounds[n], checked[n] = max(bounds[n], bound), max(checked[n], sure)
            self.done += 1
            self._proven(bounds, checked)

    def _any(self, among: Candidates) -> None:
        """Look for a first deployment: by thresholds that bounds like, or else by models."""
        every, possible = among.anyhow() if math.isinf(self.gap) else among.rising(), 0
        while some := list(itertools.islice(every, SOME)):
            structures, levels = self._possible(some)
            possible += len(structures)
            liked = bounded(self.pricing, structures, math.inf)
            if len(levels):  # thresholds that keep the target, on the structures that may be cheapest
                at = {structure: n for n, structure in enumerate(structures)}
                self._start(liked.structures, [levels[at[structure]] for structure in liked.structures[:TRIED]])
            self._start(liked.structures, liked.levels)
            if self.found is not None:
                return
        every, bounds, checked = among.below(lambda: math.inf), [math.inf], [math.inf]
        while possible and (some := list(itertools.islice(every, SOME))):
            liked = bounded(self.pricing, self._possible(some)[0], math.inf)
            for n in range(len(liked.structures)):
                if self.deadline.expired:
                    raise OutOfTime
                bound, sure = self._solve(liked, n)
                if self.found is not None:
                    return
                bounds.append(bound)
                checked.append(sure)
                self.done += 1
        self.bound, self.checked = min(bounds), min(checked)

    def _possible(self, among: Iterable[Structure]) -> tuple[list[Structure], NDArray[np.int64]]:
        """Return the structures that can keep the targets, and thresholds that do so; none where all do."""
        kept = sorted((s for s in among if self.keep is None or self.keep(s)), key=plainness)
        return quickest(self.pricing, [s for s in kept if late_of(self.pricing, s) is not None])

    def _enough(self) -> float:
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

    def _start(self, structures: Sequence[Structure], levels: Iterable[NDArray[np.int64]]) -> None:
        """Value the most promising structures at thresholds, such as those that their bounds like."""
        for structure, own in zip(structures[:TRIED], levels, strict=False):
            if self.found is not None and math.isinf(self.gap):
                return
            self._offer(structure, tuple(own.tolist()))

    def _offer(self, structure: Structure, levels: tuple[int, ...]) -> float:
        """Value thresholds with their best counts exactly, keep them when they are the best, and return the cost."""
        service = service_of(self.structures, structure, levels)
        floor = self.instance.accuracy_min
        if floor is not None and service.accuracy < floor * (1 - TOLERANCE):
            return math.inf
        counts = self._best_counts(structure, service)
        if counts is None:
            return math.inf
        cost = math.fsum(part.usd_per_s for part in self.parts(structure, service, counts))
        if cost < self.best:
            self.best, self.found = cost, Found(structure, levels, counts)
        return cost

    def parts(self, structure: Structure, service: Service, counts: Sequence[int]) -> tuple[Part, ...]:
        """Value machines exactly.

        Parameters
        ----------
        structure, service, counts
            What runs each block, the same at its thresholds, and machines by block.
        """
        cold = [self.structures.cold_usd(choice.function) for choice in structure]
        return value_parts(service, counts, self.demand, self.carrying, cold)

    def _best_counts(self, structure: Structure, service: Service) -> tuple[int, ...] | None:
        """Return the cheapest machines of each block at these thresholds; None where none keep the targets."""
        spare = self.promise.spare(structure, service)
        if spare < 0:
            return None
        counts = []
        for b, choice in enumerate(structure):
            if choice.machine is None:
                counts.append(0)
            elif choice.function is not None:
                counts.append(self._beside_function(choice, service, b))
            else:
                machine, caps = service.blocks[b].machines[0], np.asarray(self.pricing.sizes(choice))
                load = self.demand.peak * service.reach(b) * service.busy_s(b, machine)
                enough = np.flatnonzero(caps >= load * (1 - TOLERANCE))
                if not len(enough) or len(caps) < 2:
                    return None
                counts.append(max(int(enough[0]), 1))
        return self._patient(structure, service, counts, spare)

    def _beside_function(self, choice: BlockChoice, service: Service, b: int) -> int:
        """Return how many machines are cheapest beside a function: a news-vendor's quantile."""
        machine, reach = service.blocks[b].machines[0], service.reach(b)
        if not reach > 0:
            return 0
        usd = service.function_usd(b) + self.structures.cold_usd(choice.function)
        rate = service.rate_per_s(b, machine)
        if math.isinf(rate):  # one machine takes all
            return int(machine.usd_per_s < usd * self.demand.mean * reach)
        most = self.pricing.most(choice)
        loads = self.demand.rates * reach / rate * machine.workers
        each, shares = usd * rate / machine.workers, self.demand.shares
        if most <= COUNTED:
            carried = self.carrying.each(most, machine.workers, loads) @ shares
            return int(np.argmin(machine.usd_per_s * np.arange(most + 1) - each * carried))

        def saved(count: int) -> float:  # concave in the count: a machine more saves less
            return each * float(self.carrying.carried(count * machine.workers, loads) @ shares)

        return bisect_left(range(most), True, key=lambda n: saved(n + 1) - saved(n) <= machine.usd_per_s)

    def _patient(
        self, structure: Structure, service: Service, counts: Sequence[int], spare: float
    ) -> tuple[int, ...] | None:
        """Add the cheapest machines that leave waits within what latency spares them; None where none are enough."""
        patient = [b for b, choice in enumerate(structure) if self.promise.waits(choice)]
        best: tuple[float, list[int]] = (math.inf, [])

        def extend(done: int, chosen: list[int], left: float, usd: float) -> None:
            nonlocal best
            if done == len(patient):
                best = min(best, (usd, chosen))
                return
            b = patient[done]
            rent = service.blocks[b].machines[0].usd_per_s
            for count in range(counts[b], self.pricing.most(structure[b]) + 1):
                if usd + rent * count >= best[0]:  # and so is every larger count
                    return
                wait = self.promise.wait(structure[b], service, b, count)
                if wait <= left:
                    extend(done + 1, [*chosen, count], left - wait, usd + rent * count)
                    if done == len(patient) - 1:  # of the last block the fewest that do are cheapest
                        return

        extend(0, [], spare, 0.0)
        if len(best[1]) < len(patient):
            return None
        raised = dict(zip(patient, best[1], strict=True))
        return tuple(raised.get(b, count) for b, count in enumerate(counts))

    def _solve(self, found: Bounded, n: int) -> tuple[float, float]:
        """Solve a structure's model, made sharper around what it finds until that is proven.

        Returns
        -------
        tuple
            The bound, and the bound whatever HiGHS says.
        """
        structure, bound, checked = found.structures[n], 0.0, 0.0
        late = late_of(self.pricing, structure)
        if late is None:
            return math.inf, math.inf
        levels = levels_left(self.pricing, found, n, self.best) if math.isfinite(self.best) else None
        if levels is not None and {s for s, _ in levels} != set(self.pricing.data.stages):  # none is cheaper
            return self.best, self.best
        data = Data(self.instance, levels=levels)
        points = [self._points(choice) for choice in structure]
        for sharper in range(MOST_ROUNDS):
            groups = self.demand.in_groups(FEWEST_GROUPS * 2**sharper)  # they spill no more: a bound, and a small model
            pools = [self._pool(structure, b, groups, points[b]) for b in range(len(structure))]
            if None in pools:
                return self.best, self.best
            dollar = self.best if math.isfinite(self.best) else self.demand.mean * (1 / 1e6)
            shares = list(zip(groups.rates.tolist(), groups.shares.tolist(), strict=True))
            built = build_provisioning(data, [pool for pool in pools if pool is not None], shares, late, dollar)
            self.solves += 1
            outcome = HighsModel(built).solve(gap=self.gap / 4, time_limit=self.deadline.left_or_none)
            if outcome.status == "infeasible":  # the model has only what can be cheaper than the best
                return self.best, self.best
            bound, checked = max(bound, outcome.bound * dollar), max(checked, outcome.checked * dollar)
            if outcome.status == "no_solution":
                self.doubt = outcome.doubt
                return bound, checked
            chosen = tuple(self._chosen(data, built, outcome, s) for s in data.stages)
            cost = self._offer(structure, chosen)  # exact; the model is below it by what lines and groups pass over
            if bound >= min(cost, self.best) * (1 - self.gap):
                break
            fresh = self._sharpen(structure, chosen, points)
            if not fresh and len(groups.rates) == len(self.demand.rates):
                break
        return bound, checked

    def _chosen(self, data: Data, model: Any, outcome: Outcome, s: int) -> int:
        """Position of the threshold a solution uses at stage s."""
        if s not in data.choosing:
            return data.menu[s][data.levels[s][0]].index
        level = max(data.levels[s], key=lambda level: outcome.value(model.z[s, level]))
        return data.menu[s][level].index

    def _points(self, choice: BlockChoice) -> list[float]:
        """Work of a block at which lines touch what machines carry: at first the ends and some between."""
        if choice.machine is None:
            return []
        profile = self.pricing.profile(choice)
        return [float(w) for w in np.linspace(profile.grid[0], profile.most_work(self.best), LINES)]

    def _sharpen(self, structure: Structure, levels: tuple[int, ...], points: list[list[float]]) -> bool:
        """Let lines touch what machines carry of a solution's work; say whether any is new."""
        service = service_of(self.structures, structure, levels)
        fresh = False
        for b, block in enumerate(service.blocks):
            if block.machines:
                work = service.reach(b) * service.busy_s(b, block.machines[0])
                if all(abs(work - known) > EQUAL * work for known in points[b]):
                    points[b].append(work)
                    fresh = True
        return fresh

    def _pool(self, structure: Structure, b: int, groups: Rates, points: list[float]) -> Pool | None:
        """Return a block's part of the model; None where it costs too much whatever is done."""
        choice, pricing = structure[b], self.pricing
        option = None if choice.machine is None else self.structures.option(choice.machine)
        pool = Pool(
            first=choice.first + 1,
            last=choice.last + 1,
            rent=option.rent_per_s if option else 0.0,
            workers=option.workers if option else 1,
            times=pricing.machine_times(choice),
            sending=choice.sending_s,
            fee=self.structures.fee(choice.function) if choice.function is not None else 0.0,
            prices=pricing.function_prices(choice),
            handover=choice.hop_usd,
            most=pricing.most(choice) if option else 0,
        )
        if option is None or (choice.function is not None and self.carrying.arrivals == "smooth"):
            return pool
        others = math.fsum(pricing.least(other) for other in structure if other is not choice)
        left = self.best * (1 + TOLERANCE) - others
        profile = pricing.profile(choice)
        if choice.function is None:
            caps = pricing.sizes(choice) or ()
            counts = [k for k in range(1, len(caps)) if option.rent_per_s * k <= left]
            line = tuple((0.0, caps[k]) for k in counts)
            lines: tuple[tuple[tuple[tuple[float, float], ...], ...], ...] = ((line,),) * len(groups.rates)
        else:
            costs = pricing.at_least(choice)
            counts = [k for k in range(1, pool.most + 1) if costs[k] <= left]
            touching = [
                [self.carrying.lines(k * option.workers, rate * np.asarray(points)) for k in counts]
                for rate in groups.rates.tolist()
            ]
            lines = tuple(tuple(zip(*by_count, strict=True)) for by_count in touching)
        if not counts:
            return None
        low, high, waits = float(profile.grid[0]), profile.most_work(self.best), self.promise.waits(choice)
        tangents: tuple[tuple[tuple[float, float], ...], ...] = ()
        if waits is not None:  # beyond what machines take there is nothing to bound
            full = {k: cap / self.demand.peak for k, cap in enumerate(pricing.sizes(choice) or ())}
            tangents = tuple(
                tuple(waits.tangent(k * option.workers, min(work, full[k])) for k in counts) for work in points
            )
        return replace(pool, sizes=Sizes(tuple(counts), lines, low, high, tangents))
