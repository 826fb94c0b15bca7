"""Joint and frozen training: the loss by hand, what moves and what must not, and the same weights for the same seed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from support.tiny_networks import Columns, clusters, differing, learner, told, weights
from torch import Tensor, nn

from serflow_opt.profiling.data.parts import Labelled
from serflow_opt.profiling.measure.training import (
    Epoch,
    TrainingSettings,
    all_logits,
    batches,
    joint_loss,
    reset,
    train,
)
from serflow_opt.profiling.stages.network import MultiExit

LN2, LN3 = math.log(2), math.log(3)
STILL = 1e-12
"""A learning rate that leaves weights as they are."""


def cross_entropy(logits: Tensor, labels: Tensor) -> float:
    """Minus the mean log-probability of the labels, without PyTorch."""
    x = logits.detach().double().numpy()
    picked = x[np.arange(len(x)), labels.numpy()]
    return float((np.log(np.exp(x).sum(axis=1)) - picked).mean())


def right(logits: Tensor, labels: Tensor) -> float:
    """Share right."""
    return float((logits.detach().numpy().argmax(axis=1) == labels.numpy()).mean())


def test_the_loss_of_branchynet() -> None:
    """Rows (0, 0) are even; (ln 3, 0) says class 0 with 3/4.

    Exit 1: ln 2 and, wrong, ln 4: mean 1.5 ln 2. Exit 2: ln(4/3) and ln 2: their mean.
    """
    labels = torch.tensor([0, 1])
    first = torch.tensor([[0.0, 0.0], [LN3, 0.0]])
    second = torch.tensor([[LN3, 0.0], [0.0, 0.0]])
    mean1, mean2 = 1.5 * LN2, (math.log(4 / 3) + LN2) / 2
    assert float(joint_loss([first, second], labels, (1, 1))) == pytest.approx(mean1 + mean2)
    assert float(joint_loss([first, second], labels, (2, 0.5))) == pytest.approx(2 * mean1 + 0.5 * mean2)
    assert float(joint_loss([first], labels, (3,))) == pytest.approx(3 * mean1)
    with pytest.raises(ValueError, match="argument"):
        joint_loss([first, second], labels, (1,))


def test_the_step_is_that_of_adam_along_a_half_cosine() -> None:
    """Adam's first step is the learning rate times the sign of the gradient, and so are others where it stays alike.

    Two epochs of one batch: the second step is (1 + cos(pi / 2)) / 2 = half as long.
    """
    rate, moved = 1e-4, []
    linear = nn.Linear(1, 2, bias=False)
    nn.init.zeros_(linear.weight)
    network = MultiExit([linear])
    data = Labelled(torch.ones(4, 1), torch.zeros(4, dtype=torch.int64))
    train(
        network,
        data,
        TrainingSettings(epochs=2, batch=4, learning_rate=rate),
        on_epoch=lambda _: moved.append(linear.weight.squeeze(1).tolist()),
    )
    assert moved[0] == pytest.approx([rate, -rate], rel=1e-3)
    assert moved[1] == pytest.approx([1.5 * rate, -1.5 * rate], rel=1e-3)


def test_joint_training_learns_at_every_exit() -> None:
    """Every exit learns: new inputs are told apart nearly as well as the best rule can."""
    network, shown = learner(), list[Epoch]()
    train(network, clusters(), TrainingSettings(epochs=8, batch=32, learning_rate=0.01), on_epoch=shown.append)
    fresh = clusters(600, seed=1)
    # centres are 3 sqrt(2) apart, so the best rule errs on about 2 (1 - Phi(3 / sqrt 2)) = 3.4 %
    assert all(right(logits, fresh.labels) > 0.9 for logits in all_logits(network, fresh.inputs))
    assert [(epoch.number, epoch.epochs) for epoch in shown] == [(n, 8) for n in range(1, 9)]
    assert shown[-1].loss < shown[0].loss / 2
    assert not network.training


def test_joint_training_moves_everything() -> None:
    """Joint training moves all weights but the temperatures."""
    network = learner()
    before = weights(network)
    train(network, clusters(), TrainingSettings(epochs=1))
    assert differing(before, weights(network)) == set(before) - {"temperatures"}


def test_a_frozen_backbone_stays_as_it_is_to_the_bit() -> None:
    """Weights, and what batch normalisation has seen; the classifiers learn."""
    network = learner()
    before = weights(network)
    answers = all_logits(network, clusters().inputs)[-1]
    train(network, clusters(), TrainingSettings(epochs=3, learning_rate=0.01), frozen=True)
    changed = differing(before, weights(network))
    classifiers = {name for name in before if not name.startswith("stages.")} - {"temperatures"}
    assert any(name.endswith("running_mean") for name in before), "there are statistics to leave alone"
    assert changed == classifiers
    assert torch.equal(all_logits(network, clusters().inputs)[-1], answers)


def test_frozen_classifiers_learn() -> None:
    """A linear classifier on the inputs themselves comes near the best rule, right on 96.6 % (see above)."""
    network = MultiExit([nn.Identity(), nn.Linear(4, 3)], {1: nn.Linear(4, 3)})
    train(network, clusters(), TrainingSettings(epochs=20, batch=32, learning_rate=0.02), frozen=True)
    fresh = clusters(600, seed=1)
    assert right(all_logits(network, fresh.inputs)[0], fresh.labels) > 0.9


def test_a_frozen_backbone_runs_as_it_will_serve() -> None:
    """Classifiers train, stages evaluate, in every epoch; afterwards all evaluate."""
    network = learner(dropout=0.5)
    seen: list[tuple[bool, bool]] = []

    def penalty(shown: MultiExit, _: Tensor) -> Tensor:
        seen.append((any(m.training for m in shown.stages.modules()), all(c.training for c in shown.exits.values())))
        return torch.zeros(())

    train(network, clusters(64), TrainingSettings(epochs=2, batch=64), frozen=True, penalty=penalty)
    assert seen == [(False, True)] * 2
    assert not any(module.training for module in network.modules())


@pytest.mark.parametrize("frozen", [False, True])
def test_the_same_seed_gives_the_same_weights_to_the_bit(frozen: bool) -> None:
    """Training repeats itself to the bit by its seed."""

    def trained(seed: int) -> dict[str, Tensor]:
        network = learner()
        train(network, clusters(), TrainingSettings(epochs=2, seed=seed), frozen=frozen)
        return weights(network)

    first = trained(0)
    torch.rand(7)
    assert not differing(first, trained(0))
    assert differing(first, trained(1)), "another order gives other weights"


def test_what_dropout_drops_follows_the_seed() -> None:
    """Dropout draws from the training's seed, not from what was drawn before."""

    def trained(drawn_before: int) -> dict[str, Tensor]:
        network = learner(dropout=0.5)
        torch.rand(drawn_before)
        train(network, clusters(), TrainingSettings(epochs=1, seed=0))
        return weights(network)

    assert not differing(trained(1), trained(2))


