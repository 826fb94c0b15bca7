"""Fit how a function's time falls with its memory: in proportion below one vCPU, by Amdahl's law above it.

With v = m / mb_per_vcpu vCPUs at memory m, the time of the work is

    t(m) = fixed + a·A(v) + b / v,    A(v) = 1 above one vCPU, 1 / v below,    a, b, fixed >= 0,

a and b the seconds that the serial and the parallel part of the work take on one vCPU. So vcpu_seconds = a + b,
parallel_fraction p = b / (a + b), and t(m) - fixed = FLOPs / `ranges.amdahl_flops_per_s` where FLOPs / (a + b) is the
speed of one vCPU. `fixed` is time that no memory shortens (waiting for the network); it is 0 unless asked for.

The fit minimises Σ (ln t_i - ln t(m_i))², that is relative errors, so that the short times of large sizes weigh as
much as the long ones of small sizes. t is linear in a, b, fixed, and the bounded linear fit to t(m_i) / t_i = 1, which
is convex, gives the start.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq, least_squares, lsq_linear
from scipy.special import stdtrit

from serflow_opt.ground.tolerances import CONVERGED, EQUAL
from serflow_opt.problem.ranges import amdahl_flops_per_s
from serflow_opt.speed.points import Point

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FittedFigure:
    """A fitted figure and its 95 % interval.

    The interval holds the values whose best fit is not worse than an F test with 1 and (points - figures) degrees of
    freedom lets pass. It is None without a degree of freedom. It knows scatter, not a law that does not hold.
    """

    value: float
    interval: tuple[float, float] | None


@dataclass(frozen=True, slots=True)
class SpeedFit:
    """The law that fits best.

    Attributes
    ----------
    mb_per_vcpu
        Memory that comes with one vCPU, units of 2^20 bytes.
    vcpu_seconds
        Time of the work on one vCPU, without the fixed part, seconds.
    parallel_fraction
        Amdahl's p; None when no point lies above one vCPU, where alone it shows.
    fixed_s
        Time that does not depend on memory, seconds; None when it was not fitted.
    residuals
        Measured / fitted - 1 of each point.
    scatter
        Root of Σ (ln measured - ln fitted)² / (points - figures): it falls with a further figure only when that
        figure is worth it. None without a degree of freedom.
    """

    mb_per_vcpu: float
    vcpu_seconds: FittedFigure
    parallel_fraction: FittedFigure | None
    fixed_s: FittedFigure | None
    residuals: tuple[float, ...]
    scatter: float | None

    @property
    def rms(self) -> float:
        """Root mean square of the residuals."""
        return math.sqrt(sum(residual**2 for residual in self.residuals) / len(self.residuals))

    def seconds(self, memory_mb: float) -> float:
        """Return the fitted time at a memory size; ValueError above one vCPU when p is not known."""
        vcpus = memory_mb / self.mb_per_vcpu
        if self.parallel_fraction is None and vcpus > 1:
            raise ValueError(f"no point above {self.mb_per_vcpu:g} MB tells the time at {memory_mb:g} MB")
        fraction = 1.0 if self.parallel_fraction is None else self.parallel_fraction.value
        fixed = 0.0 if self.fixed_s is None else self.fixed_s.value
        return fixed + self.vcpu_seconds.value / amdahl_flops_per_s(vcpus, 1.0, fraction)


def fit_speed(points: Sequence[Point], mb_per_vcpu: float, fixed: bool = False) -> SpeedFit:
    """Fit the law to measured points.

    Parameters
    ----------
    points
        Times of the same work at different sizes.
    mb_per_vcpu
        Memory that comes with one vCPU: 1,769 MB on AWS Lambda.
    fixed
        Fit a part that does not depend on memory, too.

    Raises
    ------
    ValueError
        When the points do not determine the figures: too few, none below one vCPU to tell the fixed from the serial
        part, or times that do not fall with memory at all.
    """
    law = _Law.of(points, mb_per_vcpu, fixed)
    columns = law.columns
    if len(points) < max(2, len(columns)):
        raise ValueError(f"{len(points)} point(s) for {max(2, len(columns))} figures")
    if np.linalg.matrix_rank(np.column_stack(columns) / law.times[:, None]) < len(columns):
        raise ValueError("no point below one vCPU tells the fixed part from the serial one")
    best, squares = _solve(law.times, 0 * law.times, columns)
    parallel_s, work_s = float(best[0]), float(best[: len(columns) - fixed].sum())
    if work_s < EQUAL * float(law.times.min()):
        raise ValueError("the times do not fall with memory: all of them would be the fixed part")
    freedom = len(points) - len(columns)

    def estimate(value: float, given: Callable[[float], float], low: float, high: float) -> FittedFigure:
        if freedom < 1:
            return FittedFigure(value, None)
        limit = squares * (1 + stdtrit(freedom, 0.975) ** 2 / freedom)
        return FittedFigure(value, (_edge(given, limit, value, low), _edge(given, limit, value, high)))

    return SpeedFit(
        mb_per_vcpu,
        estimate(work_s, law.given_work, 1e-3 * work_s, 1e3 * work_s),
        None if law.serial is None else estimate(parallel_s / work_s, law.given_fraction, 0.0, 1.0),
        estimate(float(best[-1]), law.given_fixed, 0.0, float(law.times.max())) if fixed else None,
        tuple(float(residual) for residual in law.times / (np.column_stack(columns) @ best) - 1),
        math.sqrt(squares / freedom) if freedom else None,
    )


@dataclass(frozen=True, slots=True)
class _Law:
    """The columns that b, a and fixed multiply, at each point, and the least sum of squares with one figure given."""

    times: Vector
    parallel: Vector
    serial: Vector | None
    constant: list[Vector]

    @classmethod
    def of(cls, points: Sequence[Point], mb_per_vcpu: float, fixed: bool) -> _Law:
        times = np.array([point.seconds for point in points])
        vcpus = np.array([point.memory_mb / mb_per_vcpu for point in points])
        serial = np.where(vcpus > 1, 1.0, 1 / vcpus) if (vcpus > 1).any() else None
        return cls(times, 1 / vcpus, serial, [np.ones_like(times)] if fixed else [])

    @property
    def columns(self) -> list[Vector]:
        return [self.parallel, *([] if self.serial is None else [self.serial]), *self.constant]

    def given_work(self, seconds: float) -> float:
        if self.serial is None:
            return _solve(self.times, seconds * self.parallel, self.constant)[1]
        columns = [self.serial - self.parallel, *self.constant]  # a (A - 1/v) beside (a + b) / v, with a <= a + b
        return _solve(self.times, seconds * self.parallel, columns, [seconds, math.inf][: len(columns)])[1]

    def given_fraction(self, p: float) -> float:
        assert self.serial is not None
        return _solve(self.times, 0 * self.times, [(1 - p) * self.serial + p * self.parallel, *self.constant])[1]

    def given_fixed(self, seconds: float) -> float:
        return _solve(self.times, np.full_like(self.times, seconds), self.columns[:-1])[1]


def _solve(
    times: Vector, offset: Vector, columns: Sequence[Vector], upper: Sequence[float] | None = None
) -> tuple[Vector, float]:
    """Minimise Σ (ln(offset + Σ_k c_k column_k) - ln times)² over 0 <= c <= upper; return c and the sum of squares."""
    if not columns:
        return np.zeros(0), float(np.sum(np.log(offset / times) ** 2))
    matrix = np.column_stack(columns)
    bounds = (0.0, math.inf if upper is None else np.array(upper))
    start = lsq_linear(matrix / times[:, None], 1 - offset / times, bounds, method="bvls").x

    def errors(c: Vector) -> Any:
        return np.log((offset + matrix @ c) / times)

    def slopes(c: Vector) -> Any:
        return matrix / (offset + matrix @ c)[:, None]

    found = least_squares(
        errors, np.clip(start, *bounds), slopes, bounds, method="dogbox", x_scale="jac", ftol=CONVERGED, xtol=CONVERGED
    )
    return found.x, float(2 * found.cost)


def _edge(squares: Callable[[float], float], limit: float, best: float, end: float) -> float:
    """Return where the sum of squares passes its limit between the best value and the end of its range, or that end."""
    if best == end or squares(end) <= limit:
        return end
    if squares(best) >= limit:  # a perfect fit, but for rounding
        return best
    return float(brentq(lambda value: squares(value) - limit, best, end, rtol=EQUAL))
