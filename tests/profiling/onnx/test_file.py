"""ONNX files: inputs that are open, operators that are unknown, and files that are no model."""

from __future__ import annotations

from pathlib import Path

import pytest

from serflow_opt.errors import InputError

pytest.importorskip("onnx")

import onnx
from onnx import TensorProto
from onnx.helper import make_tensor_value_info
from support.onnx_files import File, masked, total

from serflow_opt.profiling.onnx.model import read_onnx


def test_shapes_that_do_not_fit_are_all_named(tmp_path: Path) -> None:
    """Shapes given wrongly are told with what the file says."""
    path = masked(tmp_path)
    cases = {
        "input 'tokens': 1x5x3; the file says NxTx4": {"input_shape": (1, 5, 3)},
        "input 'tokens': 5x4; the file says NxTx4": {"input_shape": (5, 4)},
        "input 'mask': 1x6x1; the file says NxTx1": {"input_shape": {"tokens": (1, 5, 4), "mask": (1, 6, 1)}},
        "--input: there is no input 'ids'; known: tokens, mask": {"input_shape": {"ids": (1, 2)}},
        "--input: there is no input 'masc'; did you mean mask?": {"fixed": ["masc"]},
        "input 'mask': dimension 2 (T) is open; give the shape of the input with --input": {},
    }
    for message, arguments in cases.items():
        with pytest.raises(InputError) as caught:
            read_onnx(path, **arguments)  # type: ignore[arg-type]
        assert message in str(caught.value)
    file = File(x=[2, 6])
    file.add("Relu", file.add("MatMul", "x", file.weight(5, 5)))
    with pytest.raises(InputError, match=r"value 'matmul1_out': MatMul does not fit its inputs \(.*ncompatible dim"):
        read_onnx(file.write(tmp_path, "relu1_out"))


def test_an_input_without_shape_needs_one(tmp_path: Path) -> None:
    """A file that leaves its shape open asks for it."""
    file = File(x=[1])
    file.inputs[0].type.tensor_type.ClearField("shape")
    path = file.write(tmp_path, file.add("MatMul", "x", file.weight(5, 3)))
    with pytest.raises(InputError, match=r"input 'x': its shape is unknown; give the shape of the input with --input"):
        read_onnx(path)
    assert total(read_onnx(path, (4, 5))) == 2 * 4 * 5 * 3


def test_operators_that_onnx_does_not_define_are_named(tmp_path: Path) -> None:
    """Operators of a vendor are refused, or named where their shapes are given."""
    file = File(x=[1, 6])
    value = file.add("FusedGelu", file.add("MatMul", "x", file.weight(6, 6)), domain="com.microsoft")
    with pytest.raises(InputError, match=r"FusedGelu of com.microsoft is no operator of ONNX; take the file from bef"):
        read_onnx(file.write(tmp_path, value))
    path = file.write(tmp_path, value)
    model = onnx.load(path)
    model.graph.value_info.append(make_tensor_value_info(value, TensorProto.FLOAT, ["N", 6]))
    model.graph.output[0].CopyFrom(make_tensor_value_info(value, TensorProto.FLOAT, [1, 6]))
    onnx.save(model, path)
    assert read_onnx(path).uncounted == ["fusedgelu1 (FusedGelu)"]


def test_weights_in_another_file_need_not_be_there(tmp_path: Path) -> None:
    """Counting needs the sizes of weights, not the weights."""
    file = File(x=[1, 64])
    path = file.write(tmp_path, file.add("MatMul", "x", file.weight(64, 64)))
    model = onnx.load(path)
    onnx.save(model, path, save_as_external_data=True, location="weights.bin", size_threshold=0)
    (tmp_path / "weights.bin").unlink()
    (stage,) = read_onnx(path).stages
    assert (stage.flops, stage.parameter_bytes) == (2 * 64**2, 4 * 64**2)


def test_files_that_are_no_model(tmp_path: Path) -> None:
    """Any other file is refused in words."""
    path = tmp_path / "network.onnx"
    for content in (b"", b"no model", bytes(range(256))):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"network.onnx: is no ONNX model"):
            read_onnx(path)
    with pytest.raises(InputError, match=r"absent.onnx: cannot be read \(No such file or directory\)"):
        read_onnx(tmp_path / "absent.onnx")
    with pytest.raises(InputError, match=r"cannot be read \(Is a directory\)"):
        read_onnx(tmp_path)
    file = File(x=[1, 6])
    file.add("Relu", "later")
    with pytest.raises(InputError) as caught:
        read_onnx(file.write(tmp_path, "relu1_out", "nowhere"))
    assert [problem.found for problem in caught.value.problems] == [
        "Relu reads it, but no operation before makes it",
        "no operation makes it",
    ]
