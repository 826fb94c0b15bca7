"""ONNX graphs built by hand: their FLOPs against PyTorch's count of the same network, their sizes by arithmetic."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx")

import onnx
from onnx import TensorProto
from onnx.helper import make_graph, make_model, make_node, make_opsetid, make_tensor, make_tensor_value_info
from onnx.numpy_helper import from_array

from serflow_opt.errors import InputError
from serflow_opt.profiling.onnx.flops import flops
from serflow_opt.profiling.onnx.model import OnnxNetwork, read_onnx

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


@pytest.mark.parametrize("seed", range(5))
def test_convolutions_with_pooling_equal_torch(tmp_path: Path, seed: int) -> None:
    """Random convolutional graphs have the FLOPs and bytes that PyTorch has."""
    torch = pytest.importorskip("torch")
    nn = torch.nn
    draw = random.Random(seed)
    file = File(x=["N", 4, 24, 24])
    layers: list[object] = []
    value, channels = "x", 4
    handed_on, size = [], 24
    for number in range(4):
        wide, kernel, groups, stride = (
            draw.choice([4, 8]),
            draw.choice([1, 3]),
            draw.choice([1, 2]),
            draw.choice([1, 2]),
        )
        layers += [nn.Conv2d(channels, wide, kernel, stride, kernel // 2, groups=groups), nn.ReLU()]
        weight, bias = file.weight(wide, channels // groups, kernel, kernel), file.weight(wide)
        pads = [kernel // 2] * 4
        value = file.add("Conv", value, weight, bias, pads=pads, strides=[stride, stride], group=groups)
        value = file.add("Relu", value)
        size = (size - 1) // stride + 1
        if number % 2:
            layers.append(nn.MaxPool2d(2))
            value = file.add("MaxPool", value, kernel_shape=[2, 2], strides=[2, 2])
            size //= 2
        handed_on.append(4 * wide * size**2)
        channels = wide
    layers += [nn.Flatten(), nn.Linear(channels * size**2, 10)]
    value = file.add("Flatten", value)
    value = file.add("Gemm", value, file.weight(10, channels * size**2), file.weight(10), transB=1)
    found = read_onnx(file.write(tmp_path, value))
    model = nn.Sequential(*layers)
    assert total(found) == torch_flops(model, torch.zeros(1, 4, 24, 24))
    assert [stage.activation_bytes for stage in found.stages] == [*handed_on, 40]
    assert sum(stage.parameter_bytes for stage in found.stages) == 4 * sum(p.numel() for p in model.parameters())
    assert found.names == ["relu1", "maxpool1", "relu3", "flatten1"]
    assert found.input_bytes == 4 * 4 * 24 * 24
    assert (found.uncounted, found.notes) == ([], [])


@pytest.mark.parametrize("seed", range(3))
def test_residual_blocks_and_transposed_convolutions_equal_torch(tmp_path: Path, seed: int) -> None:
    """Residual blocks and transposed convolutions have PyTorch's FLOPs and are cut between blocks."""
    torch = pytest.importorskip("torch")
    nn = torch.nn
    draw = random.Random(seed)
    channels, size = draw.choice([2, 4, 6]), draw.randint(5, 9)

    class Model(nn.Module):  # type: ignore[name-defined, misc]
        def __init__(self) -> None:
            super().__init__()
            self.stem = nn.Conv2d(3, channels, 3, padding=1)
            self.first, self.second = (nn.Conv2d(channels, channels, 3, padding=1) for _ in range(2))
            self.up = nn.ConvTranspose2d(channels, 4, 3, stride=2, groups=2)

        def forward(self, x: object) -> object:
            x = self.stem(x)
            return self.up(x + self.second(self.first(x).relu()))

    file = File(x=[1, 3, size, size])
    stem = file.add("Conv", "x", file.weight(channels, 3, 3, 3), file.weight(channels), pads=[1] * 4)
    inner = file.add("Relu", file.add("Conv", stem, file.weight(channels, channels, 3, 3), "", pads=[1] * 4))
    inner = file.add("Conv", inner, file.weight(channels, channels, 3, 3), pads=[1] * 4)
    value = file.add("Add", stem, inner)
    value = file.add("ConvTranspose", value, file.weight(channels, 2, 3, 3), strides=[2, 2], group=2)
    found = read_onnx(file.write(tmp_path, value))
    assert total(found) == torch_flops(Model(), torch.zeros(1, 3, size, size))
    assert found.names == ["conv1", "add1"]


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


@pytest.mark.parametrize(("kind", "gates"), [("LSTM", 4), ("GRU", 3), ("RNN", 1)])
def test_recurrent_layers_equal_torch(tmp_path: Path, kind: str, gates: int) -> None:
    """Recurrent layers of ONNX have PyTorch's FLOPs."""
    torch = pytest.importorskip("torch")
    wide, hidden, length = 6, 5, 4
    file = File(x=[length, 1, wide])
    weights = file.weight(2, gates * hidden, wide), file.weight(2, gates * hidden, hidden)
    value = file.add(kind, "x", *weights, outputs=2, hidden_size=hidden, direction="bidirectional")
    found = read_onnx(file.write(tmp_path, value))
    layer = getattr(torch.nn, kind)(wide, hidden, bidirectional=True)
    assert total(found) == torch_flops(layer, torch.zeros(length, 1, wide))
    assert found.notes == [f"a request is one run on x {length}x1x{wide}"]


