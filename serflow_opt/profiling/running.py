"""Run a plan for real: its thresholds, one request after the other, and what that gives beside what was promised."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from serflow_opt.ground.shares import interval
from serflow_opt.profiling.data.parts import Labelled
from serflow_opt.profiling.measure.timing import thread_count
from serflow_opt.profiling.stages.network import MultiExit

NORMAL_95 = 1.959964
"""Of a standard normal variable, 95 % lie within."""
WARMUP = 20
"""Requests served before the first that counts."""


@dataclass(frozen=True, slots=True)
class CountedShare:
    """A share: what the plan promises and what was counted, the latter with its 95 % Clopper-Pearson interval.

    Attributes
    ----------
    agrees
        Whether promise and count can be the same share: the promise comes from samples, too, so the 95 % interval of
        the difference of two shares has to hold 0 (Newcombe, *Statistics in Medicine* 17, 1998, method 10). None
        without a promise.
    tables
        What the exit tables promise.
    """

    promised: float | None
    measured: float
    low: float
    high: float
    agrees: bool | None
    tables: float | None = None


@dataclass(frozen=True, slots=True)
class Served:
    """What a run gave.

    Attributes
    ----------
    requests
        Number served and counted.
    accuracy
        Share right.
    exit_share
        Share that left, by stage that answers.
    mean_ms, mean_error_ms, p95_ms, p99_ms
        Time of a request, the standard error of the mean beside it (None for a single one).
    promised_mean_ms, tables_mean_ms
        Of the plan, by the samples and by the exit tables; None when it runs stages elsewhere.
    """

    requests: int
    accuracy: CountedShare
    exit_share: dict[int, CountedShare]
    mean_ms: float
    mean_error_ms: float | None
    p95_ms: float
    p99_ms: float
    promised_mean_ms: float | None
    tables_mean_ms: float | None = None

    @property
    def time_ratio(self) -> float | None:
        """Measured mean time over the promised one."""
        return None if self.promised_mean_ms is None else self.mean_ms / self.promised_mean_ms


@dataclass(frozen=True, slots=True)
class PlanPromise:
    """What a plan says: accuracy, exit share by stage, mean time where all of it runs here; from how many samples.

    Exit tables promise what each exit does behind those before it, one after the other; the samples behind the tables
    say what the thresholds do together. Both are promises, and they differ where exits agree with each other.
    """

    samples: int
    accuracy: float | None
    exit_share: Mapping[int, float]
    mean_ms: float | None

    def share(self, stage: int) -> float | None:
        """Return the share that leaves at a stage: 0 at one that is not named, None when none is."""
        return self.exit_share.get(stage, 0.0) if self.exit_share else None


def serve(
    network: MultiExit,
    data: Labelled,
    thresholds: Mapping[int, float],
    promise: PlanPromise,
    *,
    tables: PlanPromise | None = None,
    threads: int = 1,
    on_request: Callable[[int], object] | None = None,
) -> Served:
    """Answer every input, one at a time, and compare.

    Parameters
    ----------
    thresholds
        By stage; classifiers without one are not run.
    promise, tables
        What the run is compared with, and what is only shown beside it.
    threads
        Threads of PyTorch.
    """
    if not len(data):
        raise ValueError("no requests to serve")
    network.eval()
    seconds: NDArray[np.float64] = np.empty(len(data))
    right = 0
    left: dict[int, int] = dict.fromkeys(network.classifier_stages, 0)
    with thread_count(threads):
        for row in range(min(WARMUP, len(data))):
            network.answer(data.inputs[row : row + 1], thresholds)
        for row in range(len(data)):
            begin = time.perf_counter()
            answer, stage = network.answer(data.inputs[row : row + 1], thresholds)
            seconds[row] = time.perf_counter() - begin
            right += answer == int(data.labels[row])
            left[stage] += 1
            if on_request is not None:
                on_request(row + 1)
    shown = tables or PlanPromise(promise.samples, None, {}, None)
    milliseconds = seconds * 1000
    error = milliseconds.std(ddof=1) / np.sqrt(len(data)) if len(data) > 1 else None
    p95, p99 = np.quantile(milliseconds, [0.95, 0.99])
    return Served(
        requests=len(data),
        accuracy=estimate(right, len(data), promise.accuracy, promise.samples, shown.accuracy),
        exit_share={
            stage: estimate(number, len(data), promise.share(stage), promise.samples, shown.share(stage))
            for stage, number in left.items()
        },
        mean_ms=float(milliseconds.mean()),
        mean_error_ms=None if error is None else float(error),
        p95_ms=float(p95),
        p99_ms=float(p99),
        promised_mean_ms=promise.mean_ms,
        tables_mean_ms=shown.mean_ms,
    )


def estimate(
    count: int, requests: int, promised: float | None, samples: int, tables: float | None = None
) -> CountedShare:
    """Compare a counted share with a promised one; see `CountedShare`.

    Parameters
    ----------
    count, requests
        Requests that were counted, of so many served.
    promised, samples
        The share promised, and how many samples the promise comes from; None: none was.
    tables
        The share that the exit tables promise, only shown.
    """
    share = count / requests
    agrees = None if promised is None else _same_share(share, requests, promised, samples)
    return CountedShare(promised, share, *interval(count, requests), agrees, tables)


def _same_share(share: float, requests: int, promised: float, samples: int) -> bool:
    """Newcombe's interval of a difference, from the Wilson interval of each share."""
    (low, high), (promised_low, promised_high) = _wilson(share, requests), _wilson(promised, samples)
    below = math.hypot(share - low, promised_high - promised)
    above = math.hypot(high - share, promised - promised_low)
    return -above <= share - promised <= below


def _wilson(share: float, count: int) -> tuple[float, float]:
    """95 % interval of a share, by Wilson's score."""
    z2 = NORMAL_95**2 / count
    centre = (share + z2 / 2) / (1 + z2)
    half = math.sqrt(share * (1 - share) * z2 + z2**2 / 4) / (1 + z2)
    return centre - half, centre + half
