"""Classifiers attached to stages: what they read, what they refuse, and that they can be learnt."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

import torch
from torch import Tensor, nn

from serflow_opt.errors import InputError
from serflow_opt.profiling.data.parts import Labelled
from serflow_opt.profiling.measure.training import TrainingSettings, all_logits, train
from serflow_opt.profiling.stages.heads import MaxAndMean, MeanOverTokens, attach


class Tokens(nn.Module):
    """Channels become tokens: N x C x H x W to N x C x HW."""

    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(2)


class Volume(nn.Module):
    """An activation that there is no rule for: N x C x 1 x H x W."""

    def forward(self, x: Tensor) -> Tensor:
        return x.unsqueeze(2)


def backbone() -> list[nn.Module]:
    """4-D, 3-D, 2-D, logits: 2 x 4 x 4, 2 x 16, 32, 3."""
    return [nn.Sequential(nn.Conv2d(1, 2, 3, padding=1), nn.BatchNorm2d(2)), Tokens(), nn.Flatten(), nn.Linear(32, 3)]


EXAMPLE = torch.arange(32.0).reshape(2, 1, 4, 4)


def test_reads_pictures_tokens_and_vectors() -> None:
    """Classifiers fit what stages hand on: pictures, tokens, vectors."""
    network = attach(backbone(), EXAMPLE, 3)
    assert network.classifier_stages == (1, 2, 3, 4)
    inputs = {stage: exit[-1].in_features for stage, exit in network.exits.items()}
    assert inputs == {1: 2 * 2, 2: 16, 3: 32}
    assert [tuple(logits.shape) for logits in network(EXAMPLE)] == [(2, 3)] * 4


def test_pictures_are_reduced_to_maxima_then_means() -> None:
    """A picture becomes the maximum and the mean of each channel."""
    x = torch.tensor([[[[1.0, 2.0], [3.0, 6.0]], [[-4.0, 0.0], [0.0, 0.0]]]])
    assert MaxAndMean()(x).tolist() == [[6.0, 0.0, 3.0, -1.0]]


def test_tokens_are_averaged() -> None:
    """A sequence becomes the mean of its tokens."""
    assert MeanOverTokens()(torch.tensor([[[1.0, 10.0], [3.0, 30.0]]])).tolist() == [[2.0, 20.0]]


def test_only_where_asked() -> None:
    """Classifiers are attached where asked, once, and the last stage answers anyway."""
    network = attach(backbone(), EXAMPLE, 3, at=[2, 2])
    assert list(network.exits) == [2]
    assert network.classifier_stages == (2, 4)


def test_a_last_stage_without_logits_can_get_a_classifier() -> None:
    """A trunk without an end is completed by a classifier."""
    network = attach(backbone()[:3], EXAMPLE, 7, at=[3])
    assert network(EXAMPLE)[-1].shape == (2, 7)


def test_stages_are_shared_and_left_as_they_were() -> None:
    """Attaching reads the stages and changes no running mean."""
    stages = backbone()
    before = {name: value.clone() for name, value in stages[0].state_dict().items()}
    network = attach(stages, EXAMPLE, 3)
    assert network.stages[0] is stages[0]
    after = stages[0].state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())


def test_weights_follow_the_seed() -> None:
    """New classifiers are drawn from the caller's seed."""

    def weights() -> Tensor:
        torch.manual_seed(5)
        parameter: Tensor = attach(backbone(), EXAMPLE, 3).exits[2][-1].weight
        return parameter

    assert torch.equal(weights(), weights())


def test_every_wrong_stage_is_named() -> None:
    """All stages that do not exist are told at once, with those that do."""
    with pytest.raises(InputError) as caught:
        attach(backbone(), EXAMPLE, 3, at=[0, 1, 9])
    assert [problem.place for problem in caught.value.problems] == ["stage 0", "stage 9"]
    assert "1..4" in str(caught.value)


def test_a_shape_without_a_rule_and_missing_logits_are_named_together() -> None:
    """Both reasons why a network cannot be completed are told, with their cures."""
    with pytest.raises(InputError) as caught:
        attach([Volume(), nn.Flatten()], EXAMPLE, 3)
    assert [str(problem) for problem in caught.value.problems] == [
        "stage 1: hands on one input as (1, 1, 4, 4); attach to stages that hand on a vector, a sequence of vectors or "
        "a picture with channels",
        "stage 2: gives one input as (16,), not 3 logits; end the network with a layer for 3 classes, or attach a "
        "classifier to its last stage too",
    ]


def test_attached_classifiers_learn_on_a_frozen_backbone() -> None:
    """Two classes that differ in the mean of their pictures can be told apart by a linear rule on the mean."""
    torch.manual_seed(0)
    labels = torch.arange(64) % 2
    inputs = torch.randn(64, 1, 4, 4) * 0.1 + labels.reshape(-1, 1, 1, 1)
    network = attach([nn.Identity(), nn.Sequential(nn.Flatten(), nn.Linear(16, 2))], inputs, 2)
    last = network.stages[1][1].weight.clone()
    train(network, Labelled(inputs, labels), TrainingSettings(epochs=30, batch=16, learning_rate=0.1), frozen=True)
    assert (all_logits(network, inputs)[0].argmax(1) == labels).all()
    assert torch.equal(network.stages[1][1].weight, last)
