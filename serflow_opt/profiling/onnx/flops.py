"""FLOPs of ONNX operators from the shapes of what they read and write, two for a multiply-accumulate.

Counted is what PyTorch's counter counts: matrix products, convolutions, attention, recurrent layers. Operators without
multiplications between tensors, and elementwise ones, are 0. Formulas: https://onnx.ai/onnx/operators/.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod
from typing import TYPE_CHECKING, Any

from serflow_opt.profiling.onnx.shapes import Shape, is_onnx

if TYPE_CHECKING:
    from onnx import NodeProto

ShapeOf = Callable[[str], Shape]

_UNKNOWN_WORK = {"DFT", "STFT", "Det", "Einsum", "Loop", "Scan", "If", "SequenceMap"}
"""Operators of ONNX that may multiply, beside those in `FORMULAS`."""


def multiplies(node: NodeProto) -> bool:
    """Whether an operator may multiply tensors: one that does, one that holds such, or one ONNX does not define."""
    bodies = [attribute.g for attribute in node.attribute if attribute.HasField("g")]
    if bodies:
        return any(multiplies(inner) for body in bodies for inner in body.node)
    return not is_onnx(node) or node.op_type in FORMULAS or node.op_type in _UNKNOWN_WORK


def flops(node: NodeProto, shape_of: ShapeOf) -> int | None:
    """Return the FLOPs of a node, None when there is no formula although it may multiply.

    `shape_of` may raise for a value of unknown size; it is asked only where work depends on it.
    """
    if not multiplies(node):
        return 0
    formula = FORMULAS.get(node.op_type) if is_onnx(node) else None
    return formula(node, shape_of) if formula else None


def attributes(node: NodeProto) -> Mapping[str, Any]:
    """Return a node's attributes by name."""
    from onnx.helper import get_attribute_value

    return {attribute.name: get_attribute_value(attribute) for attribute in node.attribute}


def _product(node: NodeProto, shape_of: ShapeOf) -> int:
    """Each value written is a sum over the last dimension of the first factor."""
    return 2 * prod(shape_of(node.output[0])) * shape_of(node.input[0])[-1]


def _gemm(node: NodeProto, shape_of: ShapeOf) -> int:
    rows_first = not attributes(node).get("transA", 0)
    return 2 * prod(shape_of(node.output[0])) * shape_of(node.input[0])[rows_first]


def _convolution(weight: int) -> Callable[[NodeProto, ShapeOf], int]:
    """Each value written meets one filter: weights are filters x channels of a group x kernel."""

    def formula(node: NodeProto, shape_of: ShapeOf) -> int:
        return 2 * prod(shape_of(node.output[0])) * prod(shape_of(node.input[weight])[1:])

    return formula


def _transposed_convolution(node: NodeProto, shape_of: ShapeOf) -> int:
    """Each value read meets one filter: weights are channels x filters of a group x kernel."""
    return 2 * prod(shape_of(node.input[0])) * prod(shape_of(node.input[1])[1:])


def _recurrent(node: NodeProto, shape_of: ShapeOf) -> int:
    """In each direction, every step of every row meets the weights of input and state."""
    steps = prod(shape_of(node.input[0])[:2])
    return 2 * steps * (prod(shape_of(node.input[1])) + prod(shape_of(node.input[2])))


def _attention(node: NodeProto, shape_of: ShapeOf) -> int:
    """Queries by keys, then by values, in every head; causal masks save nothing."""
    queries, keys, values = (shape_of(name) for name in node.input[:3])
    if len(queries) == 4:
        batch, heads, length, width = queries
        value_width = values[3]
    else:
        heads, shared = attributes(node)["q_num_heads"], attributes(node)["kv_num_heads"]
        batch, length, width = queries[0], queries[1], queries[2] // heads
        value_width = values[2] // shared
    past = shape_of(node.input[4])[2] if len(node.input) > 4 and node.input[4] else 0
    return 2 * batch * heads * length * (keys[-2] + past) * (width + value_width)


def _einsum(node: NodeProto, shape_of: ShapeOf) -> int | None:
    """Of two factors: every combination of indices, save those that one factor can sum over by itself."""
    equation = attributes(node)["equation"].decode().replace(" ", "")
    factors, _, result = equation.partition("->")
    indices = factors.split(",")
    if len(indices) == 1:
        return 0
    if len(indices) > 2 or "." in equation or "->" not in equation:
        return None
    size: dict[str, int] = {}
    for word, name in zip(indices, node.input, strict=True):
        size |= zip(word, shape_of(name), strict=True)
    return 2 * prod(n for index, n in size.items() if index in result or all(index in word for word in indices))


FORMULAS: Mapping[str, Callable[[NodeProto, ShapeOf], int | None]] = {
    "MatMul": _product,
    "MatMulInteger": _product,
    "QLinearMatMul": _product,
    "Gemm": _gemm,
    "Conv": _convolution(1),
    "ConvInteger": _convolution(1),
    "DeformConv": _convolution(1),
    "QLinearConv": _convolution(3),
    "ConvTranspose": _transposed_convolution,
    "LSTM": _recurrent,
    "GRU": _recurrent,
    "RNN": _recurrent,
    "Attention": _attention,
    "Einsum": _einsum,
}
"""By operator of ONNX's own domain."""
