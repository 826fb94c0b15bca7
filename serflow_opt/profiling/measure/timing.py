"""How long each stage takes on this machine, measured where it counts: inside a whole pass, stage after stage.

A stage is timed with its classifier, softmax and the comparison with a threshold, because that is what a request
that arrives there pays. Timing stages inside a pass keeps the caches as they are when serving; a stage repeated on
its own would find its weights warm.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from serflow_opt.files import write_atomically
from serflow_opt.profiling.stages.network import MultiExit


@dataclass(frozen=True, slots=True, eq=False)
class StageTimes:
    """Times of the stages with some number of threads.

    Attributes
    ----------
    threads, batch
        Threads of PyTorch; inputs a pass.
    seconds
        Repeats x M.
    """

    threads: int
    batch: int
    seconds: NDArray[np.float64]

    @property
    def option(self) -> str:
        """What the instance calls it: 1-thread, 2-threads, gpu."""
        return option_name(self.threads)

    @property
    def mean_s(self) -> float:
        """Mean time of a whole pass, s."""
        return float(self.seconds.sum(axis=1).mean())


def option_name(threads: int) -> str:
    """Name an option by its threads; 0 stands for the GPU."""
    return "gpu" if threads == 0 else f"{threads}-thread{'s' if threads > 1 else ''}"


@contextmanager
def thread_count(threads: int) -> Iterator[None]:
    """Let PyTorch use so many threads, and as many as before afterwards."""
    before = torch.get_num_threads()
    torch.set_num_threads(max(threads, 1))
    try:
        yield
    finally:
        torch.set_num_threads(before)


def time_stages(
    network: MultiExit,
    inputs: Tensor,
    *,
    threads: int = 1,
    batch: int = 1,
    warmup: int = 20,
    repeats: int = 200,
    on_pass: Callable[[int], object] | None = None,
) -> StageTimes:
    """Measure whole passes over inputs taken in turn.

    Parameters
    ----------
    inputs
        At least one; a pass takes `batch` of them, going round.
    threads
        Threads of PyTorch; 0 when the network is on a GPU.
    warmup, repeats
        Passes before, and passes that count.
    """
    network.eval()
    stamps = np.empty((repeats, len(network.stages) + 1))
    wait = torch.cuda.synchronize if inputs.is_cuda else _nothing
    with thread_count(threads), torch.inference_mode():
        for number in range(-warmup, repeats):
            rows = torch.arange(number * batch, (number + 1) * batch, device=inputs.device) % len(inputs)
            x = inputs[rows]
            wait()
            stamp = [time.perf_counter()]
            for stage, module in enumerate(network.stages, start=1):
                x = module(x)
                if stage in network.classifier_stages:
                    bool((network.confidence(stage, network.classify(stage, x)) >= 0.5).all())
                wait()
                stamp.append(time.perf_counter())
            if number >= 0:
                stamps[number] = stamp
                if on_pass is not None:
                    on_pass(number + 1)
    return StageTimes(threads, batch, np.diff(stamps, axis=1))


def _nothing() -> None:
    """Stand in for waiting on a device that does not run ahead."""


def write_times(times: Sequence[StageTimes], path: Path) -> None:
    """Write stage,option,mean_ms,sd_ms,p95_ms,p99_ms; the sample standard deviation."""
    lines = ["stage,option,mean_ms,sd_ms,p95_ms,p99_ms"]
    for measured in times:
        for stage, seconds in enumerate(measured.seconds.T, start=1):
            p95, p99 = np.quantile(seconds, [0.95, 0.99])
            figures = (seconds.mean(), seconds.std(ddof=1) if len(seconds) > 1 else 0.0, p95, p99)
            cells = ",".join(f"{figure * 1000:.6g}" for figure in figures)
            lines.append(f"{stage},{measured.option},{cells}")
    write_atomically(path, lambda draft: draft.write_text("\n".join(lines) + "\n", encoding="utf-8"))
