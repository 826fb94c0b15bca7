"""ONNX graphs as stages: exits, inputs, and the choice of cuts."""

from __future__ import annotations

from pathlib import Path

import pytest

from serflow_opt.errors import InputError

pytest.importorskip("onnx")

import onnx
from support.onnx_files import File, masked, torch_flops, total

from serflow_opt.profiling.onnx.model import read_onnx


@pytest.mark.parametrize("named", [False, True])
def test_transformer_block_equals_torch(tmp_path: Path, named: bool) -> None:
    """Sizes that the graph computes itself (Shape, Gather, Concat, Reshape) are followed."""
    torch = pytest.importorskip("torch")
    width, heads, length = 12, 3, 7
    layer = torch.nn.TransformerEncoderLayer(width, heads, 2 * width, batch_first=True)
    file = File(x=["N", "T" if named else length, width])
    shape = file.add("Shape", "x")
    rows, columns = (file.add("Gather", shape, file.sizes(axis)) for axis in (0, 1))
    split = file.add("Concat", rows, columns, file.sizes(heads), file.sizes(-1), axis=0)
    joined = file.add("Concat", rows, columns, file.sizes(-1), axis=0)
    q, k, v = (file.add("Reshape", file.add("MatMul", "x", file.weight(width, width)), split) for _ in range(3))
    q, k, v = file.add("Transpose", q, perm=[0, 2, 1, 3]), file.add("Transpose", k, perm=[0, 2, 3, 1]), v
    v = file.add("Transpose", v, perm=[0, 2, 1, 3])
    mixed = file.add("MatMul", file.add("Softmax", file.add("MatMul", q, k)), v)
    mixed = file.add("Reshape", file.add("Transpose", mixed, perm=[0, 2, 1, 3]), joined)
    value = file.add("Add", "x", file.add("MatMul", mixed, file.weight(width, width)))
    value = file.add("LayerNormalization", value, file.weight(width))
    inner = file.add("Relu", file.add("MatMul", value, file.weight(width, 2 * width)))
    value = file.add("Add", value, file.add("MatMul", inner, file.weight(2 * width, width)))
    path = file.write(tmp_path, value)
    found = read_onnx(path, (1, length, width) if named else None)
    assert total(found) == torch_flops(layer, torch.zeros(1, length, width))
    assert found.names == ["layernormalization1"]
    assert [stage.activation_bytes for stage in found.stages] == [4 * length * width] * 2
    if named:
        with pytest.raises(InputError, match=r"input 'x': dimension 2 \(T\) is open; give the shape of the input with"):
            read_onnx(path)


def test_early_exits_are_delivered_where_they_are_made(tmp_path: Path) -> None:
    """An early answer belongs to its stage and does not cross."""
    file = File(x=[1, 8])
    trunk = file.add("Relu", file.add("MatMul", "x", file.weight(8, 6)))
    early = file.add("MatMul", trunk, file.weight(6, 2))
    late = file.add("MatMul", file.add("MatMul", trunk, file.weight(6, 5)), file.weight(5, 2))
    found = read_onnx(file.write(tmp_path, early, late))
    assert found.names == ["relu1", "matmul3"]
    assert [stage.flops for stage in found.stages] == [2 * (48 + 12), 2 * 30, 2 * 10]
    assert [stage.activation_bytes for stage in found.stages] == [24, 20, 8]


def test_inputs_cross_until_they_were_last_read_unless_they_are_fixed(tmp_path: Path) -> None:
    """A mask crosses with the tokens, unless it is called fixed."""
    path = masked(tmp_path)
    found = read_onnx(path, (1, 5, 4))
    assert (found.names, found.input_bytes) == (["add3"], 4 * 5 * (4 + 1))
    assert found.notes == [
        "no cut before inputs tokens, mask were last read; those that never change can be called fixed"
    ]
    found = read_onnx(path, {"tokens": (1, 5, 4)}, fixed=["mask"])
    assert (found.names, found.input_bytes, found.notes) == (["add2", "add3"], 4 * 5 * 4, [])
    assert total(found) == 3 * 2 * 5 * 16


def test_choices_are_those_of_the_graph(tmp_path: Path) -> None:
    """Cuts can be chosen by number and by name, as for other networks."""
    path = masked(tmp_path)
    assert read_onnx(path, (1, 5, 4), fixed=["mask"], most=2).names == ["add2"]
    assert read_onnx(path, (1, 5, 4), fixed=["mask"], at=["matmul2_out"]).names == ["matmul2"]
    with pytest.raises(InputError, match=r"network.onnx: at: no operation is called 'matmul9'; did you mean matmul"):
        read_onnx(path, (1, 5, 4), fixed=["mask"], at=["matmul9"])


@pytest.mark.parametrize("unknown", [-1, "-1", "?", None])
def test_sizes_that_the_file_does_not_know_are_asked_for(unknown: int | str | None, tmp_path: Path) -> None:
    """Some exporters write -1 where a size is open. The first dimension counts as 1: 8 x 8 x 4 x 27 products."""
    file = File(x=(unknown, 3, 8, 8))
    path = file.write(tmp_path, file.add("Conv", "x", file.weight(4, 3, 3, 3), pads=[1, 1, 1, 1]))
    assert total(read_onnx(path)) == 2 * 64 * 4 * 27
    file = File(x=(1, 3, unknown, unknown))
    path = file.write(tmp_path, file.add("Conv", "x", file.weight(4, 3, 3, 3), pads=[1, 1, 1, 1]))
    with pytest.raises(InputError, match="dimension 3 is open") as refused:
        read_onnx(path)
    assert [problem.place for problem in refused.value.problems] == ["input 'x'"] * 2
    assert total(read_onnx(path, (1, 3, 8, 8))) == 2 * 64 * 4 * 27
    assert total(read_onnx(path, (1, 3, 8, 4))) == 2 * 32 * 4 * 27, "two open sizes need not be equal"


def test_sizes_are_read_from_the_file_beside_the_model(tmp_path: Path) -> None:
    """The shape that Reshape is given lies in the external data like everything else."""
    file = File(x=(1, 3, 8, 8))
    flat = file.add("Reshape", file.add("Relu", "x"), file.sizes(1, 192))
    path = file.write(tmp_path, file.add("MatMul", flat, file.weight(192, 10)))
    onnx.save(onnx.load(path), path, save_as_external_data=True, location="w.bin", size_threshold=0)
    assert total(read_onnx(path)) == 2 * 192 * 10
    (tmp_path / "w.bin").unlink()
    with pytest.raises(InputError, match=r"whose values cannot be read \(w.bin\); put the file"):
        read_onnx(path)
