"""The search behind `provision`: structures, cheapest bound first, each solved as a MILP until no other can win."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from serflow_opt.deadline import Deadline
from serflow_opt.formulations.data import Data
from serflow_opt.formulations.provisioning import Pool, Sizes, build_provisioning
from serflow_opt.highs import HighsModel, Outcome
from serflow_opt.instance import Instance
from serflow_opt.plan import Choice
from serflow_opt.traffic.carrying import Carrying
from serflow_opt.traffic.deployment import Deployment, Part, value_parts
from serflow_opt.traffic.indifference import s_cips, t_cips
from serflow_opt.traffic.of_structure import service_of
from serflow_opt.traffic.pricing import Pricing
from serflow_opt.traffic.rates import Rates
from serflow_opt.traffic.service import Service
from serflow_opt.traffic.structure_bounds import Bounded, bounded, candidates, late_of, levels_left, quickest
from serflow_opt.traffic.structures import BlockChoice, Structure, Structures

TOLERANCE = 1e-9
"""Limits count as kept within this, relative."""
TRIED = 50
"""Structures whose thresholds are tried as a start."""
MOST_ROUNDS = 12
"""Times a model is made sharper, at most."""
FEWEST_GROUPS = 6
"""Groups of the demand in a structure's first model; each sharper one has twice as many."""
LINES = 4
"""Lines above what machines carry in a structure's first model."""


@dataclass(frozen=True, slots=True)
class Moment:
    """How far a search is: structures proven or solved, of how many; best and bound, USD per second."""

    done: int
    structures: int
    best: float
    bound: float


