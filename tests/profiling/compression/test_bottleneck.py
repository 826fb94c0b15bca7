"""Bottlenecks against activations of known rank, and operations counted by hand."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

import torch
from torch import nn

from serflow_opt.profiling.compression.bottleneck import Bottleneck, train_bottleneck, widths_for
from serflow_opt.profiling.data.parts import Labelled
from serflow_opt.profiling.stages.network import MultiExit


def network(stages: list[nn.Module]) -> MultiExit:
    return MultiExit(stages).eval()


def low_rank(rows: int, width: int, rank: int) -> torch.Tensor:
    torch.manual_seed(1)
    return torch.randn(rows, rank) @ torch.randn(rank, width) + torch.randn(width)


@pytest.mark.parametrize(
    ("shape", "kept"),
    [
        ((16, 7, 7), [8, 4, 2]),
        ((10, 6), [3, 2, 1]),  # channels of a sequence come last; 1.5 and 0.75 are rounded
        ((3,), [2, 1]),  # 1.5, 0.75 and 0.375: at least one, none twice
        ((1, 28, 28), []),  # one channel cannot be fewer
        ((2, 3, 4, 5), []),  # not a shape this knows
    ],
)
def test_channels_kept(shape: tuple[int, ...], kept: list[int]) -> None:
    """Shares of channels are rounded to whole ones: at least one, none twice, never all."""
    assert widths_for(shape, (0.5, 0.25, 0.125)) == kept


@pytest.mark.parametrize("width", [2, 5])
def test_activations_of_rank_two_cross_two_channels_or_all_unharmed(width: int) -> None:
    """What has rank two passes through two channels without loss."""
    data = Labelled(low_rank(60, 5, rank=2), torch.arange(60) % 3)
    code = train_bottleneck(network([nn.Linear(5, 3)]), 0, data, width, epochs=0)
    assert torch.allclose(code(data.inputs), data.inputs, atol=1e-4)


def test_images_and_sequences_mix_channels_only() -> None:
    """A bottleneck mixes channels, not places: pictures and sequences of rank two pass."""
    images = low_rank(4 * 3 * 3, 5, rank=2).reshape(4, 3, 3, 5)
    sequences = images.reshape(4, 9, 5)
    for inputs in (images.movedim(3, 1), sequences):
        head = nn.Sequential(nn.Flatten(), nn.Linear(45, 2))
        code = train_bottleneck(network([head]), 0, Labelled(inputs, torch.tensor([0, 1, 0, 1])), 2, epochs=0)
        assert torch.allclose(code(inputs), inputs, atol=1e-4)


def test_training_goes_on_from_there_and_learns() -> None:
    """Channel 0 hardly varies and is all the classifier reads: principal components miss it, training finds it."""
    torch.manual_seed(2)
    labels = torch.arange(200) % 2
    inputs = torch.stack([labels * 0.6 - 0.3, torch.randn(200), torch.randn(200)], dim=1)
    data = Labelled(inputs, labels)
    head = nn.Linear(3, 2)
    head.weight = nn.Parameter(torch.tensor([[-20.0, 0.0, 0.0], [20.0, 0.0, 0.0]]))
    head.bias = nn.Parameter(torch.zeros(2))
    net = network([head])
    accuracy = []
    for epochs in (0, 20):
        code = train_bottleneck(net, 0, data, 2, epochs=epochs, batch=20, learning_rate=0.02, classifier_weight=5)
        accuracy.append(float((net(code(inputs))[-1].argmax(dim=1) == labels).float().mean()))
    assert accuracy[0] < 0.8
    assert accuracy[1] > 0.95


def test_the_network_does_not_change_and_training_repeats_itself() -> None:
    """Training a code moves no weight of the network, and the seed decides it."""
    torch.manual_seed(3)
    net = network([nn.Linear(4, 6), nn.Sequential(nn.ReLU(inplace=True), nn.BatchNorm1d(6), nn.Linear(6, 3))])
    net.stages[0].weight.requires_grad_(False)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    data = Labelled(torch.randn(40, 4), torch.arange(40) % 3)
    codes = []
    for state in (0, 1):
        torch.manual_seed(state)  # the seed that counts is the one given
        codes.append(train_bottleneck(net, 1, data, 2, epochs=2, batch=8, seed=7).state_dict())
    assert all(torch.equal(value, codes[1][name]) for name, value in codes[0].items())
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert [name for name, weight in net.named_parameters() if not weight.requires_grad] == ["stages.0.weight"]
    assert all(weight.grad is None for weight in net.parameters())


def test_constant_activations_are_rebuilt() -> None:
    """Activations without any spread divide by nothing."""
    data = Labelled(torch.full((12, 3), 2.5), torch.arange(12) % 2)
    code = train_bottleneck(network([nn.Linear(3, 2)]), 0, data, 1, epochs=0)
    assert torch.allclose(code(data.inputs), data.inputs)


@pytest.mark.parametrize(
    ("shape", "flops", "values"),
    [
        ((8, 5, 4), 2 * 8 * 2 * 20, 2 * 20),  # a 1x1 convolution at each of 20 places
        ((7, 8), 2 * 8 * 2 * 7, 2 * 7),  # a matrix at each of 7 tokens
        ((8,), 2 * 8 * 2, 2),
    ],
)
def test_operations_and_bytes_by_hand(shape: tuple[int, ...], flops: int, values: int) -> None:
    """FLOPs and message of a bottleneck are those counted by hand."""
    code = Bottleneck(shape, 2)
    nn.init.normal_(code.encoder.weight)
    assert (code.encode_flops, code.decode_flops) == (flops, flops)
    message = code.encode(torch.randn(1, *shape))
    assert len(message) == 4 * values
    assert code.decode(message).shape == (1, *shape)


def test_what_one_request_decodes_to_is_what_training_saw() -> None:
    """One request on the wire is rebuilt as batches in training were."""
    data = Labelled(torch.randn(30, 6, generator=torch.Generator().manual_seed(4)), torch.arange(30) % 2)
    code = train_bottleneck(network([nn.Linear(6, 2)]), 0, data, 3, epochs=1)
    one = data.inputs[:1]
    assert torch.allclose(code.decode(code.encode(one)), code(one), atol=1e-6)
