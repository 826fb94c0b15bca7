"""Work and sizes of stages against hand arithmetic, and against the layers the shipped instances were counted from."""

from __future__ import annotations

import warnings

import pytest

pytest.importorskip("torch")

import torch
from torch import Tensor, nn
from torch.nn import functional

from serflow_opt.instances import architectures
from serflow_opt.profiling.measure.counting import count, counter, parameter_bytes
from serflow_opt.profiling.stages.network import MultiExit


class Call(nn.Module):
    """A module made of a function."""

    def __init__(self, function: object) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        """Call it."""
        return self.function(x)  # type: ignore[operator, no-any-return]


class Recurrent(nn.Module):
    """The outputs of a recurrent layer, without its last state."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        """Return the outputs."""
        return self.layer(x)[0]  # type: ignore[no-any-return]


def flops_of(module: nn.Module, example: Tensor) -> float:
    (stage,) = count(MultiExit([module]), example).stages
    return stage.flops


def conv_stage(channels: int, filters: int, pool: bool) -> nn.Module:
    layers = [nn.Conv2d(channels, filters, 3, padding=1), nn.BatchNorm2d(filters), nn.ReLU()]
    return nn.Sequential(*layers, *([nn.MaxPool2d(2)] if pool else []))


def test_vgg16_equals_the_layers_the_shipped_instance_was_counted_from() -> None:
    """Counting the network gives the layers that were counted by hand."""
    filters = [64, 64, 128, 128, 256, 256, 256, 512, 512, 512, 512, 512, 512]
    stages = [
        conv_stage(channels, wide, number in {2, 4, 7, 10, 13})
        for number, (channels, wide) in enumerate(zip([3, *filters], filters, strict=False), start=1)
    ]
    network = MultiExit([*stages, nn.Sequential(nn.Flatten(), nn.Linear(512, 10))])
    found = count(network, torch.zeros(1, 3, 32, 32))
    rows = [stage.row(number) for number, stage in enumerate(architectures.vgg16_cifar10(), start=1)]
    # batch normalisation also counts its batches: one 8-byte number, which the rows leave out
    counts = [8] * 13 + [0]
    assert [[number, s.flops, s.activation_bytes, s.parameter_bytes] for number, s in enumerate(found.stages, 1)] == [
        [number, flops, activation, parameters + more]
        for (number, flops, activation, parameters), more in zip(rows, counts, strict=True)
    ]
    assert found.input_bytes == 3 * 32 * 32 * 4
    assert found.uncounted == []


def test_a_classifier_counts_with_its_stage_and_logits_are_what_is_handed_on_last() -> None:
    """An exit's work and weights are its stage's, and the last hand-over is the logits."""
    trunk = [nn.Linear(6, 5), nn.Linear(5, 4)]
    found = count(MultiExit(trunk, {1: nn.Linear(5, 3), 2: nn.Linear(4, 2)}), torch.zeros(7, 6))
    first, last = found.stages
    assert (first.flops, first.activation_bytes) == (2 * (6 * 5 + 5 * 3), 4 * 5)
    assert first.parameter_bytes == 4 * (6 * 5 + 5 + 5 * 3 + 3)
    assert (last.flops, last.activation_bytes) == (2 * (5 * 4 + 4 * 2), 4 * 2)
    assert last.parameter_bytes == 4 * (5 * 4 + 4 + 4 * 2 + 2)
    assert found.input_bytes == 4 * 6


def test_element_sizes_buffers_and_shared_tensors() -> None:
    """Half precision is two bytes, buffers count, and a tensor used twice counts once."""
    linear = nn.Linear(4, 4).half()
    linear.register_buffer("mask", torch.zeros(3, dtype=torch.int64), persistent=False)
    assert parameter_bytes(nn.Sequential(linear, nn.ReLU(), linear), linear) == 2 * (16 + 4) + 8 * 3
    (stage,) = count(MultiExit([nn.Sequential(linear, linear)]), torch.zeros(2, 4, dtype=torch.float16)).stages
    assert (stage.flops, stage.activation_bytes) == (2 * 2 * 16, 2 * 4)


def test_training_mode_and_statistics_stay_as_they_were() -> None:
    """Counting changes neither mode nor running means."""
    network = MultiExit([nn.Sequential(nn.BatchNorm1d(3), nn.Dropout()), nn.Linear(3, 2)])
    network.stages[1].eval()
    count(network, torch.ones(4, 3))
    assert network.training
    assert network.stages[0][1].training
    assert not network.stages[1].training
    assert int(network.stages[0][0].num_batches_tracked) == 0


WIDTH, HEADS, LENGTH, INNER = 16, 4, 5, 32
ATTENTION = 2 * (4 * LENGTH * WIDTH**2 + 2 * LENGTH**2 * WIDTH)
FEED_FORWARD = 2 * 2 * LENGTH * WIDTH * INNER


@pytest.mark.parametrize("weights", [True, False])
def test_attention_counts_in_evaluation_mode(weights: bool) -> None:
    """Fused attention is counted as its matrix products."""
    attention = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True)
    module = Call(lambda x: attention(x, x, x, need_weights=weights)[0])
    assert flops_of(module, torch.zeros(2, LENGTH, WIDTH)) == ATTENTION


def test_transformer_layers_count_in_evaluation_mode() -> None:
    """The fast path of PyTorch hides no work from the count, and is on again afterwards."""
    layer = nn.TransformerEncoderLayer(WIDTH, HEADS, INNER, batch_first=True)
    example = torch.zeros(2, LENGTH, WIDTH)
    assert flops_of(layer, example) == ATTENTION + FEED_FORWARD
    encoder = nn.TransformerEncoder(layer, 3)
    assert flops_of(encoder, example) == 3 * (ATTENTION + FEED_FORWARD)
    assert torch.backends.mha.get_fastpath_enabled()


@pytest.mark.parametrize("causal", [True, False])
def test_scaled_dot_product_attention_counts_queries_by_keys_and_by_values(causal: bool) -> None:
    """Attention is two products of length by length by width, causal or not."""
    module = Call(lambda x: functional.scaled_dot_product_attention(x, x, x, is_causal=causal))
    assert flops_of(module, torch.zeros(2, HEADS, LENGTH, 8)) == 2 * 2 * HEADS * LENGTH**2 * 8


@pytest.mark.parametrize(("layer", "gates"), [(nn.LSTM, 4), (nn.GRU, 3), (nn.RNN, 1)])
def test_recurrent_layers_count_every_step(layer: type[nn.Module], gates: int) -> None:
    """Recurrent layers count gates by steps by directions."""
    wide, hidden = 6, 8
    module = Recurrent(layer(wide, hidden, num_layers=2, bidirectional=True, batch_first=True))  # type: ignore[call-arg]
    one_step = 2 * gates * hidden * ((wide + hidden) + (2 * hidden + hidden))
    assert flops_of(module, torch.zeros(3, LENGTH, wide)) == 2 * LENGTH * one_step


def test_products_with_one_vector_count() -> None:
    """Products with a vector and dot products are counted, too."""
    with counter() as work:
        torch.zeros(3, 4) @ torch.zeros(4)
        torch.addmv(torch.zeros(3), torch.zeros(3, 4), torch.zeros(4))
        torch.dot(torch.zeros(4), torch.zeros(4))
    assert work.flops == 2 * (12 + 12 + 4)


def test_transposed_and_grouped_convolutions_and_einsum() -> None:
    """Groups, transposed convolutions and sums by Einstein's convention count as by hand."""
    assert flops_of(nn.ConvTranspose2d(3, 4, 3, stride=2), torch.zeros(2, 3, 5, 5)) == 2 * 25 * 3 * 4 * 9
    assert flops_of(nn.Conv2d(8, 8, 3, groups=4), torch.zeros(2, 8, 6, 6)) == 2 * 16 * 8 * 2 * 9
    assert flops_of(Call(lambda x: torch.einsum("bij,bkj->bik", x, x)), torch.zeros(2, 3, 7)) == 2 * 9 * 7


def test_work_that_cannot_be_counted_is_named() -> None:
    """What is not counted is named with its stage instead of passing as nothing."""
    distances = Call(lambda x: torch.cdist(x, x))
    spectrum = Call(lambda x: torch.fft.rfft(x).real)
    pools = nn.Sequential(nn.AvgPool1d(2), nn.Softmax(1), nn.LayerNorm(1), nn.Upsample(2))
    found = count(MultiExit([distances, pools, spectrum]), torch.rand(2, 3, 3))
    assert found.uncounted == ["stage 1: aten._cdist_forward", "stage 3: aten._fft_r2c"]


def test_counting_is_quiet_and_exact_for_any_batch() -> None:
    """FLOPs are of one request, whatever batch they are counted on."""
    network = MultiExit([nn.Linear(3, 3)])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        counts = [count(network, torch.zeros(batch, 3)).stages[0].flops for batch in (1, 3, 7)]
    assert counts == [18, 18, 18]
