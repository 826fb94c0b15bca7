"""Stages that take several inputs at once: their times as a table that instances read, a fit, and what they hold.

The fit is t(n) = fixed + n per request for each stage, both at least 0, of the least squared relative distance. What a
stage holds are the tensors that are alive at once while it runs, with what it was given, weights aside; scratch memory
inside a kernel is not seen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from serflow_opt.files import write_atomically
from serflow_opt.profiling.measure.timing import StageTimes
from serflow_opt.profiling.stages.network import MultiExit


@dataclass(frozen=True, slots=True)
class Rising:
    """Mean times of a stage on an option by batch size, not falling.

    Attributes
    ----------
    stage, option
        Which.
    sizes, seconds
        Rising; where a larger batch was measured to be quicker both have the mean.
    evened
        Whether that was so.
    """

    stage: int
    option: str
    sizes: tuple[int, ...]
    seconds: tuple[float, ...]
    evened: bool

    @property
    def fit(self) -> Fit:
        """Fixed and per-request part."""
        n, t = np.array(self.sizes, float), np.array(self.seconds)
        rows = np.stack([np.ones_like(n), n], axis=1) / t[:, None]
        ones = np.ones_like(n)
        found = np.linalg.lstsq(rows, ones, rcond=None)[0]
        if (found < 0).any():  # one of them alone
            alone = rows.sum(axis=0) / np.square(rows).sum(axis=0)
            off = np.square(rows * alone - 1).sum(axis=0)
            found = alone * (np.arange(2) == int(off.argmin()))
        residual = rows @ found - 1
        return Fit(float(found[0]), float(found[1]), float(residual[np.abs(residual).argmax()]))


@dataclass(frozen=True, slots=True)
class Fit:
    """Seconds of a stage that takes n inputs: fixed_s + n per_request_s; `worst`: relative residual of largest size."""

    fixed_s: float
    per_request_s: float
    worst: float


def rising(times: Sequence[StageTimes]) -> list[Rising]:
    """Return mean times by stage and option, sizes of batches rising.

    Parameters
    ----------
    times
        Of all options and batches; each option has the same batches.
    """
    found = []
    for option in dict.fromkeys(own.option for own in times):
        mine = sorted((own for own in times if own.option == option), key=lambda own: own.batch)
        means = np.array([own.seconds.mean(axis=0) for own in mine])
        for s in range(means.shape[1]):
            even = _not_falling(means[:, s].tolist())
            sizes = tuple(own.batch for own in mine)
            found.append(Rising(s + 1, option, sizes, tuple(even), even != means[:, s].tolist()))
    return found


def _not_falling(values: Sequence[float]) -> list[float]:
    """Return the nearest numbers that do not fall: neighbours that do are put together (pool adjacent violators)."""
    pools: list[tuple[float, int]] = []
    for value in values:
        mean, count = value, 1
        while pools and pools[-1][0] > mean:
            before, many = pools.pop()
            mean, count = (before * many + mean * count) / (many + count), many + count
        pools.append((mean, count))
    return [mean for mean, count in pools for _ in range(count)]


class _Alive(TorchDispatchMode):
    """Follows the bytes of the tensors that are alive."""

    def __init__(self, given: Sequence[Tensor], own: frozenset[int]) -> None:
        super().__init__()
        self._own, self._alive = own, dict[int, tuple[StorageWeakRef, int]]()
        self.most = 0
        self._note(given)

    def _note(self, tensors: Sequence[Any]) -> None:
        for tensor in tensors:
            if isinstance(tensor, Tensor) and tensor.untyped_storage().data_ptr() not in self._own:
                storage = tensor.untyped_storage()
                self._alive[storage.data_ptr()] = StorageWeakRef(storage), storage.nbytes()
        self._alive = {at: held for at, held in self._alive.items() if not held[0].expired()}
        self.most = max(self.most, sum(size for _, size in self._alive.values()))

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run an operation, and count what it gives."""
        found = func(*args, **(kwargs or {}))
        self._note(tree_leaves(found))
        return found


def held_bytes(network: MultiExit, inputs: Tensor) -> tuple[int, ...]:
    """Return the most bytes that each stage holds at once when it takes all inputs together, weights aside.

    Parameters
    ----------
    network
        Where the inputs are.
    inputs
        Those of one batch.
    """
    network.eval()
    weights = (*network.parameters(), *network.buffers())
    own = frozenset(weight.untyped_storage().data_ptr() for weight in weights)
    found, x = [], inputs.clone()
    with torch.no_grad():
        for stage, module in enumerate(network.stages, start=1):
            with _Alive([x], own) as alive:
                x = module(x)
                if stage in network.classifier_stages:
                    network.confidence(stage, network.classify(stage, x))
            found.append(alive.most)
    return tuple(found)


def write_batches(measured: Sequence[Rising], path: Path) -> None:
    """Write stage,option,batch,mean_ms: `stage_times` of a tier with `batch`."""
    _write(
        "stage,option,batch,mean_ms",
        (
            f"{own.stage},{own.option},{size},{seconds * 1000:.6g}"
            for own in measured
            for size, seconds in zip(own.sizes, own.seconds, strict=True)
        ),
        path,
    )


def write_fit(measured: Sequence[Rising], path: Path) -> None:
    """Write stage,option,fixed_ms,per_request_ms,worst_residual: the last as a share of the time."""
    _write(
        "stage,option,fixed_ms,per_request_ms,worst_residual",
        (
            f"{own.stage},{own.option},{fit.fixed_s * 1000:.6g},{fit.per_request_s * 1000:.6g},{fit.worst:+.4f}"
            for own, fit in ((own, own.fit) for own in measured)
        ),
        path,
    )


def write_memory(
    network: MultiExit, inputs: Callable[[int], Tensor], batches: Sequence[int], path: Path
) -> dict[int, int]:
    """Write stage,batch,held_bytes; return the most by batch.

    Parameters
    ----------
    network
        To run.
    inputs
        Gives at least so many inputs.
    batches
        Sizes of batches.
    path
        Of the table.
    """
    held = {batch: held_bytes(network, inputs(batch)[torch.arange(batch) % len(inputs(batch))]) for batch in batches}
    rows = (f"{s},{batch},{own}" for batch, stages in held.items() for s, own in enumerate(stages, start=1))
    _write("stage,batch,held_bytes", rows, path)
    return {batch: max(stages) for batch, stages in held.items()}


def _write(head: str, rows: Any, path: Path) -> None:
    text = "\n".join([head, *rows]) + "\n"
    write_atomically(path, lambda draft: draft.write_text(text, encoding="utf-8"))
