"""Clients whose training is followed by hand."""

from __future__ import annotations

import itertools

import torch
from support.tiny_networks import clusters, learner, weights

from serflow_opt.profiling.data.parts import Labelled
from serflow_opt.profiling.rounds.turns import LocalSteps, RoundsSetting, accuracies

STEPS = LocalSteps(batch=10, learning_rate=0.05)
DATA = clusters(120)
CLIENTS = [DATA.rows(torch.arange(begin, end)) for begin, end in ((0, 20), (20, 50), (50, 120))]


def after(setting: RoundsSetting, clients: list[Labelled], rounds: int = 1) -> dict[str, torch.Tensor]:
    """Weights after some rounds."""
    network = learner()
    list(itertools.islice(accuracies(network, setting, clients, DATA, steps=STEPS, seed=3), rounds))
    return weights(network)
