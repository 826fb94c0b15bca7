"""Send what crosses each cut in every way there is, and measure what that keeps, costs and spoils."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import TypeVar

import torch
from torch import Tensor
from torch.nn import functional

from serflow_opt.errors import InputError, Problem
from serflow_opt.problem.compression_table import CompressionRow
from serflow_opt.profiling.compression.bottleneck import channels, train_bottleneck, widths_for
from serflow_opt.profiling.compression.quantisation import BITS, fit_quantiser
from serflow_opt.profiling.compression.sparse_coding import Deflated, Sparse
from serflow_opt.profiling.compression.wire import FP32_BYTES, Code, Raw
from serflow_opt.profiling.data.parts import DataParts, Labelled
from serflow_opt.profiling.measure.training import batches
from serflow_opt.profiling.stages.network import MultiExit

BATCH = 256
WARM_UP = 10
"""Requests before those that are timed."""

T = TypeVar("T")

OnProgress = Callable[[int, int, CompressionRow], object]
"""Called with the number of rows done, of how many, and the latest."""


@dataclass(frozen=True, slots=True)
class _Settings:
    bits: Sequence[int]
    widths: Sequence[float]
    seed: int
    epochs: int
    repeats: int

    def problems(self) -> Iterator[Problem]:
        """Say what is out of bounds."""
        for b in self.bits:
            if b not in BITS:
                yield Problem("", "bits", str(b), f"take some of {', '.join(map(str, BITS))}, which fill bytes evenly")
        for share in self.widths:
            if not 0 < share <= 1:
                yield Problem("", "widths", f"{share:g}", "take shares of the channels above 0 and up to 1")
        if self.epochs < 0:
            yield Problem("", "epochs", str(self.epochs), "take 0 or more")
        if self.repeats < 1:
            yield Problem("", "repeats", str(self.repeats), "take 1 or more")


def measure_compression(
    network: MultiExit,
    parts: DataParts,
    *,
    cuts: Sequence[int] | None = None,
    bits: Sequence[int] = (8, 4, 2),
    widths: Sequence[float] = (0.5, 0.25, 0.125),
    seed: int = 0,
    epochs: int = 2,
    repeats: int = 100,
    on_progress: OnProgress | None = None,
) -> list[CompressionRow]:
    """Measure every way at every cut on the `measured` part.

    Every request's message is really made, its bytes counted, decoded and classified. Times are of single requests,
    with as many threads as PyTorch is set to, and include the copy from and to a GPU.

    Parameters
    ----------
    network
        Left in evaluation mode, its weights as they are.
    parts
        `train` fits auto-encoders, `calibration` the range of quantisation, `measured` is what is reported.
    cuts
        0..M-1; None: all where fp32 crosses (not, say, the token numbers a language model starts from).
    bits
        Of quantisation: 8, 4, 2, 1.
    widths
        Shares of the channels that auto-encoders keep, at least one channel; those that would keep all, or as many as
        a share before, are left out.
    seed, epochs
        Of the auto-encoders' training.
    repeats
        Requests timed, after a warm-up.

    Raises
    ------
    InputError
        When a setting is out of its bounds, a part is empty, or an activation is empty, holds NaN or infinity, or
        (at a cut asked for) is not fp32.
    """
    network.eval()
    settings = _Settings(bits, widths, seed, epochs, repeats)
    shapes = _checked_shapes(network, parts, cuts, settings)
    total = sum(3 + 2 * len(bits) + len(widths_for(shape, widths)) for shape in shapes.values())
    rows: list[CompressionRow] = []
    for cut, shape in shapes.items():
        for method, width, code in _codes(network, parts, cut, shape, settings):
            rows.append(_measure(network, parts.measured, cut, method, width, code, repeats))
            if on_progress is not None:
                on_progress(len(rows), total, rows[-1])
    return rows


def _codes(
    network: MultiExit, parts: DataParts, cut: int, shape: tuple[int, ...], settings: _Settings
) -> Iterator[tuple[str, float | None, Code]]:
    """Yield method, width and code; an auto-encoder is trained when it is its turn."""
    one = (1, *shape)
    yield "none", None, Raw(one)
    yield "sparse", None, Sparse(one)
    yield "deflate", None, Deflated(Raw(one))
    calibration = torch.cat([sent for sent, _ in _sent(network, cut, parts.calibration)])
    for bits in settings.bits:
        quantiser = fit_quantiser(calibration, bits)
        yield f"quantise-{bits}", bits, quantiser
        yield f"quantise-{bits}+deflate", bits, Deflated(quantiser)
    for width in widths_for(shape, settings.widths):
        code = train_bottleneck(network, cut, parts.train, width, epochs=settings.epochs, seed=settings.seed)
        yield "autoencoder", width / channels(shape), code


@torch.inference_mode()
def _measure(
    network: MultiExit, data: Labelled, cut: int, method: str, width: float | None, code: Code, repeats: int
) -> CompressionRow:
    kept: list[float] = []
    right, loss = 0, 0.0
    for sent, labels in _sent(network, cut, data):
        messages = [code.encode(request) for request in sent.unsqueeze(1)]
        received = torch.cat([code.decode(message) for message in messages]).to(sent.device)
        kept += [len(message) / (FP32_BYTES * sent[0].numel()) for message in messages]
        logits = network.after(cut, received)[-1] / network.temperatures[-1]
        right += int((logits.argmax(dim=1) == labels).sum())
        loss += float(functional.cross_entropy(logits.double(), labels, reduction="sum"))
    requests = network.until(cut, data.inputs[: repeats + WARM_UP]).unsqueeze(1)
    turns = [requests[turn % len(requests)] for turn in range(repeats + WARM_UP)]
    messages = [code.encode(one) for one in turns]
    encode_ms, encode_sd_ms = _timed(code.encode, turns, requests.is_cuda)
    decode_ms, decode_sd_ms = _timed(
        lambda message: code.decode(message).to(requests.device), messages, requests.is_cuda
    )
    return CompressionRow(
        cut=cut,
        method=method,
        width=width,
        kept_fraction=fmean(kept),
        kept_sd=_sd(kept),
        accuracy=right / len(data),
        cross_entropy=loss / len(data),
        encode_flops=code.encode_flops,
        decode_flops=code.decode_flops,
        encode_ms=encode_ms,
        encode_sd_ms=encode_sd_ms,
        decode_ms=decode_ms,
        decode_sd_ms=decode_sd_ms,
        samples=len(data),
    )


def _timed(action: Callable[[T], object], turns: Sequence[T], on_gpu: bool) -> tuple[float, float]:
    """Return mean and standard deviation of the time of one turn after the warm-up, ms."""
    milliseconds = []
    for turn in turns:
        begin = time.perf_counter()
        action(turn)
        if on_gpu:
            torch.cuda.synchronize()
        milliseconds.append(1000 * (time.perf_counter() - begin))
    return fmean(milliseconds[WARM_UP:]), _sd(milliseconds[WARM_UP:])


def _sd(figures: Sequence[float]) -> float:
    return stdev(figures) if len(figures) > 1 else 0.0


@torch.inference_mode()
def _sent(network: MultiExit, cut: int, data: Labelled) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield what crosses the cut, and the labels, in batches."""
    for part in batches(data, BATCH):
        sent = network.until(cut, part.inputs)
        if not bool(sent.isfinite().all()):
            cure = "train with a smaller step, or look at the data"
            raise InputError([Problem("", f"cut {cut}", "the activation holds NaN or infinity", cure)])
        yield sent, part.labels


