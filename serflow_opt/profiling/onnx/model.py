"""Stages of an ONNX file: FLOPs, sizes and cut points, without running it and without its weights at hand.

Sizes follow from the input's by ONNX's shape inference. What depends on initialisers, constants, `fixed` inputs or
sizes alone is taken as folded: it bears no work and never crosses a cut.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf, prod
from pathlib import Path
from typing import TYPE_CHECKING

from serflow_opt.errors import InputError
from serflow_opt.problem.network import Stage
from serflow_opt.profiling.onnx.file import InputShape, fix_inputs, open_model
from serflow_opt.profiling.onnx.flops import flops
from serflow_opt.profiling.onnx.shapes import GraphSizes, asks_size, reads, sizes_of
from serflow_opt.profiling.stages.graph import Operation, OperationGraph, choose_cuts, stages

if TYPE_CHECKING:
    from onnx import NodeProto


@dataclass(frozen=True, slots=True)
class OnnxNetwork:
    """What a file says of its network, for one request: one run on the input's shape.

    Attributes
    ----------
    names
        The operations after which stages 1..M-1 end.
    uncounted
        Operations that may multiply and whose work is not in the stages' FLOPs.
    notes
        What else a reader should know.
    """

    stages: list[Stage]
    names: list[str]
    input_bytes: float
    uncounted: list[str]
    notes: list[str]


def read_onnx(
    path: Path | str,
    input_shape: InputShape | None = None,
    most: int | None = None,
    at: Sequence[str] | None = None,
    *,
    fixed: Sequence[str] = (),
) -> OnnxNetwork:
    """Read the stages of an ONNX file.

    Parameters
    ----------
    input_shape
        Shape of the input (of the first one that is not fixed), or shapes by input; None: as in the file, with 1 for
        a first dimension that the file leaves open. A named dimension has the same size in all inputs.
    most, at
        As in `graph.choose_cuts`; `at` takes names of nodes and of the values they make.
    fixed
        Inputs that are the same for every request, such as the mask of sentences padded to one length. Other inputs
        are sent to stage 1, so there is no cut before all of them were last read.

    Raises
    ------
    InputError
        When the file is no ONNX model, when the size of an input, or of a value whose work counts, is unknown, or
        when there is no cut after one of `at`.
    """
    model = open_model(Path(path))
    fix_inputs(str(path), model, input_shape, fixed)
    sizes = sizes_of(Path(path), model)
    graph, uncounted = _as_graph(sizes, fixed)
    cuts = choose_cuts(graph, at, most, str(path))
    return OnnxNetwork(
        stages=stages(graph, cuts),
        names=[cut.name for cut in cuts],
        input_bytes=sum(graph.inputs.values()),
        uncounted=uncounted,
        notes=_notes(sizes, tuple(graph.inputs)),
    )


def _notes(sizes: GraphSizes, inputs: Sequence[str]) -> list[str]:
    notes = []
    if len(inputs) > 1:
        several = ", ".join(inputs)
        notes.append(f"no cut before inputs {several} were last read; those that never change can be called fixed")
    if {sizes.shapes[name][:1] for name in inputs} - {(1,), ()}:
        shapes = ", ".join(f"{name} {'x'.join(map(str, sizes.shapes[name]))}" for name in inputs)
        notes.append(f"a request is one run on {shapes}")
    return notes


def _as_graph(sizes: GraphSizes, fixed: Sequence[str]) -> tuple[OperationGraph, list[str]]:
    """Return the graph, and the operations of unknown work."""
    folded: dict[str, Mapping[str, float]] = {name: {name: size} for name, size in sizes.parameters.items()}
    folded |= {name: {} for name in fixed}
    called = _names(sizes.nodes)
    operations: list[Operation] = []
    uncounted: list[str] = []
    problems = [sizes.problem(name) for name in sizes.outputs if sizes.bytes(name) == inf]
    for node, name in zip(sizes.nodes, called, strict=True):
        read = tuple(dict.fromkeys(reads(node)))
        written = [value for value in node.output if value]
        parameters = {key: size for value in read for key, size in folded.get(value, {}).items()}
        if node.op_type == "Constant":
            folded |= {value: {value: sizes.bytes(value)} for value in written}
        elif asks_size(node):
            folded |= {value: {} for value in written}
        elif all(value in folded for value in read):  # sizes, constants and what follows from them alone
            folded |= {value: _held(sizes, read, value, parameters) for value in written}
        else:
            try:
                work = flops(node, sizes.shape)
            except KeyError as error:
                work = 0
                problems.append(sizes.problem(error.args[0]))
            if work is None:
                uncounted.append(f"{name} ({node.op_type})")
            writes = {value: sizes.bytes(value) for value in written}
            operations.append(Operation(name, read, writes, work or 0, parameters, (*written, node.name)))
    inputs = {name: sizes.bytes(name) for name in sizes.inputs if name not in fixed}
    graph = OperationGraph(tuple(operations), inputs, sizes.outputs)
    if problems:
        raise InputError(dict.fromkeys(problems))
    return graph, uncounted


def _held(sizes: GraphSizes, read: Sequence[str], value: str, parameters: Mapping[str, float]) -> Mapping[str, float]:
    """Return the parameters behind a folded value: itself where it has more elements than all it is made from.

    Weights may be made in the graph, out of a shape and a number. Dequantised ones are held as they are stored.
    """
    made = prod(sizes.shapes.get(value, ()))
    from_ = sum(prod(sizes.shapes.get(source, ())) for source in read)
    return {value: sizes.bytes(value)} if made > max(from_, 1) and sizes.bytes(value) < inf else parameters


def _names(nodes: Sequence[NodeProto]) -> list[str]:
    """Names of nodes; where one is missing or not unique, the value the node makes, which always is."""
    uses = Counter(node.name for node in nodes)
    return [node.name if node.name and uses[node.name] == 1 else node.output[0] for node in nodes]
