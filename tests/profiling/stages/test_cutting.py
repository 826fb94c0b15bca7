"""Models cut at what one tensor crosses: the stages' output equals the model's, weights are shared, sizes are known."""

from __future__ import annotations

import copy

import pytest

pytest.importorskip("torch")

import torch
from torch import Tensor, nn
from torch.nn import functional

from serflow_opt.errors import InputError
from serflow_opt.profiling.measure.counting import count, counter
from serflow_opt.profiling.stages.cutting import Pieces, cut
from serflow_opt.profiling.stages.network import MultiExit

KIB = 1024


def vgg16() -> nn.Module:
    layers: list[nn.Module] = []
    channels = 3
    for wide in [64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0]:
        if wide:
            layers += [nn.Conv2d(channels, wide, 3, padding=1), nn.BatchNorm2d(wide), nn.ReLU(inplace=True)]
            channels = wide
        else:
            layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, nn.Flatten(), nn.Dropout(), nn.Linear(512, 10))


class Block(nn.Module):
    """Two convolutions and a shortcut."""

    def __init__(self, channels: int, filters: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(channels, filters, 3, padding=1)
        self.norm = nn.BatchNorm2d(filters)
        self.second = nn.Conv2d(filters, filters, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)
        self.shortcut = nn.Conv2d(channels, filters, 1) if channels != filters else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        y = self.relu(self.norm(self.first(x)))
        return self.relu(self.second(y) + self.shortcut(x))  # type: ignore[no-any-return]


class Residual(nn.Module):
    """Two blocks, branches that are put side by side, dropout, and a shape that is asked for early and used late."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.Sequential(Block(3, 8), Block(8, 8))
        self.left, self.right = nn.Conv2d(8, 2, 1), nn.Conv2d(8, 4, 3, padding=1)
        self.fc = nn.Linear(6, 5)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        batch, *_ = x.shape[0], x.shape[1]
        x = self.blocks(x)
        x = torch.cat([self.left(x), self.right(x)], dim=1)
        if mask is not None:
            x = x * mask
        x = functional.dropout(x.mean((2, 3)).view(batch, -1), training=self.training)
        return self.fc(x)  # type: ignore[no-any-return]


class Layer(nn.Module):
    """A transformer layer with fused attention."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.inner = nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Dropout(0.5), nn.Linear(2 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(batch, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4).unbind(0)
        y = functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(batch, length, width)
        x = x + self.out(y)
        return x + self.inner(self.norm2(x))  # type: ignore[no-any-return]


class Transformer(nn.Module):
    """Token and position embeddings, a class token, layers (maybe one layer used twice), and a head."""

    def __init__(self, shared: bool = False) -> None:
        super().__init__()
        self.tokens = nn.Embedding(50, 16)
        self.positions = nn.Parameter(torch.randn(1, 32, 16))
        self.first = nn.Parameter(torch.randn(1, 1, 16))
        self.register_buffer("scale", torch.rand(16))
        self.layers = nn.ModuleList([Layer(16, 4)] * 2 if shared else [Layer(16, 4), Layer(16, 4)])
        self.head = nn.Linear(16, 3)

    def forward(self, x: Tensor) -> Tensor:
        batch, length = x.shape
        x = self.tokens(x) + self.positions[:, :length]
        x = torch.cat([self.first.expand(batch, -1, -1), x], dim=1)
        for layer in self.layers:
            x = layer(x) * self.scale + length
        return self.head(x[:, 0].reshape(batch, -1))  # type: ignore[no-any-return]


class Opaque(nn.Module):
    """Asks for the values of its input: no tracer can see through."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc(x) if x.sum() > 0 else self.fc(-x)  # type: ignore[no-any-return]


class AsksForShape(nn.Module):
    """Control flow on a shape: torch.fx cannot, torch.export can."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Tensor:
        return self.inner(x if x.shape[1] > 1 else -x)  # type: ignore[no-any-return]


def through(pieces: Pieces, x: Tensor) -> Tensor:
    with torch.no_grad():
        for stage in pieces.stages:
            x = stage(x)
    return x


def check(model: nn.Module, example: Tensor, **choice: object) -> Pieces:
    """Cut, and assert what must hold of any cut."""
    torch.manual_seed(1)
    pieces = cut(model, example, **choice)  # type: ignore[arg-type]
    with torch.no_grad():
        for batch in (example, example[:1], torch.cat([example] * 3)):
            assert torch.equal(through(pieces, batch.clone()), model(batch.clone()))
    held = {id(parameter) for stage in pieces.stages for parameter in stage.parameters()}
    assert held == {id(parameter) for parameter in model.parameters()}
    with counter() as work:
        model(example)
    stages = count(MultiExit(pieces.stages), example).stages
    assert sum(stage.flops for stage in stages) == work.flops / len(example)
    if len(stages) > 1:
        assert all(stage.flops for stage in stages)
    again = cut(model, example, at=pieces.names)
    assert again.names == pieces.names
    return pieces


def test_vgg16_gives_the_figures_that_are_known() -> None:
    """Cut by itself, VGG-16 has the operations and bytes of its literature."""
    pieces = cut(vgg16(), torch.rand(1, 3, 32, 32))
    found = count(MultiExit(pieces.stages), torch.rand(1, 3, 32, 32)).stages
    kib = [256, 64, 128, 32, 64, 64, 16, 32, 32, 8, 8, 8, 2]
    assert [stage.activation_bytes / KIB for stage in found] == [*kib, 10 * 4 / KIB]
    mega = [3.5, 75.5, 37.7, 75.5, 37.7, 75.5, 75.5, 37.7, 75.5, 75.5, 18.9, 18.9, 18.9, 0.0]
    assert [round(stage.flops / 1e6, 1) for stage in found] == mega
    assert pieces.traced_by == "torch.fx"


def test_residual_blocks_are_cut_between_and_not_inside() -> None:
    """Inside a residual block two tensors cross: no stage ends there."""
    pieces = check(Residual(), torch.rand(4, 3, 8, 8))
    assert len(pieces.stages) == 4
    assert pieces.names[:2] == ["blocks.0", "blocks.1"]


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("batch", [1, 3])
def test_transformers(shared: bool, batch: int) -> None:
    """Transformers are cut between attention and inner layers, with and without shared weights."""
    pieces = check(Transformer(shared), torch.randint(0, 50, (batch, 7)))
    assert len(pieces.stages) == 5  # attention, inner, attention, inner, head
    pieces = check(Transformer(shared), torch.randint(0, 50, (batch, 7)), most=2)
    assert len(pieces.stages) == 2


def test_encoders_of_torch_are_cut_between_their_layers() -> None:
    """The encoder of PyTorch is cut at its layers by their names."""
    layer = nn.TransformerEncoderLayer(16, 4, 32, batch_first=True)
    model = nn.Sequential(nn.TransformerEncoder(layer, 3), nn.Flatten(), nn.Linear(80, 2))
    pieces = check(model, torch.rand(2, 5, 16))
    assert pieces.names == ["0.layers.0", "0.layers.1", "1"]


def test_a_module_used_twice_is_shared_by_its_stages() -> None:
    """Weights used in several stages are the same tensors in each."""
    linear = nn.Linear(4, 4)
    pieces = check(nn.Sequential(linear, nn.ReLU(), linear, nn.ReLU(), linear), torch.rand(2, 4))
    assert [len(list(stage.parameters())) for stage in pieces.stages] == [2, 2, 2]


def test_recurrent_layers_and_work_in_place() -> None:
    """Stages of recurrent layers and of operations in place compute what the model does."""

    class Sequence(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.before, self.after = nn.Linear(4, 4), nn.Linear(6, 2)
            self.layer = nn.LSTM(4, 6, batch_first=True)

        def forward(self, x: Tensor) -> Tensor:
            x += 1
            x = self.before(x)
            x -= 1
            x.relu_()
            return self.after(self.layer(x)[0][:, -1])  # type: ignore[no-any-return]

    assert len(check(Sequence(), torch.rand(2, 5, 4)).stages) == 3


def test_export_where_symbolic_tracing_fails() -> None:
    """Where tracing by symbols fails, exporting takes its place, with the same names."""
    pieces = check(AsksForShape(Residual()), torch.rand(2, 3, 8, 8))
    assert pieces.traced_by == "torch.export"
    assert pieces.names[:2] == ["inner.blocks.0", "inner.blocks.1"]


def test_a_module_nobody_can_see_through_stays_whole() -> None:
    """A module that cannot be traced is one stage, not a failure."""
    pieces = check(nn.Sequential(nn.Linear(4, 4), nn.ReLU(), Opaque(), nn.Linear(4, 4)), torch.rand(2, 4))
    assert pieces.traced_by == "torch.fx with some modules whole"
    assert pieces.names == ["1", "2"]


def test_what_grows_with_the_batch_twice_is_not_handed_on() -> None:
    """A tensor that mixes requests of a batch cannot be handed on for one."""

    class Neighbours(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.before, self.after = nn.Linear(4, 4), nn.Linear(4, 2)

        def forward(self, x: Tensor) -> Tensor:
            x = self.before(x)
            return self.after((x @ x.T) @ torch.ones(x.shape[0], 4))  # type: ignore[no-any-return]

    pieces = cut(Neighbours(), torch.rand(2, 4))
    assert "before" in pieces.names
    assert "matmul" not in pieces.names


def test_a_scalar_taken_from_values_is_no_size() -> None:
    """A number read from a tensor crosses a cut as data, or there is no cut."""

    class Scaled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second, self.third = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 4)

        def forward(self, x: Tensor) -> Tensor:
            largest = x.max().item()
            return self.third(self.second(self.first(x)) / largest)  # type: ignore[no-any-return]

    torch.manual_seed(0)
    model, other = Scaled(), 3 + torch.rand(2, 4)
    pieces = cut(model, torch.rand(1, 4))
    assert len(pieces.stages) == 2
    with torch.no_grad():
        assert torch.equal(through(pieces, other), model(other))


def test_stages_learn_and_can_be_copied() -> None:
    """Stages train the model's own weights, and a copy is apart."""
    model = Residual()
    pieces = cut(model, torch.rand(2, 3, 8, 8))
    twin = copy.deepcopy(MultiExit(pieces.stages))
    loss = MultiExit(pieces.stages)(torch.rand(2, 3, 8, 8))[0].sum()
    loss.backward()
    assert model.blocks[0].first.weight.grad is not None
    assert all(parameter.grad is None for parameter in twin.parameters())


def test_a_model_that_cannot_be_cut_is_refused_with_the_reasons() -> None:
    """Each tracer's reason is told, and so are inputs and answers that do not fit."""
    with pytest.raises(InputError, match=r"net.py: cannot be cut \(torch.fx: .*control flow.*torch.export: "):
        cut(Opaque(), torch.rand(2, 4), source="net.py")
    with pytest.raises(InputError, match=r"does not run on an input of shape \(2, 5\)"):
        cut(nn.Linear(4, 4), torch.rand(1, 5))
    with pytest.raises(InputError, match=r"returns tuple for an input of shape \(2, 3, 4\)"):
        cut(nn.LSTM(4, 4), torch.rand(1, 3, 4))
    with pytest.raises(InputError, match=r"returns a tensor of shape \(\) for"):
        cut(nn.Sequential(nn.Linear(4, 4), nn.Flatten(0), nn.Softmax(0), Total()), torch.rand(1, 4))


class Total(nn.Module):
    """One number for the whole batch."""

    def forward(self, x: Tensor) -> Tensor:
        return x.sum()


def test_a_place_where_more_crosses_is_refused_with_what_can_be_cut() -> None:
    """A cut that is asked for and impossible is answered with those that are possible."""
    with pytest.raises(InputError) as caught:
        cut(Residual(), torch.rand(1, 3, 8, 8), at=["blocks.0.norm", "blocks.2", "fc"], source="net.py")
    first, second, third = map(str, caught.value.problems)
    assert first.startswith("net.py: at: not exactly one tensor that can be handed on crosses after 'blocks.0.norm'; ")
    assert "blocks.0" in first
    assert second == "net.py: at: no operation is called 'blocks.2'; did you mean blocks.1 or blocks.0 or blocks?"
    assert third.startswith("net.py: at: nothing comes after 'fc'; one tensor crosses after: ")
