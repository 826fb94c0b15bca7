"""How long each stage takes there and back when it is trained, what it keeps for that, and how large gradients are.

A stage is timed inside a whole pass with its classifier and the classifier's loss, forward after forward, then backward
after backward: a stage's way back begins with the gradient of what it handed on and its own loss, and ends with the
gradients of its weights and of what it received. The step of an optimiser is not timed.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from serflow_opt.files import write_atomically
from serflow_opt.profiling.measure.timing import thread_count
from serflow_opt.profiling.stages.network import MultiExit


@dataclass(frozen=True, slots=True, eq=False)
class TrainingTimes:
    """Stages in training, of mini-batches of `batch` inputs.

    Attributes
    ----------
    batch
        Inputs of a mini-batch.
    forward_s, backward_s
        Seconds of a mini-batch, repeats x M.
    activation_bytes, gradient_bytes
        Of a mini-batch: what a stage hands on, and the gradient that comes back for it; 0 behind the last stage.
    held_bytes
        What a stage keeps of a mini-batch from its way there to its way back, weights aside.
    parameter_bytes
        Its weights with those of its classifier.
    """

    batch: int
    forward_s: NDArray[np.float64]
    backward_s: NDArray[np.float64]
    activation_bytes: tuple[int, ...]
    gradient_bytes: tuple[int, ...]
    held_bytes: tuple[int, ...]
    parameter_bytes: tuple[int, ...]


def time_training(
    network: MultiExit, inputs: Tensor, labels: Tensor, *, batch: int, threads: int, warmup: int, repeats: int
) -> TrainingTimes:
    """Measure whole passes there and back; weights and statistics are as before afterwards.

    Parameters
    ----------
    network
        On the CPU; every weight that can learn does.
    inputs, labels
        At least one each; a pass takes `batch` of them, going round.
    batch
        Inputs a pass, 2 at least: normalisation needs them.
    threads
        Threads of PyTorch.
    warmup, repeats
        Passes before, and passes that count.
    """
    count, before = len(network.stages), {k: v.clone() for k, v in network.state_dict().items()}
    there, back = np.empty((repeats, count)), np.empty((repeats, count))
    sizes: list[tuple[int, int, int]] = []
    was = network.training
    network.train()
    try:
        with thread_count(threads), torch.enable_grad(), torch.random.fork_rng():
            for number in range(-max(warmup, 1), repeats):
                rows = torch.arange(number * batch, (number + 1) * batch) % len(inputs)
                forward, backward, sizes = _pass(network, inputs[rows], labels[rows], measure=number < 0)
                if number >= 0:
                    there[number], back[number] = forward, backward
                else:
                    known = sizes
    finally:
        network.load_state_dict(before)
        network.zero_grad(set_to_none=True)
        network.train(was)
    weights = [_weights(network, stage) for stage in range(1, count + 1)]
    activation, gradient, held = zip(*known, strict=True)
    return TrainingTimes(batch, there, back, activation, gradient, held, tuple(weights))


def _pass(
    network: MultiExit, x: Tensor, labels: Tensor, *, measure: bool
) -> tuple[list[float], list[float], list[tuple[int, int, int]]]:
    """Go there and back once; sizes are looked at where times do not count."""
    came, gave, losses, held, forward = [], [], [], [], []
    for stage, module in enumerate(network.stages, start=1):
        received = x.detach().requires_grad_(stage > 1)
        fresh = received.clone() if stage > 1 else received  # a stage may work in place
        with _kept(network, measure) as kept:
            begin = time.perf_counter()
            x = module(fresh)
            loss = None
            if stage in network.classifier_stages:
                loss = functional.cross_entropy(network.classify(stage, x), labels)
            forward.append(time.perf_counter() - begin)
        came.append(received)
        gave.append(x)
        losses.append(loss)
        held.append(sum(kept.values()))
    backward, sizes = [0.0] * len(gave), [(0, 0, 0)] * len(gave)
    gradient: Tensor | None = None
    for s in range(len(gave) - 1, -1, -1):
        begin = time.perf_counter()
        roots = [(gave[s], gradient), (losses[s], None)]
        given = [(root, own) for root, own in roots if root is not None and (own is not None or root is losses[s])]
        torch.autograd.backward([root for root, _ in given], [own for _, own in given])
        backward[s] = time.perf_counter() - begin
        sizes[s] = (_bytes(gave[s]), 0 if gradient is None else _bytes(gradient), held[s])
        gradient = came[s].grad
    return forward, backward, sizes


@contextmanager
def _kept(network: MultiExit, wanted: bool) -> Iterator[dict[int, int]]:
    """Collect what is kept for the way back, by storage: bytes, those of weights left out."""
    found: dict[int, int] = {}
    if not wanted:
        yield found
        return
    own = {weight.untyped_storage().data_ptr() for weight in (*network.parameters(), *network.buffers())}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            found[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        yield found


def _bytes(tensor: Tensor) -> int:
    return tensor.numel() * tensor.element_size()


def _weights(network: MultiExit, stage: int) -> int:
    modules = [network.stages[stage - 1], *(own for key, own in network.exits.items() if key == stage)]
    return sum(_bytes(weight) for module in modules for weight in module.parameters())


def write_training(measured: TrainingTimes, path: Path) -> None:
    """Write the stages of a training instance: of one sample of a mini-batch."""
    lines = ["stage,forward_ms,backward_ms,activation_bytes,gradient_bytes,parameter_bytes"]
    means = zip(measured.forward_s.mean(axis=0), measured.backward_s.mean(axis=0), strict=True)
    for s, (there, back) in enumerate(means):
        sizes = (measured.activation_bytes[s] / measured.batch, measured.gradient_bytes[s] / measured.batch)
        times = (there * 1000 / measured.batch, back * 1000 / measured.batch)
        cells = (*(f"{own:.6g}" for own in times), *(f"{own:.12g}" for own in (*sizes, measured.parameter_bytes[s])))
        lines.append(",".join([str(s + 1), *cells]))
    _write(lines, path)


def write_layers(measured: TrainingTimes, path: Path) -> None:
    """Write the layers of a pipeline instance: of a whole mini-batch, a stage a layer."""
    lines = ["layer,name,forward_ms,backward_ms,activation_bytes,parameter_bytes,held_bytes"]
    means = zip(measured.forward_s.mean(axis=0), measured.backward_s.mean(axis=0), strict=True)
    for s, (there, back) in enumerate(means):
        sizes = (measured.activation_bytes[s], measured.parameter_bytes[s], measured.held_bytes[s])
        lines.append(f"{s + 1},stage {s + 1},{there * 1000:.6g},{back * 1000:.6g}," + ",".join(map(str, sizes)))
    _write(lines, path)


def _write(lines: Sequence[str], path: Path) -> None:
    write_atomically(path, lambda draft: draft.write_text("\n".join(lines) + "\n", encoding="utf-8"))
