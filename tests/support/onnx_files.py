"""ONNX files made node by node."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto
from onnx.helper import make_graph, make_model, make_node, make_opsetid, make_tensor_value_info
from onnx.numpy_helper import from_array

from serflow_opt.profiling.onnx.model import OnnxNetwork

Shape = Sequence[int | str | None]


class File:
    """An ONNX file in the making."""

    def __init__(self, **inputs: Shape) -> None:
        self.inputs = [make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()]
        self.nodes: list[onnx.NodeProto] = []
        self.held: list[onnx.TensorProto] = []

    def weight(self, *shape: int, kind: type = np.float32) -> str:
        """Add an initialiser."""
        self.held.append(from_array(np.ones(shape, kind), f"w{len(self.held)}"))
        return self.held[-1].name

    def sizes(self, *numbers: int) -> str:
        """Add an initialiser of whole numbers."""
        self.held.append(from_array(np.array(numbers, np.int64), f"w{len(self.held)}"))
        return self.held[-1].name

    def add(self, kind: str, *read: str, outputs: int = 1, **attributes: object) -> str:
        """Add a node named after its kind; return its first output."""
        name = f"{kind.lower()}{sum(node.op_type == kind for node in self.nodes) + 1}"
        made = [f"{name}_out", *(f"{name}_out{number}" for number in range(2, outputs + 1))]
        self.nodes.append(make_node(kind, list(read), made, name=name, **attributes))
        return made[0]

    def write(self, folder: Path, *outputs: str, opset: int = 17, kind: int = TensorProto.FLOAT) -> Path:
        """Write it, with outputs of unknown shape."""
        told = [make_tensor_value_info(name, kind, None) for name in outputs]
        graph = make_graph(self.nodes, "network", self.inputs, told, self.held)
        path = folder / "network.onnx"
        onnx.save(make_model(graph, opset_imports=[make_opsetid("", opset)], ir_version=8), path)
        return path


def total(network: OnnxNetwork) -> float:
    return sum(stage.flops for stage in network.stages)


def torch_flops(module: object, example: object) -> float:
    from serflow_opt.profiling.measure.counting import counter

    with counter() as work:
        module.eval()(example)  # type: ignore[attr-defined]
    return work.flops


def masked(folder: Path) -> Path:
    """Three layers that all add a mask to what they read."""
    file = File(tokens=["N", "T", 4], mask=["N", "T", 1])
    value, mask = "tokens", file.add("Mul", "mask", file.weight())
    for _ in range(3):
        value = file.add("MatMul", file.add("Add", value, mask), file.weight(4, 4))
    return file.write(folder, value)
