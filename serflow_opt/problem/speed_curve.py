"""A measured speed curve: FLOP/s by memory size, linear between its points and unknown outside them."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from pathlib import Path

from serflow_opt.errors import Problem
from serflow_opt.problem.tables import Column, read_table

COLUMNS = (Column("memory_mb", "whole", 1), Column("flops_per_s", "number", 1))


@dataclass(frozen=True, slots=True)
class SpeedCurve:
    """FLOP/s at rising memory sizes.

    Attributes
    ----------
    memory_mb
        Sizes, units of 2^20 bytes, rising.
    flops_per_s
        Speed at each of them, FLOP/s.
    """

    memory_mb: tuple[float, ...]
    flops_per_s: tuple[float, ...]

    def covers(self, memory_mb: float) -> bool:
        """Whether a size lies within the measured range, ends included."""
        return self.memory_mb[0] <= memory_mb <= self.memory_mb[-1]

    @property
    def span(self) -> str:
        """The measured range in words."""
        return f"{self.memory_mb[0]:g} to {self.memory_mb[-1]:g} MB"

    def at(self, memory_mb: float) -> float:
        """Return the speed at a size within the range, FLOP/s; raise ValueError outside it."""
        if not self.covers(memory_mb):
            raise ValueError(f"{memory_mb:g} MB is outside the measured {self.span}")
        right = bisect_left(self.memory_mb, memory_mb)
        if self.memory_mb[right] == memory_mb:
            return self.flops_per_s[right]
        (x0, x1), (y0, y1) = self.memory_mb[right - 1 : right + 1], self.flops_per_s[right - 1 : right + 1]
        return y0 + (y1 - y0) * (memory_mb - x0) / (x1 - x0)


def read_curve(path: Path, problems: list[Problem]) -> SpeedCurve | None:
    """Read `memory_mb,flops_per_s`, or return None after saying what is wrong."""
    before = len(problems)
    speeds: dict[int, float] = {}
    for row in read_table(path, COLUMNS, problems):
        memory_mb = row.whole("memory_mb")
        if memory_mb in speeds:
            problems.append(Problem(str(path), f"line {row.line}", f"{memory_mb} MB twice", "keep one row a size"))
        speeds[memory_mb] = row.number("flops_per_s")
    if len(problems) > before:
        return None
    return SpeedCurve(tuple(sorted(speeds)), tuple(speeds[memory_mb] for memory_mb in sorted(speeds)))
