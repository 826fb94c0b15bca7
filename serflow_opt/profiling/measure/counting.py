"""Count what each stage of a network works, holds and hands on, per request.

FLOPs are what PyTorch's `FlopCounterMode` counts: matrix products, convolutions and attention, two for a
multiply-accumulate; elementwise work, normalisation, pooling and look-ups are not counted. That counter misses fused
kernels: in evaluation mode on a CPU it sees nothing of attention, of the fast path of `nn.MultiheadAttention`
and `nn.TransformerEncoderLayer`, of LSTM layers, and of products with a single vector. While counting, the first two
are therefore run by plain kernels; the others have formulas here. What is still not counted is named.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import FlopCounterMode

from serflow_opt.problem.network import Stage
from serflow_opt.profiling.stages.network import MultiExit

_OTHER_PRODUCTS = re.compile(
    r"mm(_|$)|conv(olution|\d|_|$)|attention|encoder_layer|rnn|fft|linalg|cdist|euclidean|trilinear|cholesky|inverse"
    r"|matrix_exp|svd|_solve|lu_factor|vdot"
)
_NAMESPACES = {"aten", "prim", "prims", "profiler"}


class OperationCounts(NamedTuple):
    """What `count` found: a stage each, bytes of a request's input, and operations whose work was not counted."""

    stages: list[Stage]
    input_bytes: float
    uncounted: list[str]


class Counter(TorchDispatchMode):
    """Adds up FLOPs and notes the operations that multiply in ways it does not know.

    Attributes
    ----------
    uncounted
        Names of those operations.
    """

    def __init__(self) -> None:
        super().__init__()
        self._mode = FlopCounterMode(display=False, custom_mapping=_FURTHER)
        self.uncounted: set[str] = set()

    @property
    def flops(self) -> int:
        """FLOPs counted so far."""
        return self._mode.get_total_flops()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run an operation that the FLOP counter could not break down any further."""
        packet = getattr(func, "overloadpacket", func)
        if packet not in self._mode.flop_registry:
            name = packet.__name__
            if func.namespace not in _NAMESPACES or _OTHER_PRODUCTS.search(name):
                self.uncounted.add(f"{func.namespace}.{name}")
        return func(*args, **(kwargs or {}))


@contextmanager
def counter() -> Iterator[Counter]:
    """Count everything that is run inside, with fused kernels off."""
    found = Counter()
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with ExitStack() as stack:
            stack.enter_context(torch.no_grad())
            stack.enter_context(sdpa_kernel(SDPBackend.MATH))
            stack.enter_context(torch.backends.cudnn.flags(enabled=False))
            stack.enter_context(found)  # outside of the FLOP counter, so that it sees what is left
            stack.enter_context(found._mode)
            yield found
    finally:
        torch.backends.mha.set_fastpath_enabled(fast)


def count(network: MultiExit, example: Tensor) -> OperationCounts:
    """Count the stages of a network on an example, in evaluation mode.

    Parameters
    ----------
    example
        Inputs with the batch in front; every figure is divided by their number.

    Returns
    -------
    Counts
        Stage s with the FLOPs of the stage and of its classifier, the bytes it hands on (the last one: its logits)
        and the bytes of its parameters and buffers, its classifier's included, a shared tensor once a stage.
    """
    requests = len(example)
    found: list[Stage] = []
    uncounted: list[str] = []
    x = example
    with _evaluating(network):
        for number, stage in enumerate(network.stages, start=1):
            with counter() as work:
                x = stage(x)
                logits = network.classify(number, x)
            handed_on = _bytes(logits if number == len(network.stages) else x)
            held = [stage, *(classifier for at, classifier in network.exits.items() if at == number)]
            found.append(Stage(work.flops / requests, handed_on / requests, parameter_bytes(*held)))
            uncounted += [f"stage {number}: {name}" for name in sorted(work.uncounted)]
    return OperationCounts(found, _bytes(example) / requests, uncounted)


def parameter_bytes(*modules: nn.Module) -> int:
    """Return the bytes of parameters and buffers of some modules, shared ones once."""
    tensors = {id(tensor): tensor for module in modules for tensor in (*module.parameters(), *module.buffers())}
    return sum(map(_bytes, tensors.values()))


@contextmanager
def _evaluating(network: nn.Module) -> Iterator[None]:
    modes = {module: module.training for module in network.modules()}
    network.eval()
    try:
        yield
    finally:
        for module, training in modes.items():
            module.training = training


def _bytes(tensor: Tensor) -> int:
    return tensor.numel() * tensor.element_size()


def _vector_product(matrix: Any, *_: Any, **__: Any) -> int:
    """A matrix, or a row, by a vector; from shapes, as all of these."""
    return 2 * int(math.prod(matrix))


def _added_vector_product(_: Any, matrix: Any, *__: Any, **___: Any) -> int:
    return _vector_product(matrix)


def _recurrent_layer(x: Any, from_input: Any, from_state: Any, *_: Any, **__: Any) -> int:
    """One direction of an LSTM layer: every step and row meets both weight matrices, 4H x I and 4H x H."""
    weights = math.prod(from_input) + math.prod(from_state)
    return 2 * int(math.prod(x[:-1]) * weights)


_FURTHER = {
    torch.ops.aten.mv: _vector_product,
    torch.ops.aten.dot: _vector_product,
    torch.ops.aten.addmv: _added_vector_product,
    torch.ops.aten.mkldnn_rnn_layer: _recurrent_layer,
}
