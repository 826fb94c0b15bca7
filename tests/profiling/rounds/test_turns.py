"""Rounds of federated, split and hybrid training, step by step."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

import torch
from support.rounds import CLIENTS, STEPS, after
from support.tiny_networks import learner, weights

from serflow_opt.profiling.rounds.turns import RoundsSetting, turn


def order() -> torch.Generator:
    """What draws the order of data."""
    return torch.Generator().manual_seed(5)


@pytest.mark.parametrize("cut", [0, 1, 2])
def test_hybrid_takes_the_steps_of_federated_wherever_it_is_cut(cut: int) -> None:
    """Where a network is cut changes where work is done, not what is learnt."""
    whole = after(RoundsSetting("federated", 3, 2, 2), CLIENTS, rounds=2)
    handed = after(RoundsSetting("hybrid", cut, 2, 2), CLIENTS, rounds=2)
    for name, tensor in whole.items():
        torch.testing.assert_close(handed[name], tensor, rtol=1e-5, atol=1e-6)


def test_a_round_is_the_mean_of_turns_by_samples_and_split_goes_on_from_the_last() -> None:
    """All three take part, in order: 20, 30 and 70 of 120 samples."""
    setting, apart, draws = RoundsSetting("federated", 3, 1, 3), [], order()
    draws.manual_seed(3)
    for own in CLIENTS:
        network = learner()
        turn(network, setting, own, STEPS, draws)
        apart.append(weights(network))
    found = after(setting, CLIENTS)
    for name in ("stages.0.0.weight", "stages.2.bias", "stages.1.1.running_mean"):
        mean = sum(own[name] * share / 120 for own, share in zip(apart, (20, 30, 70), strict=True))
        torch.testing.assert_close(found[name], mean, rtol=1e-5, atol=1e-6)
    network, draws = learner(), order().manual_seed(3)
    for _ in range(2):
        turn(network, RoundsSetting("split", 1, 1, 1), CLIENTS[1], STEPS, draws)
    alone = after(RoundsSetting("split", 1, 1, 1), [CLIENTS[1]], rounds=2)
    assert all(torch.equal(alone[name], tensor) for name, tensor in weights(network).items())
