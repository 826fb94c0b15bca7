"""Choices from a range: function sizes in steps of 1 MB, and noise between its measured strengths.

A family says what each of its members is, exactly, and what is nowhere worse than any member of a cell of its range:
the relaxation that `ranges.py` gets its bounds from.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

from serflow_opt.ground.tolerances import EQUAL
from serflow_opt.problem.network import HandoverMode
from serflow_opt.problem.offers import Option, RentalOffer, timed
from serflow_opt.problem.speed_curve import SpeedCurve

MIB = 2**20
"""Clouds count memory in these."""

Cell = tuple[float, float]
"""Ends of a part of a range; equal for a single member."""


def amdahl_flops_per_s(vcpus: float, per_vcpu: float, parallel_fraction: float) -> float:
    """Speed on v vCPUs, FLOP/s: per_vcpu / ((1 - p) + p / v), and per_vcpu x v below one vCPU (small functions).

    Parameters
    ----------
    vcpus
        v, above 0; may be a fraction.
    per_vcpu
        FLOP/s of one.
    parallel_fraction
        p, the share of the work that several vCPUs divide among them, 0..1 (Amdahl, *AFIPS* 30, 1967).
    """
    if vcpus < 1:
        return per_vcpu * vcpus
    return per_vcpu / ((1 - parallel_fraction) + parallel_fraction / vcpus)


def function_name(arch: str, memory_mb: float, service: str = "aws-lambda") -> str:
    """Name a function size: lambda-1769MB, lambda-arm64-1769MB, cloud-run-2048MB.

    Parameters
    ----------
    arch
        x86_64, which is not written, or arm64.
    memory_mb
        Size, units of 2^20 bytes.
    service
        What the catalogue calls the service.
    """
    short = service.removeprefix("aws-")
    return f"{short}-{'' if arch == 'x86_64' else arch + '-'}{memory_mb:g}MB"


@dataclass(frozen=True, slots=True)
class FunctionSizes:
    """A cloud function of any size from a range, on one architecture.

    Attributes
    ----------
    low, high
        Smallest and largest size, MB of 2^20 bytes.
    of_gb
        What is offered, of a size of 1 GB.
    mb_per_vcpu
        How memory brings vCPUs.
    per_vcpu, parallel_fraction
        Amdahl's law; per_vcpu None where there is a measured curve.
    step_mb, service
        Sizes are multiples of it; and whose functions they are, for names.
    backward_flops, trains
        Operations of the way back in training, empty where they are not said; and whether options are to have it.
    """

    tier: int
    arch: str
    low: float
    high: float
    stage_flops: tuple[float, ...]
    of_gb: RentalOffer
    mb_per_vcpu: float
    per_vcpu: float | None
    parallel_fraction: float
    curve: SpeedCurve | None
    joules_per_flop: float
    backward_flops: tuple[float, ...] = ()
    trains: bool = False
    step_mb: int = 1
    service: str = "aws-lambda"

    def flops_per_s(self, memory_mb: float) -> float:
        """Speed of a size, FLOP/s."""
        if self.curve is not None:
            return self.curve.at(memory_mb)
        assert self.per_vcpu is not None
        return amdahl_flops_per_s(memory_mb / self.mb_per_vcpu, self.per_vcpu, self.parallel_fraction)

    def option(self, memory_mb: float) -> Option:
        """Return a size as an option."""
        name = function_name(self.arch, memory_mb, self.service)
        return self._option(name, memory_mb, self.flops_per_s(memory_mb), memory_mb / 1024)

    def relaxed(self, cell: Cell) -> Option:
        """Return an option that is nowhere slower, dearer or smaller than any size of a cell.

        It has the largest speed and the least price per operation, which belong to different sizes. The price of a
        second that makes these two agree may be above that of the smallest size; what a cold start would cost too much
        then comes off the fee.
        """
        low, high = cell
        if low == high:
            return self.option(low)
        sizes = self._extremes(low, high)
        speeds = [self.flops_per_s(size) for size in sizes]
        per_flop = min(size / 1024 / speed for size, speed in zip(sizes, speeds, strict=True))
        speed = max(speeds)
        name = f"{function_name(self.arch, low, self.service)}..{high:g}MB"
        return self._option(name, high, speed, per_flop * speed, max(per_flop * speed - low / 1024, 0.0))

    def _extremes(self, low: float, high: float) -> list[float]:
        """Sizes among which speed and price per operation are extreme: the ends, and kinks between them.

        Between kinks the speed is linear in the size (below one vCPU, and on a curve) or 1 / (1 - p + p / v). Either
        way it is monotone, and size / speed is, too.
        """
        knots = [self.mb_per_vcpu, *(self.curve.memory_mb if self.curve else ())]
        return [low, *(knot for knot in knots if low < knot < high), high]

    def _option(self, name: str, memory_mb: float, speed: float, gb: float, cold_gb: float = 0.0) -> Option:
        """A size at a speed, paid for and emitting as so many GB; a cold start as so many fewer: that is off a call."""
        of_gb = self.of_gb
        less, emissions = cold_gb * of_gb.cold_start_s * of_gb.cold_share, of_gb.emissions
        if emissions is not None:
            emissions = replace(emissions.times(gb), call_g=-less * emissions.busy_g_per_s)
        offer = replace(
            of_gb,
            name=name,
            memory_bytes=memory_mb * MIB,
            usd_per_s=of_gb.usd_per_s * gb,
            usd_per_request=of_gb.usd_per_request - less * of_gb.usd_per_s,
            emissions=emissions,
        )
        option = timed(
            offer,
            self.tier,
            stage_seconds=tuple(flops / speed for flops in self.stage_flops),
            flops_per_s=speed,
            joules_per_flop=self.joules_per_flop,
            backward_seconds=tuple(flops / speed for flops in self.backward_flops),
        )
        return option.both_ways() if self.trains else option

    @property
    def span(self) -> Cell:
        """The whole range."""
        return self.low, self.high

    def parts(self, cell: Cell, count: int) -> list[Cell]:
        """Cut a cell into at most `count` cells, about evenly in the logarithm; sizes are whole."""
        low, high = cell
        if high - low < count:
            return [(size, size) for size in range(round(low), round(high) + 1)]
        cuts = sorted({round(low * (high / low) ** (i / count)) for i in range(1, count)} | {round(low), round(high)})
        return [(a if i == 0 else a + 1, b) for i, (a, b) in enumerate(pairwise(cuts))]


@dataclass(frozen=True, slots=True)
class NoiseCurve:
    """One protection at one cut, of any strength between its measured rows: linear in the scale between them.

    Attributes
    ----------
    stage
        Position of the stage that is handed over to.
    rows
        The ways measured, by rising scale.
    baseline_mse
        Error of an attacker who sees nothing.
    """

    stage: int
    rows: tuple[HandoverMode, ...]
    baseline_mse: float

    @property
    def span(self) -> Cell:
        """The whole range."""
        return self.rows[0].scale, self.rows[-1].scale

    def way(self, scale: float) -> HandoverMode:
        """Return a strength as a way."""
        above = next((i for i, row in enumerate(self.rows) if row.scale >= scale), len(self.rows) - 1)
        if self.rows[above].scale == scale or above == 0:
            return self.rows[above]
        a, b = self.rows[above - 1], self.rows[above]
        part = (scale - a.scale) / (b.scale - a.scale)

        def between(x: float | None, y: float | None) -> float:
            assert x is not None
            assert y is not None
            return x + part * (y - x)

        mse = between(a.mse, b.mse)
        return replace(
            a,
            scale=scale,
            encode_flops=between(a.encode_flops, b.encode_flops),
            accuracy_loss=between(a.accuracy_loss, b.accuracy_loss),
            cross_entropy=between(a.cross_entropy, b.cross_entropy),
            cross_entropy_added=between(a.cross_entropy_added, b.cross_entropy_added),
            mse=mse,
            leak=max(0.0, 1 - mse / self.baseline_mse),
        )

    def relaxed(self, cell: Cell) -> HandoverMode:
        """Return a way that costs, loses and leaks no more than any strength of a cell."""
        low, high = cell
        inside = [row for row in self.rows if low < row.scale < high]
        ways = [self.way(low), *inside, self.way(high)]
        return replace(
            ways[0],
            protection=f"{ways[0].protection} {low:g}..{high:g}" if low < high else ways[0].protection,
            encode_flops=min(way.encode_flops for way in ways),
            accuracy_loss=min(way.accuracy_loss for way in ways),
            cross_entropy=min(way.cross_entropy or 0.0 for way in ways),
            cross_entropy_added=min(way.cross_entropy_added for way in ways),
            mse=max(way.mse or 0.0 for way in ways),
            leak=min(way.leak for way in ways),
        )

    def parts(self, cell: Cell, count: int) -> list[Cell]:
        """Cut a cell evenly, first at the measured rows inside it; one narrower than 1e-9 of the range is a member."""
        low, high = cell
        inside = [row.scale for row in self.rows if low < row.scale < high]
        if inside:
            ends = [low, *inside, high]
            return list(pairwise(ends))
        if high - low <= EQUAL * (self.span[1] - self.span[0]):
            return [((low + high) / 2,) * 2]
        ends = [low + (high - low) * i / count for i in range(count + 1)]
        return list(pairwise(ends))


Range = FunctionSizes | NoiseCurve
