"""Work out the size of every value of an ONNX graph from those of its inputs.

ONNX's own inference is asked node by node. Where sizes are computed by the graph itself (Shape, Gather, Concat, then
Reshape), these small computations are done by ONNX's reference evaluator; nothing else is run.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import ceil, inf, prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from serflow_opt.errors import Problem

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, TypeProto

Shape = tuple[int, ...]

SMALL = 4096
"""Most elements of a value that is computed: sizes are far fewer."""
_BITS = {"FLOAT": 32, "DOUBLE": 64, "BOOL": 8}
"""Bits of the element types whose name does not hold them."""


@dataclass(frozen=True, slots=True)
class GraphSizes:
    """A graph and its sizes.

    Attributes
    ----------
    parameters
        Bytes of the initialisers.
    shapes, bits
        By value: dimensions, where all are known, and bits of an element.
    faults
        By value: what inference said where it failed.
    unread
        By initialiser whose values would tell sizes: where they are, and cannot be read.
    """

    file: str
    nodes: tuple[NodeProto, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    parameters: Mapping[str, float]
    shapes: Mapping[str, Shape]
    bits: Mapping[str, int]
    faults: Mapping[str, str]
    unread: Mapping[str, str]

    def shape(self, name: str) -> Shape:
        """Return a value's shape; KeyError with its name when it is unknown."""
        return self.shapes[name]

    def bytes(self, name: str) -> float:
        """Return a value's bytes, inf when they are unknown."""
        return _bytes(self.shapes[name], self.bits[name]) if name in self.shapes and name in self.bits else inf

    def problem(self, name: str) -> Problem:
        """Say where the size of a value got lost."""
        maker = {value: node for node in self.nodes for value in node.output}
        while lost := [value for value in maker[name].input if value in maker and value not in self.shapes]:
            name = lost[0]
        node = maker[name]
        found = f"its size cannot be told from the file (made by {node.op_type})"
        cure = "export the model with fixed input shapes"
        if not is_onnx(node):
            found = f"its size is unknown: {node.op_type} of {node.domain} is no operator of ONNX"
            cure = "take the file from before it was optimised for one runtime"
        elif unread := [value for value in node.input if value in self.unread]:
            found = f"its size depends on '{unread[0]}', whose values cannot be read ({self.unread[unread[0]]})"
            cure = "put the file with the values beside the model, or export it with fixed input shapes"
        elif name in self.faults:
            found = f"{node.op_type} does not fit its inputs ({self.faults[name]})"
            cure = "check the shape given with --input, or export the model again"
        return Problem(self.file, f"value '{name}'", found, cure)


def is_onnx(node: NodeProto) -> bool:
    """Whether an operator is of ONNX's own domain."""
    return node.domain in ("", "ai.onnx")


def asks_size(node: NodeProto) -> bool:
    """Whether a node gives the size of what it reads, whatever its values."""
    return is_onnx(node) and node.op_type in ("Shape", "Size")


def reads(node: NodeProto) -> Iterator[str]:
    """Yield the values a node reads, those that its bodies take from around it included."""
    yield from filter(None, node.input)
    for body in (attribute.g for attribute in node.attribute if attribute.HasField("g")):
        own = {value.name for value in (*body.input, *body.initializer)}
        own |= {value for inner in body.node for value in inner.output}
        read = [value for inner in body.node for value in reads(inner)] + [value.name for value in body.output]
        yield from (value for value in read if value not in own)


def dimensions(kind: TypeProto) -> list[int | None] | None:
    """Return a type's dimensions, None for those left open; None when it has no shape."""
    if not kind.HasField("tensor_type") or not kind.tensor_type.HasField("shape"):
        return None
    return [dim.dim_value if dim.HasField("dim_value") else None for dim in kind.tensor_type.shape.dim]


def sizes_of(path: Path, model: ModelProto) -> GraphSizes:
    """Return the sizes of a model's values; those of its inputs must be known. External data lie beside its file."""
    from onnx.helper import make_tensor_type_proto

    graph = model.graph
    held = {tensor.name: (tensor.data_type, tuple(tensor.dims)) for tensor in graph.initializer}
    held |= {sparse.values.name: (sparse.values.data_type, tuple(sparse.dims)) for sparse in graph.sparse_initializer}
    types = {value.name: value.type for value in graph.input}
    types |= {name: make_tensor_type_proto(element, shape) for name, (element, shape) in held.items()}
    data, unread = _small_initialisers(path, model)
    faults = _infer(model, types, data)
    shapes = {name: shape for name, kind in types.items() if (shape := _shape(kind)) is not None}
    bits = {name: size for name, kind in types.items() if (size := _bits(kind.tensor_type.elem_type))}
    stored = {tensor.name: prod(tensor.dims) * _bits(tensor.data_type) for tensor in graph.initializer}
    for sparse in graph.sparse_initializer:
        indices = prod(sparse.indices.dims) * _bits(sparse.indices.data_type)
        stored[sparse.values.name] = prod(sparse.values.dims) * _bits(sparse.values.data_type) + indices
    return GraphSizes(
        file=str(path),
        nodes=tuple(graph.node),
        inputs=tuple(value.name for value in graph.input if value.name not in held),
        outputs=tuple(value.name for value in graph.output),
        parameters={name: ceil(size / 8) for name, size in stored.items()},
        shapes=shapes,
        bits=bits,
        faults=faults,
        unread=unread,
    )


