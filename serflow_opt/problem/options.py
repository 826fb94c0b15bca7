"""From tier tables and prices to options: what each is called, how fast it runs each stage, what it costs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from serflow_opt.errors import InputError, Problem
from serflow_opt.problem.batches import batching_of
from serflow_opt.problem.catalog import Catalog, VmType
from serflow_opt.problem.catalog.rows import NOT_HOURLY, PER_HOUR
from serflow_opt.problem.emitting import TierEmissions
from serflow_opt.problem.kinds import BACKWARD
from serflow_opt.problem.network import Stage
from serflow_opt.problem.offers import Option, RentalOffer, timed
from serflow_opt.problem.ranges import MIB, FunctionSizes, amdahl_flops_per_s
from serflow_opt.problem.schema import InstanceDocument, OptionTable, TierTable
from serflow_opt.problem.selection import known_enough, machines_of, rented_as, speed_factors
from serflow_opt.problem.speed_curve import SpeedCurve, read_curve
from serflow_opt.problem.stage_times import StageTime, Times, read_times
from serflow_opt.problem.tier_keys import check_names, check_tier, check_twice


def resolve_options(
    document: InstanceDocument,
    stages: Sequence[Stage],
    catalog: Catalog,
    folder: Path,
    file: str,
    problems: list[Problem],
) -> tuple[tuple[Option, ...], tuple[FunctionSizes, ...]]:
    """Make the options of all tiers, in the order of the file, and the ranges of sizes.

    Parameters
    ----------
    stages
        Of the network, M; empty where their table has faults.
    catalog
        Prices of what tiers name.
    folder
        What names of tables are relative to.
    file
        The instance file, for messages.
    problems
        Takes every fault; a tier with one may bring no options.
    """
    options: list[Option] = []
    families: list[FunctionSizes] = []
    for position, tier in enumerate(document.tier):
        place = f'tier[{position + 1}] "{tier.name}"'
        found: list[Problem] = []
        check_tier(tier, file, place, found)
        faults = len(found)
        times: Times | None = None
        curve: SpeedCurve | None = None
        if tier.stage_times is not None:
            times = read_times(folder / tier.stage_times, len(stages), found)
        if tier.speed_curve is not None:
            curve = read_curve(folder / tier.speed_curve, found)
        path = str(folder / str(tier.stage_times))
        emitted = TierEmissions(document.carbon, tier, file, place)
        resolved = _Tier(tier, position, catalog, stages, times, curve, emitted, file, place, path, found)
        if found:
            if len(found) == faults:  # what is measured was read
                resolved.check_written_out()
            check_names(tier, catalog, file, place, found)
        else:
            drafts = list(resolved.options())
            families += resolved.families()
            found += [own for own in emitted.problems() if own not in problems]
            names = [option.name for option in drafts]
            check_twice(names, file, place, found)
            if times is not None and not found:
                for name in sorted({option for _, option in times} - set(names)):
                    found.append(Problem(path, "column option", f"no option '{name}'", f"options: {', '.join(names)}"))
            options += drafts
        problems += found
    return tuple(options), tuple(families)


def backward_flops(stages: Sequence[Stage]) -> tuple[float, ...]:
    """Return the operations of each stage's way back in training; empty where none is said to differ from the usual."""
    if all(stage.backward_flops is None for stage in stages):
        return ()
    return tuple(BACKWARD * s.flops if s.backward_flops is None else s.backward_flops for s in stages)


def _labels(vm: VmType) -> tuple[str, ...]:
    return (vm.family, vm.arch) if vm.arch else (vm.family,)