def test_an_exit_of_weight_zero_does_not_teach() -> None:
    """An exit of weight zero moves no weight."""
    network = learner()
    before = weights(network)
    train(network, clusters(), TrainingSettings(epochs=1, exit_weights=(1.0, 0.0, 0.0)))
    moved = {name for name in differing(before, weights(network)) if name.endswith((".weight", ".bias"))}
    later = [name for name in before if name.startswith(("stages.1.", "stages.2.")) or ".2." in name]
    assert not moved & set(later)
    assert any(name.startswith("stages.0.") for name in moved)


def test_an_epoch_shows_the_mean_loss_and_the_share_right() -> None:
    """Of all inputs, whatever the batches: 7 in batches of 4 and 3."""
    linear = nn.Linear(4, 3)
    network = MultiExit([nn.Sequential(linear), nn.Linear(3, 3)], {1: nn.Identity()})
    data = clusters(7)
    first, last = all_logits(network, data.inputs)
    expected = 2 * cross_entropy(first, data.labels) + 3 * cross_entropy(last, data.labels)
    shown: list[Epoch] = []
    train(network, data, TrainingSettings(1, 4, STILL, (2.0, 3.0)), on_epoch=shown.append)
    assert shown[0].loss == pytest.approx(expected, rel=1e-5)
    assert shown[0].accuracy == pytest.approx((right(first, data.labels), right(last, data.labels)))


def test_a_penalty_is_added_to_every_batch() -> None:
    """A penalty is part of each batch's loss."""

    def loss(penalty: Callable[[MultiExit, Tensor], Tensor] | None) -> float:
        shown: list[Epoch] = []
        train(learner(), clusters(96), TrainingSettings(1, 32, STILL), penalty=penalty, on_epoch=shown.append)
        return shown[0].loss

    sizes: list[int] = []

    def five(_: MultiExit, inputs: Tensor) -> Tensor:
        sizes.append(len(inputs))
        return torch.tensor(5.0)

    assert loss(five) == pytest.approx(loss(None) + 5, rel=1e-6)
    assert sizes == [32, 32, 32]