SHAPES = {
    "q": (2, 3, 5, 8),
    "k": (2, 3, 7, 8),
    "v": (2, 3, 7, 4),
    "past": (2, 3, 10, 8),
    "q3": (2, 5, 24),
    "k3": (2, 7, 8),
    "v3": (2, 7, 4),
    "a": (2, 5, 6),
    "b": (2, 6, 7),
    "row": (6,),
    "y": (2, 5, 7),
    "image": (1, 4, 9, 9),
    "filters": (8, 2, 3, 3),
    "out": (1, 8, 7, 7),
}


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (make_node("MatMul", ["a", "b"], ["y"]), 2 * 2 * 5 * 7 * 6),
        (make_node("MatMulInteger", ["a", "b"], ["y"]), 2 * 2 * 5 * 7 * 6),
        (make_node("QLinearMatMul", ["a", "s", "z", "b", "s", "z", "s", "z"], ["y"]), 2 * 2 * 5 * 7 * 6),
        (make_node("Conv", ["image", "filters"], ["out"], group=2), 2 * 8 * 49 * 2 * 9),
        (make_node("ConvInteger", ["image", "filters"], ["out"], group=2), 2 * 8 * 49 * 2 * 9),
        (make_node("QLinearConv", ["image", "s", "z", "filters", "s", "z", "s", "z"], ["out"]), 2 * 8 * 49 * 2 * 9),
        (make_node("Attention", ["q", "k", "v"], ["y"]), 2 * 2 * 3 * 5 * 7 * (8 + 4)),
        (make_node("Attention", ["q", "k", "v", "", "past"], ["y"]), 2 * 2 * 3 * 5 * 17 * (8 + 4)),
        (
            make_node("Attention", ["q3", "k3", "v3"], ["y"], q_num_heads=3, kv_num_heads=1),
            2 * 2 * 3 * 5 * 7 * (8 + 4),
        ),
        (make_node("Einsum", ["a", "b"], ["y"], equation="bij, bjk -> bik"), 2 * 2 * 5 * 7 * 6),
        (make_node("Einsum", ["a", "row"], ["y"], equation="bij,j->b"), 2 * 2 * 6),  # sums over i first
        (make_node("Einsum", ["a"], ["y"], equation="bij->bji"), 0),
        (make_node("Einsum", ["a", "b", "b"], ["y"], equation="bij,bjk,bjk->bik"), None),
        (make_node("Einsum", ["a", "b"], ["y"], equation="...ij,...jk->...ik"), None),
        (make_node("Relu", ["unknown"], ["y"]), 0),
        (make_node("DFT", ["unknown"], ["y"]), None),
        (make_node("FusedConv", ["unknown"], ["y"], domain="com.microsoft"), None),
    ],
)
def test_formulas(node: onnx.NodeProto, expected: int | None) -> None:
    """Each operator's FLOPs are those of its formula by hand."""
    assert flops(node, SHAPES.__getitem__) == expected


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


def masked(folder: Path) -> Path:
    """Three layers that all add a mask to what they read."""
    file = File(tokens=["N", "T", 4], mask=["N", "T", 1])
    value, mask = "tokens", file.add("Mul", "mask", file.weight())
    for _ in range(3):
        value = file.add("MatMul", file.add("Add", value, mask), file.weight(4, 4))
    return file.write(folder, value)


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


def test_sizes_that_depend_on_values_are_refused_where_work_depends_on_them(tmp_path: Path) -> None:
    """Work whose size hangs on values cannot be counted, and is not guessed."""
    file = File(x=[1, 6])
    chosen = file.add("Cast", file.add("NonZero", file.add("MatMul", "x", file.weight(6, 6))), to=TensorProto.FLOAT)
    path = file.write(tmp_path, file.add("ReduceSum", chosen, file.sizes(0, 1)))
    assert total(read_onnx(path)) == 2 * 36
    path = file.write(tmp_path, file.add("MatMul", file.add("Transpose", chosen), file.weight(2, 3)))
    with pytest.raises(InputError, match=r"value 'nonzero1_out': its size cannot be told from the file \(made by NonZ"):
        read_onnx(path)


def test_work_without_a_formula_is_named(tmp_path: Path) -> None:
    """Work inside branches is named as not counted."""
    file = File(x=[1, 6])
    value = file.add("MatMul", "x", file.weight(6, 6))
    body = make_graph(
        [make_node("MatMul", [value, "w0"], ["inside"])],
        "body",
        [],
        [make_tensor_value_info("inside", TensorProto.FLOAT, None)],
    )
    harmless = make_graph(
        [make_node("Neg", [value], ["other"])], "body", [], [make_tensor_value_info("other", TensorProto.FLOAT, None)]
    )
    held = from_array(np.array(True), "yes")
    file.held.append(held)
    file.add("If", "yes", then_branch=body, else_branch=harmless)
    path = file.write(tmp_path, file.add("MatMul", "if1_out", file.weight(6, 2)))
    found = read_onnx(path)
    assert found.uncounted == ["if1 (If)"]
    assert found.names == ["if1"]  # the bodies' reading of what is around them counts
    assert total(found) == 2 * (36 + 12)


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