def _infer(model: ModelProto, types: dict[str, TypeProto], data: dict[str, Any]) -> dict[str, str]:
    """Add the types of what each node makes, given small values; return what was said where that failed."""
    from onnx.defs import get_schema
    from onnx.numpy_helper import from_array
    from onnx.shape_inference import infer_node_outputs

    said = {value.name: value.type for value in (*model.graph.value_info, *model.graph.output)}
    opsets = {entry.domain: entry.version for entry in model.opset_import}
    faults: dict[str, str] = {}
    for node in model.graph.node:
        read = set(reads(node))
        made: dict[str, TypeProto] = {}
        try:
            schema = get_schema(node.op_type, opsets.get(node.domain, opsets.get("", 1)), node.domain)
            kinds = {value: types[value] for value in read}
            known = {value: from_array(data[value]) for value in read if value in data}
            made = infer_node_outputs(
                schema, node, kinds, known, opset_imports=list(model.opset_import), ir_version=model.ir_version
            )
        except Exception as error:  # no such operator, an input of unknown type, or shapes that do not fit
            line = (str(error).strip().splitlines() or [""])[0]
            faults |= dict.fromkeys(node.output, line)
        for value in filter(None, node.output):
            found = made.get(value)
            if _shape(found) is None:
                found = said.get(value, found)
            if found is not None:
                types[value] = found
        data |= _computed(node, types, data, opsets)
    return faults


def _small_initialisers(path: Path, model: ModelProto) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the values of small initialisers, and where those are that cannot be read: weights may be left out."""
    from onnx import TensorProto
    from onnx.external_data_helper import load_external_data_for_tensor
    from onnx.numpy_helper import to_array

    values: dict[str, Any] = {}
    unread: dict[str, str] = {}
    for tensor in model.graph.initializer:
        if prod(tensor.dims) > SMALL:
            continue
        where = "the file has none"
        try:
            if tensor.data_location == TensorProto.EXTERNAL:
                where = next((entry.value for entry in tensor.external_data if entry.key == "location"), "nowhere")
                load_external_data_for_tensor(tensor, str(path.parent))
            values[tensor.name] = to_array(tensor)
        except Exception:  # no file, one that is too short, or one outside the model's folder: said where it matters
            unread[tensor.name] = where
    return values, unread


def _computed(
    node: NodeProto, types: Mapping[str, TypeProto], data: Mapping[str, Any], opsets: Mapping[str, int]
) -> dict[str, Any]:
    """Return what a node gives, when it is small and known beforehand."""
    import numpy as np
    from onnx.helper import make_graph, make_value_info
    from onnx.reference import ReferenceEvaluator

    read = list(dict.fromkeys(reads(node)))
    feeds = {value: data[value] for value in read if value in data}
    if asks_size(node) and (shape := _shape(types.get(read[0]))) is not None:
        feeds = {read[0]: np.broadcast_to(np.float32(0), shape)}  # takes no memory
    made = [value for value in node.output if value]
    sizes = [_shape(types.get(value)) for value in made]
    small = all(shape is not None and prod(shape) <= SMALL for shape in sizes)
    loops = any(attribute.HasField("g") for attribute in node.attribute)
    if len(feeds) < len(read) or not small or loops or "Random" in node.op_type:
        return {}
    try:
        graph = make_graph(
            [node],
            "one",
            [make_value_info(value, types[value]) for value in read],
            [make_value_info(value, types[value]) for value in made],
        )
        values = ReferenceEvaluator(graph, opsets=dict(opsets)).run(None, feeds)
    except Exception:  # then the value stays unknown, which is said where it matters
        return {}
    return dict(zip(made, values, strict=True))


def _shape(kind: TypeProto | None) -> Shape | None:
    """Return a type's shape when all of it is known."""
    found = None if kind is None else dimensions(kind)
    if found is None or None in found:
        return None
    return tuple(size for size in found if size is not None)


def _bits(element: int) -> int:
    """Bits of an element type, 0 when it has no fixed size."""
    from onnx import TensorProto

    name = TensorProto.DataType.Name(element)
    digits = re.search(r"\d+", name)
    return _BITS.get(name) or (int(digits[0]) if digits else 0)


def _bytes(shape: Shape, bits: int) -> int:
    return ceil(prod(shape) * bits / 8)
