"""Train a network with several exits: all of it at once, or classifiers on a backbone that stays as it is.

Joint training minimises Σ_k w_k CE(logits of exit k, label) over the whole network (Teerapittayanon et al.,
*BranchyNet*, ICPR 2016, section III-B, equation 1; survey 3.1.2). With a frozen backbone only the classifiers learn
(Kaya et al., *Shallow-Deep Networks*, ICML 2019, section 4), so the network's own answers do not change.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional

from serflow_opt.ground.moved import old_names
from serflow_opt.profiling.data.parts import Labelled

if TYPE_CHECKING:
    from serflow_opt.profiling.stages.network import MultiExit
else:
    __getattr__ = old_names(__name__)

Penalty = Callable[["MultiExit", Tensor], Tensor]
"""A further term of the loss, from the network and a batch of inputs."""


@dataclass(frozen=True, slots=True)
class TrainingSettings:
    """How to train.

    Attributes
    ----------
    epochs, batch, learning_rate
        Passes over the data; inputs a step; peak step size of Adam, which falls to zero along a half cosine.
    exit_weights
        w_k, one a classifier; None: all 1, as in BranchyNet.
    seed
        Draws the order of the data and what dropout drops (the caller seeds the weights).
    """

    epochs: int = 12
    batch: int = 64
    learning_rate: float = 2e-3
    exit_weights: tuple[float, ...] | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Epoch:
    """What is shown after an epoch: its number, of how many, the mean loss, and the share right by exit."""

    number: int
    epochs: int
    loss: float
    accuracy: tuple[float, ...]


def train(
    network: MultiExit,
    data: Labelled,
    settings: TrainingSettings = TrainingSettings(),
    *,
    frozen: bool = False,
    penalty: Penalty | None = None,
    on_epoch: Callable[[Epoch], object] | None = None,
) -> None:
    """Fit the network's weights, in place; the same seed, data and threads give the same weights.

    Parameters
    ----------
    frozen
        Train early classifiers only: stages, and a classifier of the last one, neither learn nor update the statistics
        of their normalisation.
    penalty
        Added to the loss of each batch.
    on_epoch
        Called after each epoch.

    Raises
    ------
    ValueError
        When there is nothing to train, not one exit weight a classifier, or the loss is no longer a number.
    """
    weights = (1.0,) * len(network.classifier_stages) if settings.exit_weights is None else settings.exit_weights
    if len(weights) != len(network.classifier_stages):
        raise ValueError(f"{len(weights)} exit weights for {len(network.classifier_stages)} classifiers")
    early = [classifier for stage, classifier in network.exits.items() if stage < len(network.stages)]
    learning = early if frozen else [network]
    trained = [parameter for module in learning for parameter in module.parameters()]
    if not trained or not len(data):
        raise ValueError("there is nothing to train: no classifier beside the backbone, or no data")
    with torch.random.fork_rng(), _only(network, trained):
        torch.manual_seed(settings.seed)
        for epoch in _epochs(network, data, settings, weights, trained, early if frozen else None, penalty):
            if not math.isfinite(epoch.loss):
                raise ValueError(f"the loss is {epoch.loss} after epoch {epoch.number}: lower the learning rate")
            if on_epoch is not None:
                on_epoch(epoch)
    network.eval()


@contextmanager
def _only(network: MultiExit, trained: Sequence[nn.Parameter]) -> Iterator[None]:
    """Keep gradients away from parameters that are not trained."""
    kept = {id(parameter) for parameter in trained}
    still = [p for p in network.parameters() if id(p) not in kept and p.requires_grad]
    for parameter in still:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in still:
            parameter.requires_grad_(True)


def _epochs(
    network: MultiExit,
    data: Labelled,
    settings: TrainingSettings,
    weights: Sequence[float],
    trained: Sequence[nn.Parameter],
    alone: Sequence[nn.Module] | None,
    penalty: Penalty | None,
) -> Iterator[Epoch]:
    """Train epoch by epoch; `alone` are the modules that learn when not all do."""
    steps = settings.epochs * -(-len(data) // settings.batch)
    optimiser = torch.optim.Adam(trained, lr=settings.learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, max(steps, 1))
    generator = torch.Generator().manual_seed(settings.seed)
    for number in range(1, settings.epochs + 1):
        network.train(alone is None)
        for module in alone or ():
            module.train()
        total, right = 0.0, torch.zeros(len(weights))
        for batch in batches(data, settings.batch, generator):
            logits = network(batch.inputs)
            loss = joint_loss(logits, batch.labels, weights)
            if penalty is not None:
                loss = loss + penalty(network, batch.inputs)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
            total += float(loss.detach()) * len(batch)
            right += torch.stack([(answer.argmax(1) == batch.labels).sum() for answer in logits]).cpu()
        yield Epoch(number, settings.epochs, total / len(data), tuple((right / len(data)).tolist()))


def joint_loss(logits: Sequence[Tensor], labels: Tensor, weights: Sequence[float]) -> Tensor:
    """Return Σ_k w_k CE(logits_k, labels), each cross-entropy the mean over the batch, nats.

    Parameters
    ----------
    logits
        Answers of each exit, N x K.
    labels
        The right classes, N.
    weights
        w_k, one an exit.

    Raises
    ------
    ValueError
        When there is not one weight an exit.
    """
    terms = [weight * functional.cross_entropy(answer, labels) for weight, answer in zip(weights, logits, strict=True)]
    return torch.stack(terms).sum()


def batches(data: Labelled, size: int, generator: torch.Generator | None = None) -> Iterator[Labelled]:
    """Yield the data in batches, shuffled when a generator is given; no batch of one, which has no variance.

    Parameters
    ----------
    data
        All of it is in some batch.
    size
        Rows of a batch; the last one may have fewer, or one more.
    generator
        Draws the order; None: as the data are.
    """
    order = torch.arange(len(data)) if generator is None else torch.randperm(len(data), generator=generator)
    groups = list(order.split(size))
    if len(groups) > 1 and len(groups[-1]) == 1:
        groups[-2:] = [torch.cat(groups[-2:])]
    for rows in groups:
        yield data.rows(rows)


@torch.inference_mode()
def all_logits(network: MultiExit, inputs: Tensor, batch: int = 256) -> list[Tensor]:
    """Return the logits of every classifier on every input, N x K each, in order of the stages.

    Parameters
    ----------
    network
        Left in evaluation mode.
    inputs
        N x shape of one input.
    batch
        Inputs run at once.
    """
    network.eval()
    parts = [network(part) for part in inputs.split(batch)]
    return [torch.cat(column) for column in zip(*parts, strict=True)]


def reset(network: nn.Module, seed: int) -> None:
    """Draw new weights from a seed, each layer by its own rule."""
    torch.manual_seed(seed)
    for module in network.modules():
        if callable(draw := getattr(module, "reset_parameters", None)):
            draw()