class Search:
    """One search, see `provision`."""

    def __init__(
        self,
        instance: Instance,
        demand: Rates,
        blocks: int,
        wait_max: float,
        carrying: Carrying,
        gap: float,
        time_limit: float | None,
        on_progress: Callable[[Moment], None] | None,
    ) -> None:
        self.instance, self.demand, self.gap, self.deadline = instance, demand, gap, Deadline(time_limit)
        self.structures = Structures(instance, blocks)
        self.pricing = Pricing(self.structures, demand, wait_max, carrying)
        self.carrying = carrying
        self.on_progress = on_progress
        self.best = math.inf
        self.found: tuple[Structure, tuple[int, ...], tuple[int, ...]] | None = None
        self.solves = 0
        self.none_kept = False

    def run(self, keep: Callable[[Structure], bool] | None) -> Deployment:
        possible = candidates(self.pricing)
        structures = [s for s in possible if keep is None or keep(s)]
        self.none_kept = bool(possible) and not structures
        structures, levels = quickest(self.pricing, structures)
        liked = bounded(self.pricing, structures, math.inf)
        if len(levels):  # thresholds that keep the target, on the structures that may be cheapest
            at = {structure: n for n, structure in enumerate(structures)}
            for structure in liked.structures[:TRIED]:
                self._offer(structure, tuple(levels[at[structure]].tolist()))
        self._start(liked)
        found = bounded(self.pricing, structures, self.best)
        self._start(found)
        found = bounded(self.pricing, found.structures, self.best)
        bounds = found.bounds.copy()
        done = 0
        self._report(done, bounds)
        for n in range(len(bounds)):
            if bounds[n] >= self._enough() or self.deadline.expired:
                break
            bounds[n] = max(bounds[n], self._solve(found, n))
            done = n + 1
            self._report(done, bounds)
        return self._deployment(bounds, done, len(structures))

    def _enough(self) -> float:
        """A structure whose bound is at least this cannot improve on the best by more than the gap."""
        return self.best * (1 - self.gap)

    def _report(self, done: int, bounds: np.ndarray) -> None:
        if self.on_progress:
            self.on_progress(Moment(done, len(bounds), self.best, min([self.best, *bounds.tolist()])))

    def _start(self, bounded: Bounded) -> None:
        """Value the most promising structures at the thresholds their bounds like."""
        for structure, levels in zip(bounded.structures[:TRIED], bounded.levels[:TRIED].tolist(), strict=True):
            self._offer(structure, tuple(levels))

    def _offer(self, structure: Structure, levels: tuple[int, ...]) -> float:
        """Value thresholds with their best counts exactly, keep them when they are the best, and return the cost."""
        service = service_of(self.structures, structure, levels)
        if self._breaks_limit(structure, service):
            return math.inf
        best_counts = self._best_counts(structure, service)
        if best_counts is None:
            return math.inf
        cost = math.fsum(part.usd_per_s for part in self._parts(structure, service, best_counts))
        if cost < self.best:
            self.best, self.found = cost, (structure, levels, best_counts)
        return cost

    def _parts(self, structure: Structure, service: Service, counts: Sequence[int]) -> tuple[Part, ...]:
        cold = [self.structures.cold_usd(choice.function) for choice in structure]
        return value_parts(service, counts, self.demand, self.carrying, cold)

    def _breaks_limit(self, structure: Structure, service: Service) -> bool:
        """Whether accuracy or latency is missed by more than the tolerance."""
        instance = self.instance
        floor, bound = instance.accuracy_min, instance.latency_slo_s
        if floor is not None and accuracy_of(service) < floor * (1 - TOLERANCE):
            return True
        if bound is None:
            return False
        if instance.latency_measure == "mean":
            return mean_of(self.structures, structure, service) > bound * (1 + TOLERANCE)
        return self._on_time(structure, service) < service.quantile * (1 - TOLERANCE)

    def _on_time(self, structure: Structure, service: Service) -> float:
        """Share of the requests that keep the latency target: done in time, and not waiting for a worker."""
        bound = self.instance.latency_slo_s
        if bound is None:
            return 1.0
        done = self.structures.done_s(structure)
        in_time = math.fsum(
            share for share, t in zip(service.shares, done, strict=True) if t <= bound * (1 + TOLERANCE)
        )
        if self.instance.latency_measure == "worst":  # of requests that need not wait
            return in_time
        return in_time - self.pricing.waiting(structure)

    def _best_counts(self, structure: Structure, service: Service) -> tuple[int, ...] | None:
        """Return the cheapest machines of each block at these thresholds: a news-vendor's quantile."""
        counts = []
        for b, choice in enumerate(structure):
            if choice.machine is None:
                counts.append(0)
                continue
            machine, reach = service.blocks[b].machines[0], service.reach(b)
            rate = service.rate_per_s(b, machine)
            if choice.function is None:
                caps = np.asarray(self.pricing.sizes(choice))
                load = self.demand.peak * reach / rate * machine.workers if rate else 0.0
                enough = np.flatnonzero(caps >= load * (1 - TOLERANCE))
                if not len(enough):
                    return None
                counts.append(int(enough[0]))
                continue
            if not reach > 0:
                counts.append(0)
                continue
            usd = service.function_usd(b) + self.structures.cold_usd(choice.function)
            most = self.pricing.most(choice)
            loads = self.demand.rates * reach / rate * machine.workers
            carried = self.carrying.each(most, machine.workers, loads) @ self.demand.shares
            saved = usd * rate / machine.workers * carried
            counts.append(int(np.argmin(machine.usd_per_s * np.arange(most + 1) - saved)))
        return tuple(counts)

    def _solve(self, found: Bounded, n: int) -> float:
        """Solve a structure's model, made sharper around what it finds until that is proven; return the bound."""
        structure, bound = found.structures[n], 0.0
        late = late_of(self.pricing, structure)
        if late is None:
            return math.inf
        levels = levels_left(self.pricing, found, n, self.best) if math.isfinite(self.best) else None
        if levels is not None and {s for s, _ in levels} != set(self.pricing.data.stages):
            return self.best
        data = Data(self.instance, levels=levels)
        points = [self._points(choice) for choice in structure]
        for sharper in range(MOST_ROUNDS):
            groups = self.demand.in_groups(FEWEST_GROUPS * 2**sharper)
            pools = [self._pool(structure, b, groups, points[b]) for b in range(len(structure))]
            if None in pools:
                return self.best
            dollar = self.best if math.isfinite(self.best) else self.demand.mean * 1e-6
            shares = list(zip(groups.rates.tolist(), groups.shares.tolist(), strict=True))
            built = build_provisioning(data, [pool for pool in pools if pool is not None], shares, late, dollar)
            self.solves += 1
            outcome = HighsModel(built).solve(gap=self.gap / 4, time_limit=self.deadline.left)
            if outcome.status == "infeasible":
                return self.best
            bound = max(bound, outcome.bound * dollar)
            if outcome.status == "no_solution":
                return bound
            chosen = tuple(self._chosen(data, built, outcome, s) for s in data.stages)
            cost = self._offer(structure, chosen)
            if bound >= min(cost, self.best) * (1 - self.gap):
                break
            fresh = self._sharpen(structure, chosen, points)
            if not fresh and len(groups.rates) == len(self.demand.rates):
                break
        return bound

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
                if all(abs(work - known) > 1e-9 * work for known in points[b]):
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
            sending=pricing.sending(choice),
            fee=self.structures.fee(choice.function) if choice.function is not None else 0.0,
            prices=pricing.function_prices(choice),
            handover=self.structures.hop_usd(choice.first),
            most=pricing.most(choice) if option else 0,
        )
        if option is None or (choice.function is not None and self.carrying.arrivals == "smooth"):
            return pool
        others = math.fsum(pricing.least(other) for other in structure if other is not choice)
        left = self.best * (1 + TOLERANCE) - others
        profile = pricing.profile(choice)
        if choice.function is None:
            caps = pricing.sizes(choice) or ()
            counts = [k for k in range(len(caps)) if option.rent_per_s * k <= left]
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
        return replace(pool, sizes=Sizes(tuple(counts), lines, float(profile.grid[0]), profile.most_work(self.best)))

    def _why_not(self, total: int) -> str:
        """Say which target is out of reach, and what could be had."""
        instance, pricing = self.instance, self.pricing
        best = _most_accurate(pricing)
        if instance.accuracy_min is not None and best < instance.accuracy_min * (1 - TOLERANCE):
            return f"accuracy_min: the most accurate thresholds reach {best:.6g}, {instance.accuracy_min:g} was asked"
        if self.none_kept:
            return "none of the structures that keep the targets is of the kind asked for"
        fastest = min((self.structures.done_s(s)[-1] for s in self.structures.all()), default=math.inf)
        if math.isinf(fastest):
            return (
                "nothing runs all stages: memory_mb and payload_max_bytes leave no type and no function for some block"
            )
        asked = f"{instance.latency_measure} latency"
        if total == 0 and instance.latency_slo_s is not None:
            return (
                f"latency_slo_ms: the fastest way through all stages takes {fastest * 1000:.6g} ms, "
                f"{instance.latency_slo_s * 1000:g} ms was asked of the {asked}"
            )
        return (
            f"accuracy_min and latency_slo_ms clash: no thresholds keep the {asked} and the accuracy together, "
            f"alone the best are {fastest * 1000:.6g} ms on the whole path and an accuracy of {best:.6g}"
        )

    def _deployment(self, bounds: np.ndarray, done: int, total: int) -> Deployment:
        seconds = self.deadline.seconds
        open_ = [bound for bound in bounds.tolist() if bound < self.best]
        bound = min([self.best, *open_]) if math.isfinite(self.best) else min(bounds.tolist(), default=math.inf)
        method = (
            f"{total:,} structures, {done:,} not ruled out by Lagrangian bounds, {self.solves:,} flow-scaled MILPs by "
            "HiGHS, valued by arithmetic on the service"
        )
        if self.found is None:
            proven = not math.isfinite(bound)
            reason = self._why_not(total) if proven else ""
            return Deployment(
                self.instance.name,
                "infeasible" if proven else "no_solution",
                self.demand,
                bound=bound if not proven else 0.0,
                seconds=seconds,
                method=method,
                reason=reason,
            )
        structure, levels, counts = self.found
        structure = tuple(
            replace(choice, machine=None) if not count and choice.function is not None else choice
            for choice, count in zip(structure, counts, strict=True)
        )
        service = service_of(self.structures, structure, levels)
        parts = self._parts(structure, service, counts)
        rates = t_cips(self.pricing, structure, parts)
        reaches = s_cips(self.pricing, structure, service, parts)
        done_s = self.structures.done_s(structure)
        deployment = Deployment(
            instance=self.instance.name,
            status="feasible",
            demand=self.demand,
            parts=tuple(
                replace(part, t_cip=t_cip, s_cip=s_cip)
                for part, t_cip, s_cip in zip(parts, rates, reaches, strict=True)
            ),
            thresholds=tuple(
                Choice(stage=s + 1, threshold=menu.thresholds[level])
                for s, (menu, level) in enumerate(zip(self.instance.menus, levels, strict=True))
                if menu.thresholds and s + 1 < len(levels)
            ),
            service=service,
            structure=structure,
            levels=levels,
            arrivals=self.carrying.arrivals,
            accuracy=accuracy_of(service) if self.instance.accuracy_known else None,
            latency_worst_ms=done_s[-1] * 1000,
            latency_mean_ms=mean_of(self.structures, structure, service) * 1000,
            on_time=math.nan if self.instance.latency_measure == "mean" else self._on_time(structure, service),
            bound=bound,
            seconds=seconds,
            method=method,
        )
        return replace(deployment, status="optimal") if deployment.gap <= self.gap * (1 + 1e-9) else deployment


def _most_accurate(pricing: Pricing) -> float:
    """Largest accuracy that thresholds can have."""
    best = 0.0
    for rates, masses in reversed([(menu[0].rate, menu[0].mass) for menu in pricing.exits.menus]):
        best = float(np.max(masses + (1 - rates) * best))
    return best


def accuracy_of(service: Service) -> float:
    """Σ_s β_s A_s (survey 2.2.1 (2))."""
    return math.fsum(b * a for b, a in zip(service.shares, service.accuracies, strict=True) if b > 0)


def mean_of(structures: Structures, structure: Structure, service: Service) -> float:
    """Mean seconds of a request that always meets the slower pool."""
    return math.fsum(b * t for b, t in zip(service.shares, structures.done_s(structure), strict=True))