class _Tier:
    """One tier being resolved; yields its options and notes what is wrong."""

    def __init__(
        self,
        tier: TierTable,
        position: int,
        catalog: Catalog,
        stages: Sequence[Stage],
        times: Times | None,
        curve: SpeedCurve | None,
        emitted: TierEmissions,
        file: str,
        place: str,
        path: str,
        problems: list[Problem],
    ) -> None:
        self.tier, self.position, self.catalog = tier, position, catalog
        self.stages, self.times, self.curve, self.path = stages, times, curve, path
        self.file, self.place, self.problems, self.emitted = file, place, problems, emitted
        self.takes_memory = any(stage.parameter_bytes or stage.activation_bytes for stage in stages)
        self.cold_start_s = tier.cold_start_ms / 1000
        self.cold_share = (1.0 if tier.cold_start_ms > 0 else 0.0) if tier.cold_share is None else tier.cold_share

    def options(self) -> Iterator[Option]:
        """Yield machines by name, then functions by size, then options written out."""
        machines = [] if self.tier.kind == "function" else self._machines()
        rated = {} if self.times else speed_factors(self.tier, machines, self.file, self.place, self.problems)
        for vm in machines:
            yield self._machine(vm, rated.get(vm.name, 1.0))
        for arch in self.tier.arch if self.tier.memory_mb else ():
            yield from self._functions(arch)
        for option, place in self._written_out():
            yield from self._inline(option, place)

    def _written_out(self) -> Iterator[tuple[OptionTable, str]]:
        """Options of the instance's own, and where they stand."""
        for number, option in enumerate(self.tier.option, start=1):
            yield option, f'{self.place}.option[{number}] "{option.name}"'

    def check_written_out(self) -> None:
        """Note what is wrong with options of the instance's own, where nothing can be made of the tier."""
        for option, place in self._written_out():
            self._check_inline(option, place)

    def _work(self, name: str, flops_per_s: float | None) -> dict[str, Any]:
        """Stage times, speed and energy: measured where there is a table, else operations / speed, survey 2.2.1 (7)."""
        flops = math.fsum(stage.flops for stage in self.stages)
        joules = self.tier.joules_per_flop
        if self.times is None:
            assert flops_per_s is not None
            seconds = tuple(stage.flops / flops_per_s for stage in self.stages)
            if seconds and not math.isfinite(sum(seconds)):
                found = f"{flops_per_s:g} FLOP/s on '{name}' makes a stage take forever"
                self.problems.append(Problem(self.file, self.place, found, "check the speed and the stages' FLOPs"))
                seconds = ()
            back = tuple(flops / flops_per_s for flops in backward_flops(self.stages))
            work = {"stage_seconds": seconds, "flops_per_s": flops_per_s, "joules_per_flop": joules}
            return {**work, "backward_seconds": back}
        absent = [s for s in range(1, len(self.stages) + 1) if (s, name) not in self.times]
        if absent:
            found = f"no time for '{name}' at stage(s) {', '.join(map(str, absent[:10]))}"
            self.problems.append(
                Problem(str(self.tier.stage_times), "", found, "give a row for each stage and option of the tier")
            )
            return {"stage_seconds": ()}
        timed = [self.times[s, name] for s in range(1, len(self.stages) + 1)]
        whole = math.fsum(t.mean for t in timed)
        return {
            "stage_seconds": tuple(t.mean for t in timed),
            "flops_per_s": flops / whole if flops and whole else math.inf,
            "joules_per_flop": joules,
            "stage_sd_s": tuple(t.sd for t in timed) if any(t.sd for t in timed) else (),
            "batching": batching_of(self.tier, name, [t.by_batch for t in timed], self.path, self.problems),
            "backward_seconds": self._back(timed),
        }

    def _back(self, timed: Sequence[StageTime]) -> tuple[float, ...]:
        """Seconds of the way back: measured, else as its operations are to those of the way there; empty: not said."""
        flops = backward_flops(self.stages)
        if not flops and all(t.backward is None for t in timed):
            return ()
        more = [b / s.flops if s.flops else BACKWARD for b, s in zip(flops, self.stages, strict=True)] if flops else []
        factors = more or [BACKWARD] * len(timed)
        return tuple(
            t.mean * factor if t.backward is None else t.backward for t, factor in zip(timed, factors, strict=True)
        )

    def _speed(self, vcpus: float | None, factor: float) -> float | None:
        per_vcpu = self.tier.flops_per_s_per_vcpu
        if per_vcpu is None or vcpus is None:
            return None
        return amdahl_flops_per_s(vcpus, per_vcpu * factor, self.tier.parallel_fraction)

    def _measured_speed(self, memory_mb: float, place: str) -> float | None:
        """Speed on the curve, FLOP/s; outside it nothing is known, and that is a problem."""
        assert self.curve is not None
        if not self.curve.covers(memory_mb):
            cure = f"{self.tier.speed_curve} is measured from {self.curve.span}: stay within, or measure there"
            self.problems.append(Problem(self.file, place, f"{memory_mb:g} MB is outside the speed curve", cure))
            return None
        return self.curve.at(memory_mb)

    def _machines(self) -> list[VmType]:
        named = machines_of(self.tier, self.catalog, self.file, self.place, self.problems)
        needed = {"vcpus": self.times is None, "memory_mb": self.takes_memory}
        return known_enough(named, needed, self.file, self.place, self.problems)

    def _machine(self, vm: VmType, factor: float) -> Option:
        offer = RentalOffer(
            vm.name,
            usd_per_s=vm.usd_per_hour / 3600 / self.tier.workers,
            memory_bytes=None if (mb := vm.working_mb(self.times is not None)) is None else mb * MIB,
            memory_of=vm.gpu if self.times is not None and vm.gpu_memory_mb else "",
            labels=_labels(vm),
            workers=self.tier.workers,
            idle_accelerator=vm.accelerator if self.times is None else "",
            price_day=vm.as_of,
            term=vm.term,
            burstable=vm.burstable,
            emissions=self.emitted.machine(vm),
        )
        return timed(offer, self.position, **self._work(vm.name, self._speed(vm.vcpus, factor)))

    def _functions(self, arch: str) -> Iterator[Option]:
        family = self._sizes(arch)
        if family is None:
            return
        for memory_mb in self.tier.memory_mb:
            if not family.low <= memory_mb <= family.high or memory_mb % family.step_mb:
                steps = f", in steps of {family.step_mb}" if family.step_mb > 1 else ""
                cure = f"{family.of_gb.name} has {family.low:g} to {family.high:g} MB{steps}"
                self.problems.append(Problem(self.file, f"{self.place}.memory_mb", f"{memory_mb}", cure))
            elif self.curve is None or self._measured_speed(memory_mb, f"{self.place}.memory_mb") is not None:
                yield self._timed(family.option(memory_mb))

    def families(self) -> Iterator[FunctionSizes]:
        """Yield the ranges of sizes."""
        if self.tier.memory_mb_range is None:
            return
        low, high = self.tier.memory_mb_range
        place = f"{self.place}.memory_mb_range"
        for arch in self.tier.arch:
            family = self._sizes(arch)
            if family is None:
                return
            spans = [(family.low, family.high, family.of_gb.name)]
            if self.curve is not None:
                spans.append((self.curve.memory_mb[0], self.curve.memory_mb[-1], str(self.tier.speed_curve)))
            wrong = [
                f"{name} has {first:g} to {last:g} MB" for first, last, name in spans if low < first or high > last
            ]
            if family.step_mb > 1:
                wrong = [f"{family.of_gb.name} has sizes in steps of {family.step_mb} MB: list them as memory_mb"]
            if wrong or low >= high:
                cure = wrong[0] if wrong else "write the smaller size first"
                self.problems.append(Problem(self.file, place, f"[{low}, {high}]", cure))
            else:
                yield replace(family, low=float(low), high=float(high))

    def _timed(self, option: Option) -> Option:
        """Replace FLOPs / speed by measured times where there is a table."""
        return option if self.times is None else replace(option, **self._work(option.name, None))

    def _calls(self) -> dict[str, Any]:
        """What a tier says of all calls of its functions; those of the catalogue are billed in its provider's steps."""
        tier, billing = self.tier, {"billing_step_ms": 0.0, "billing_min_ms": 0.0}
        sized = tier.kind == "function" and (tier.memory_mb or tier.memory_mb_range)
        rows = [row for row in self.catalog.functions if row.region == tier.region and row.arch in tier.arch]
        for key in billing:
            of_rows = max((getattr(row, key) for row in rows), default=0.0) if sized else 0.0
            billing[key] = getattr(tier, key) if key in tier.model_fields_set else of_rows
        return {
            "billing_step_s": billing["billing_step_ms"] / 1000,
            "billing_min_s": billing["billing_min_ms"] / 1000,
            "cold_start_s": self.cold_start_s,
            "cold_share": self.cold_share,
        }

    def _sizes(self, arch: str) -> FunctionSizes | None:
        """Return the sizes the provider has."""
        try:
            price = self.catalog.function(self.tier.region, arch)
        except InputError as error:
            self.problems += [Problem(self.file, f"{self.place}.region", p.found, p.cure) for p in error.problems]
            return None
        return FunctionSizes(
            tier=self.position,
            arch=arch,
            low=price.memory_min_mb,
            high=price.memory_max_mb,
            step_mb=price.memory_step_mb,
            service="aws-lambda" if price.provider == "aws" else price.name,
            stage_flops=tuple(stage.flops for stage in self.stages),
            of_gb=RentalOffer(
                price.name,
                usd_per_s=price.usd_per_gb_s_with_vcpus,
                usd_per_request=price.usd_per_request,
                labels=(arch, price.name),
                call_max_bytes=price.payload_max_bytes,
                run_max_s=price.duration_max_s,
                emissions=self.emitted.functions(price),
                **self._calls(),
            ),
            mb_per_vcpu=price.mb_per_vcpu,
            per_vcpu=self.tier.flops_per_s_per_vcpu if self.times is None else 1.0,
            parallel_fraction=self.tier.parallel_fraction,
            curve=self.curve,
            joules_per_flop=self.tier.joules_per_flop,
            backward_flops=backward_flops(self.stages),
        )

    def _check_inline(self, option: OptionTable, place: str) -> tuple[VmType | None, float | None, float | None]:
        """Note what is wrong with an option; return what the catalogue has of it, its memory in MB and its speed."""

        def wrong(key: str, found: str, cure: str) -> None:
            self.problems.append(Problem(self.file, f"{place}.{key}", found, cure))

        function = self.tier.kind == "function"
        known = rented_as(option, self.tier, self.catalog)
        memory_mb = option.memory_mb
        if known is not None:
            memory_mb = known.working_mb(self.times is not None) if memory_mb is None else memory_mb
            if memory_mb is None and self.takes_memory:
                wrong("memory_mb", "missing", "the catalogue does not know it: write what there is for the network")
            if not function and known.billing != PER_HOUR and option.usd_per_hour is None:
                why, cure = NOT_HOURLY[known.billing]
                wrong("name", f"'{option.name}' in {known.region} {why}", cure)
        speed = option.flops_per_s
        if speed is None and self.curve is not None:
            speed = None if memory_mb is None else self._measured_speed(memory_mb, f"{place}.memory_mb")
        elif speed is None and self.times is None:
            wrong("flops_per_s", "missing", "give its speed in FLOP/s, or stage_times for the tier")
        if self.times is not None and option.flops_per_s is not None:
            wrong("flops_per_s", "given together with stage_times", "measured times replace speeds: remove it")
        if function:
            if known is None and option.usd_per_gb_s is None:
                wrong("usd_per_gb_s", "missing", "give the price per GB and second")
            if known is None and memory_mb is None:
                wrong("memory_mb", "missing", "a function's price follows its memory")
            if option.usd_per_hour:
                wrong("usd_per_hour", f"{option.usd_per_hour:g}", "a function is paid per use: remove it")
            if option.workers is not None:
                wrong("workers", f"{option.workers}", "a function serves one request at a time: remove it")
        else:
            if self.tier.kind == "vm" and known is None and option.usd_per_hour is None:
                wrong("usd_per_hour", "missing", "give its rent, or use a name the catalogue knows")
            for key in ("usd_per_request", "usd_per_gb_s"):
                if getattr(option, key):
                    wrong(key, f"{getattr(option, key):g}", f"a {self.tier.kind} is paid by the hour: remove it")
        return known, memory_mb, speed

    def _inline(self, option: OptionTable, place: str) -> Iterator[Option]:
        before = len(self.problems)
        known, memory_mb, speed = self._check_inline(option, place)
        if len(self.problems) > before:
            return
        rent = option.usd_per_hour
        if rent is None and known is not None:
            rent = known.usd_per_hour
        work = self._work(option.name, speed)
        workers = self.tier.workers if option.workers is None else option.workers
        if option.joules_per_flop is not None:
            work["joules_per_flop"] = option.joules_per_flop
        offer = RentalOffer(
            option.name,
            usd_per_s=(option.usd_per_gb_s or 0.0) * (memory_mb or 0.0) / 1024
            if self.tier.kind == "function" and known is None
            else (rent or 0.0) / 3600 / workers,
            usd_per_request=option.usd_per_request,
            memory_bytes=None if memory_mb is None else memory_mb * MIB,
            labels=_labels(known) if known is not None else (),
            workers=workers,
            emissions=self.emitted.written_out(option, known, workers),
            **self._calls(),
        )
        yield timed(offer, self.position, **work)