@torch.inference_mode()
def _checked_shapes(
    network: MultiExit, parts: DataParts, cuts: Sequence[int] | None, settings: _Settings
) -> dict[int, tuple[int, ...]]:
    """Return the shape of one request's activation by cut, or raise everything that is wrong."""
    stages = len(network.stages)
    problems = list(settings.problems())
    for name in ("train", "calibration", "measured"):
        if not len(getattr(parts, name)):
            problems.append(Problem("", name, "no data", "give this part a share of the data"))
    for cut in cuts or ():
        if not 0 <= cut < stages:
            problems.append(Problem("", "cuts", str(cut), f"take some of 0 to {stages - 1}"))
    if problems:
        raise InputError(problems)
    shapes = {}
    for cut in range(stages) if cuts is None else dict.fromkeys(cuts):
        sent = network.until(cut, parts.measured.inputs[:1])
        if sent.dtype == torch.float32 and sent.numel():
            shapes[cut] = tuple(sent.shape[1:])
        elif cuts is not None or not sent.numel():
            found = f"what crosses is {str(sent.dtype).removeprefix('torch.')} with {sent.numel()} values"
            problems.append(Problem("", f"cut {cut}", found, "compress where fp32 values cross"))
    if problems:
        raise InputError(problems)
    return shapes
