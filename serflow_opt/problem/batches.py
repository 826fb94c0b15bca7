"""Stages that take several requests at once: times by batch size, and the menus of sizes and waits of a tier."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from serflow_opt.errors import Problem

if TYPE_CHECKING:
    from serflow_opt.problem.schema import TierTable


@dataclass(frozen=True, slots=True)
class BatchMenu:
    """How an option takes several requests at once.

    Attributes
    ----------
    sizes
        B, those to choose from, rising.
    waits_s
        τ, how long the first request of a batch may wait for others, those to choose from, rising; a batch of one does
        not wait.
    seconds
        t_s(n): by stage, how long it takes for 1, 2, .., max B requests together; never less for more of them.
    """

    sizes: tuple[int, ...]
    waits_s: tuple[float, ...]
    seconds: tuple[tuple[float, ...], ...]

    @property
    def choices(self) -> tuple[tuple[int, float], ...]:
        """The pairs (B, τ) to choose from."""
        return tuple((size, wait) for size in self.sizes for wait in (self.waits_s if size > 1 else (0.0,)))


@dataclass(frozen=True, slots=True)
class ByBatch:
    """Times of one stage on one option at measured batch sizes, or fixed and per-request parts.

    Attributes
    ----------
    sizes, seconds
        Measured, rising; two of them and `lasting` where the parts are stated.
    lasting
        Whether the last two lie on a line that goes on for larger batches.
    """

    sizes: tuple[int, ...]
    seconds: tuple[float, ...]
    lasting: bool = False

    @classmethod
    def affine(cls, fixed_s: float, per_request_s: float) -> ByBatch:
        """Return the times of a stage that takes fixed_s, and per_request_s for each request."""
        return cls((1, 2), (fixed_s + per_request_s, fixed_s + 2 * per_request_s), lasting=True)

    def up_to(self, largest: int) -> tuple[float, ...]:
        """Return the times of 1, 2, .., `largest` requests: linear between measured sizes."""
        times = [self.seconds[0]]
        for (a, b), (low, high) in zip(pairwise(self.sizes), pairwise(self.seconds), strict=True):
            times += [low + (high - low) * (n - a) / (b - a) for n in range(a + 1, b)] + [high]
        if self.lasting:
            step = self.seconds[1] - self.seconds[0]
            times += [self.seconds[0] + step * (n - 1) for n in range(len(times) + 1, largest + 1)]
        return tuple(times[:largest])

    def covers(self, largest: int) -> bool:
        """Whether all sizes from 1 to `largest` are measured, or between measured ones."""
        return self.sizes[0] == 1 and (self.lasting or largest <= self.sizes[-1])

    @property
    def falling(self) -> tuple[int, int] | None:
        """Two sizes of which the larger takes less time; None: times rise."""
        pairs = zip(pairwise(self.sizes), pairwise(self.seconds), strict=True)
        return next((sizes for sizes, (low, high) in pairs if high < low), None)


def batch_problems(tier: TierTable, file: str, place: str) -> list[Problem]:
    """Return what is wrong with the menus of a tier, its times left aside.

    Parameters
    ----------
    tier
        The table of the tier.
    file, place
        Where it stands.
    """
    problems: list[Problem] = []

    def wrong(key: str, found: str, cure: str) -> None:
        problems.append(Problem(file, f"{place}.{key}", found, cure))

    given = [key for key in ("batch", "batch_wait_ms") if key in tier.model_fields_set]
    if tier.kind == "device":
        for key in given:
            wrong(key, "on a tier of kind 'device'", "a device has the requests of one user: remove it")
        return problems
    menus: dict[str, Sequence[float]] = {"batch": tier.batch, "batch_wait_ms": tier.batch_wait_ms}
    for name, values in menus.items():
        twice = sorted({value for value in values if values.count(value) > 1})
        if twice:
            wrong(name, f"{twice[0]:g} twice", "keep one")
        if name in given and not values:
            wrong(name, "[]", "list at least one, or remove the key")
    if tier.batch_wait_ms and not tier.batch:
        wrong("batch_wait_ms", "given without batch", "list sizes: batch = [1, 2, 4]")
    if max(tier.batch, default=1) > 1:
        if not tier.batch_wait_ms:
            wrong("batch_wait_ms", "missing", "say how long a request may wait for others: batch_wait_ms = [5]")
        if tier.stage_times is None:
            cure = "give stage_times with a column batch, or with fixed_ms and per_request_ms"
            wrong("batch", f"{max(tier.batch)} without times by batch", cure)
    return problems


def _falls(times: Sequence[ByBatch | None]) -> list[tuple[tuple[int, int], str]]:
    """Return two sizes of which the larger takes less time, and at which stages: in words, stages in a row together."""
    found: dict[tuple[int, int], list[list[int]]] = {}
    for stage, own in enumerate(times, start=1):
        if own is None or own.falling is None:
            continue
        spans = found.setdefault(own.falling, [])
        if spans and spans[-1][1] == stage - 1:
            spans[-1][1] = stage
        else:
            spans.append([stage, stage])
    return [
        (sizes, ("stages " if len(spans) > 1 or spans[0][0] < spans[0][1] else "stage ") + ", ".join(map(_span, spans)))
        for sizes, spans in found.items()
    ]


def _span(ends: Sequence[int]) -> str:
    first, last = ends
    return f"{first}" if first == last else f"{first} to {last}"


def batching_of(
    tier: TierTable, name: str, times: Sequence[ByBatch | None], path: str, problems: list[Problem]
) -> BatchMenu | None:
    """Return how an option of a tier takes batches; None: one by one, or there are faults.

    Parameters
    ----------
    tier
        With the menus.
    name
        Of the option.
    times
        By stage; None: times that know no batch.
    path
        Of the table of times, for messages.
    problems
        Takes every fault.
    """
    largest = max(tier.batch, default=1)
    before = len(problems)
    for stage, own in enumerate(times, start=1):
        where = f"stage {stage} on '{name}'"
        if own is None:
            if largest > 1:
                cure = "give a column batch, or fixed_ms and per_request_ms; or batch = [1]"
                problems.append(Problem(path, "line 1", f"no times by batch, and batch {largest} is offered", cure))
                return None
            continue
        if own.sizes[0] != 1:
            cure = "a batch shrinks to any size: measure a batch of 1, too"
            problems.append(Problem(path, "column batch", f"{where}: measured from {own.sizes[0]} on", cure))
        elif not own.covers(largest):
            cure = f"measure it, or leave {largest} out of batch in the tier"
            found = f"{where}: batch {largest} is offered, and {own.sizes[-1]} is the largest measured"
            problems.append(Problem(path, "column batch", found, cure))
    falls = _falls(times)
    if falls:
        found = "; ".join(f"{large} requests take less time than {small} at {where}" for (small, large), where in falls)
        rows = "; ".join(f"the row of {small} at {where}" for (small, _), where in falls)
        cure = f"measure again, or leave out {rows}"
        problems.append(Problem(path, "column mean_ms", f"'{name}': {found}", cure))
    if len(problems) > before or largest == 1:
        return None
    seconds = tuple(own.up_to(largest) for own in times if own is not None)
    waits = tuple(sorted(ms / 1000 for ms in tier.batch_wait_ms))
    return BatchMenu(tuple(sorted(tier.batch)), waits, seconds)


def one_by_one(offered: bool, why: str = "`solve` and `provision` plan batches") -> str:
    """Say that batches were left out, and why; "" where none are on offer."""
    return f"requests served one by one: {why}" if offered else ""


def mean_s(seconds: Sequence[float], entering: int, stays: float) -> float:
    """E[t(n); n > 0] for n binomial: mean seconds of a stage that each of so many requests reaches with a probability.

    Parameters
    ----------
    seconds
        t(1), t(2), ..
    entering
        Requests in the batch at its start.
    stays
        Probability that one is still there, independent of the others.
    """
    return math.fsum(
        seconds[n - 1] * math.comb(entering, n) * stays**n * (1 - stays) ** (entering - n)
        for n in range(1, entering + 1)
    )
