"""Sizes of values and weights in ONNX files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from serflow_opt.errors import InputError

pytest.importorskip("onnx")

import onnx
from onnx import TensorProto
from onnx.helper import make_tensor
from support.onnx_files import File, total

from serflow_opt.profiling.onnx.model import read_onnx


def test_quantised_values_and_folded_weights_have_the_bytes_that_are_stored(tmp_path: Path) -> None:
    """Quantised values count in the bits that are stored and sent."""
    file = File(x=[1, 6])
    file.held.append(make_tensor("four_bits", TensorProto.INT4, [7, 5], bytes(18), raw=True))
    scale, zero = file.weight(), file.weight(kind=np.uint8)
    first = file.add("DequantizeLinear", file.weight(6, 7, kind=np.int8), scale)
    value = file.add("MatMul", "x", first)
    value = file.add("QuantizeLinear", value, scale, zero)
    value = file.add("DequantizeLinear", value, scale, zero)
    value = file.add("MatMul", value, file.add("DequantizeLinear", "four_bits", scale))
    found = read_onnx(file.write(tmp_path, value, opset=21))
    assert found.names == ["quantizelinear1"]
    first_stage, second_stage = found.stages
    assert (first_stage.activation_bytes, second_stage.activation_bytes) == (7, 20)
    assert first_stage.parameter_bytes == 6 * 7 + 4 + 1
    assert second_stage.parameter_bytes == 18 + 4 + 1  # 35 numbers of four bits


def test_sizes_that_depend_on_values_are_refused_where_work_depends_on_them(tmp_path: Path) -> None:
    """Work whose size hangs on values cannot be counted, and is not guessed."""
    file = File(x=[1, 6])
    chosen = file.add("Cast", file.add("NonZero", file.add("MatMul", "x", file.weight(6, 6))), to=TensorProto.FLOAT)
    path = file.write(tmp_path, file.add("ReduceSum", chosen, file.sizes(0, 1)))
    assert total(read_onnx(path)) == 2 * 36
    path = file.write(tmp_path, file.add("MatMul", file.add("Transpose", chosen), file.weight(2, 3)))
    with pytest.raises(InputError, match=r"value 'nonzero1_out': its size cannot be told from the file \(made by NonZ"):
        read_onnx(path)


def test_weights_that_were_left_out_are_counted_by_their_shapes(tmp_path: Path) -> None:
    """A file stripped of its weights has the same FLOPs and bytes."""
    file = File(x=(1, 3, 8, 8))
    convolved = file.add("Conv", "x", file.weight(90, 3, 3, 3), file.weight(90), pads=[1, 1, 1, 1])
    path = file.write(tmp_path, file.add("Gemm", file.add("Flatten", convolved), file.weight(5760, 10)))
    model = onnx.load(path)
    for tensor in model.graph.initializer:
        tensor.ClearField("raw_data")
    onnx.save(model, path)
    network = read_onnx(path)
    assert total(network) == 2 * 64 * 90 * 27 + 2 * 5760 * 10
    assert sum(stage.parameter_bytes for stage in network.stages) == 4 * (90 * 27 + 90 + 57600)


@pytest.mark.parametrize("made_by", ["ConstantOfShape", "Expand", "RandomNormal"])
def test_weights_that_are_made_in_the_graph_are_parameters(made_by: str, tmp_path: Path) -> None:
    """Weights filled in by the graph are held as others are."""
    file = File(x=(1, 100))
    match made_by:
        case "ConstantOfShape":
            weights = file.add(made_by, file.sizes(100, 50))
        case "Expand":
            weights = file.add(made_by, file.weight(1), file.sizes(100, 50))
        case _:
            weights = file.add(made_by, shape=[100, 50])
    network = read_onnx(file.write(tmp_path, file.add("MatMul", "x", weights)))
    assert (total(network), network.stages[-1].parameter_bytes) == (2 * 100 * 50, 4 * 100 * 50)


def test_dequantised_weights_are_held_as_they_are_stored(tmp_path: Path) -> None:
    """Eight-bit weights are one byte, with their scale."""
    file = File(x=(1, 100))
    weights = file.add("DequantizeLinear", file.weight(100, 50, kind=np.int8), file.weight(1))
    network = read_onnx(file.write(tmp_path, file.add("MatMul", "x", weights)))
    assert network.stages[-1].parameter_bytes == 100 * 50 + 4