def test_a_penalty_pulls() -> None:
    """A penalty that outweighs the loss drives the last layer towards zero."""
    network = learner()
    last = network.stages[-1]
    assert isinstance(last, nn.Linear)
    before = float(last.weight.detach().norm())
    train(network, clusters(), TrainingSettings(6, 32, 0.02), penalty=lambda _, __: 1000 * last.weight.square().sum())
    assert float(last.weight.detach().norm()) < before / 4


@pytest.mark.parametrize("exit_weights", [(1.0,), (1.0, 1.0, 1.0, 1.0), ()])
def test_one_weight_an_exit(exit_weights: tuple[float, ...]) -> None:
    """Weights that are not one an exit are refused with both counts."""
    with pytest.raises(ValueError, match=f"{len(exit_weights)} exit weights for 3"):
        train(learner(), clusters(), TrainingSettings(exit_weights=exit_weights))


@pytest.mark.parametrize(
    ("network", "data", "frozen"),
    [
        (MultiExit([nn.Linear(4, 3)]), clusters(), True),
        (MultiExit([nn.Identity()], {1: Columns(0, 3)}), clusters(), False),
        (learner(), clusters(0), False),
    ],
    ids=["no classifier beside the backbone", "no weights", "no data"],
)
def test_there_must_be_something_to_train(network: MultiExit, data: Labelled, frozen: bool) -> None:
    """Nothing to train, or nothing to train on, is refused."""
    with pytest.raises(ValueError, match="nothing to train"):
        train(network, data, frozen=frozen)


@pytest.mark.parametrize(
    ("count", "size", "sizes"),
    [(10, 4, [4, 4, 2]), (9, 4, [4, 5]), (8, 4, [4, 4]), (3, 4, [3]), (1, 4, [1]), (5, 1, [1, 1, 1, 2])],
)
def test_batches_cover_the_data_and_none_is_alone(count: int, size: int, sizes: Sequence[int]) -> None:
    """Batches cover the data once, and a last input joins the batch before, as normalisation needs two."""
    data = Labelled(torch.arange(count).reshape(-1, 1), torch.arange(count))
    for generator in (None, torch.Generator().manual_seed(0)):
        found = list(batches(data, size, generator))
        assert [len(batch) for batch in found] == sizes
        assert all(batch.inputs.squeeze(1).tolist() == batch.labels.tolist() for batch in found)
        drawn = torch.cat([batch.labels for batch in found]).tolist()
        assert sorted(drawn) == list(range(count))
        assert generator is not None or drawn == list(range(count))


def test_batches_are_shuffled_anew_each_time() -> None:
    """Each epoch has an order of its own."""
    data, generator = clusters(), torch.Generator().manual_seed(0)
    first, second = (torch.cat([b.inputs for b in batches(data, 64, generator)]) for _ in range(2))
    assert not torch.equal(first, second)


def test_all_logits_are_those_of_the_network_in_use() -> None:
    """In order, in evaluation mode, whatever the batch."""
    network, inputs = learner(), clusters(20).inputs
    network.train()
    before = weights(network)
    whole, parts = all_logits(network, inputs), all_logits(network, inputs, batch=7)
    assert not differing(before, weights(network)), "looking does not teach batch normalisation"
    for a, b, c in zip(whole, parts, network(inputs), strict=True):
        assert a.shape == (20, 3)
        assert torch.allclose(a, b, atol=1e-6)
        assert torch.allclose(a, c, atol=1e-6)
    assert torch.equal(all_logits(told(), torch.arange(12.0).reshape(2, 6))[1], torch.tensor([[2.0, 3.0], [8.0, 9.0]]))


def test_reset_draws_from_the_seed() -> None:
    """Starting afresh draws weights from the seed and forgets running means."""
    network = learner()
    train(network, clusters(), TrainingSettings(epochs=1))
    trained = weights(network)
    reset(network, 5)
    first = weights(network)
    assert differing(trained, first) >= {name for name in trained if name.endswith("weight")}
    assert first["stages.0.1.running_mean"].tolist() == [0] * 8
    train(network, clusters(), TrainingSettings(epochs=1))
    reset(network, 5)
    assert not differing(first, weights(network))
    reset(network, 6)
    assert differing(first, weights(network))
