"""FLOPs of ONNX graphs: formulas by hand, and PyTorch's count of the same networks."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx")

import onnx
from onnx import TensorProto
from onnx.helper import make_graph, make_node, make_tensor_value_info
from onnx.numpy_helper import from_array
from support.onnx_files import File, torch_flops, total

from serflow_opt.profiling.onnx.flops import flops
from serflow_opt.profiling.onnx.model import read_onnx


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
