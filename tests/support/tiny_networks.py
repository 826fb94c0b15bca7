"""Networks whose logits are known because they are the input, networks that learn in a moment, and data for both."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from serflow_opt.profiling.data.parts import Labelled
from serflow_opt.profiling.stages.network import MultiExit


class Columns(nn.Module):
    """A classifier that answers with some columns of its input, and counts how often it is asked."""

    def __init__(self, begin: int, end: int) -> None:
        super().__init__()
        self.begin, self.end = begin, end
        self.calls = 0

    def forward(self, x: Tensor) -> Tensor:
        """Return columns begin..end - 1."""
        self.calls += 1
        return x[:, self.begin : self.end]


class Runs(nn.Module):
    """A stage that hands its input on after it has told `each` of it."""

    def __init__(self, each: Callable[[Tensor], object]) -> None:
        super().__init__()
        self.each = each

    def forward(self, x: Tensor) -> Tensor:
        """Return the input."""
        self.each(x)
        return x


def told(exits: int = 3, classes: int = 2) -> MultiExit:
    """As many stages as exits; classifier k answers with the k-th group of columns of the input."""
    columns = {k: Columns((k - 1) * classes, k * classes) for k in range(1, exits + 1)}
    return MultiExit([nn.Identity() for _ in columns], columns).eval()


def calls(network: MultiExit) -> list[int]:
    """How often the classifiers of `told` were asked."""
    return [classifier.calls for classifier in network.exits.values() if isinstance(classifier, Columns)]


def sure(*confidences: float) -> list[float]:
    """Logits of two classes for `told`, one pair an exit: the answer is class 0 with these confidences, 0.5 to 1."""
    return [logit for p in confidences for logit in (math.log(p / (1 - p)) if p < 1 else 100.0, 0.0)]


def learner(seed: int = 0, *, dropout: float = 0.0) -> MultiExit:
    """Three stages for `clusters`, exits at all of them; batch normalisation in the first two."""
    torch.manual_seed(seed)
    stages = [
        nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(dropout)),
        nn.Sequential(nn.Linear(8, 8), nn.BatchNorm1d(8), nn.ReLU()),
        nn.Linear(8, 3),
    ]
    return MultiExit(stages, {1: nn.Linear(8, 3), 2: nn.Linear(8, 3)})


def clusters(count: int = 240, seed: int = 0, spread: float = 1.0) -> Labelled:
    """Three classes in four dimensions, equally many of each: normal around 3 times a unit vector."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % 3
    return Labelled(3 * torch.eye(4)[labels] + spread * torch.randn(count, 4, generator=generator), labels)


def weights(network: nn.Module) -> dict[str, Tensor]:
    """A copy of everything a network holds."""
    return {name: tensor.clone() for name, tensor in network.state_dict().items()}


def differing(before: dict[str, Tensor], after: dict[str, Tensor]) -> set[str]:
    """Names of the tensors of which a bit changed."""
    return {name for name in before if not torch.equal(before[name], after[name])}


NETWORK = """
import torch
from torch import nn

class Net(nn.Module):
    '''Three stages, classifiers after the first two.'''
    def __init__(self):
        super().__init__()
        self.stages = nn.ModuleList([
            nn.Sequential(nn.Linear(4, 8), nn.BatchNorm1d(8), nn.ReLU()),
            nn.Sequential(nn.Linear(8, 8), nn.ReLU()),
            nn.Linear(8, 3),
        ])
        self.exits = nn.ModuleDict({"1": nn.Linear(8, 3), "2": nn.Linear(8, 3)})

def plain():
    '''The same without exits, to be cut.'''
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 3))

made = Net()
number = 3

def fails():
    raise RuntimeError("no luck today")
"""
"""A Python file of a user's."""


def write_network(folder: Path, text: str = NETWORK, name: str = "net.py") -> Path:
    """Write a Python file."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def write_data(
    path: Path, data: Labelled | None = None, *, inputs: object = None, labels: Sequence[int] | None = None
) -> Path:
    """Write an .npz of `clusters`, with inputs or labels of one's own."""
    data = clusters() if data is None else data
    x = data.inputs.numpy() if inputs is None else np.asarray(inputs)
    y = data.labels.numpy() if labels is None else np.asarray(labels)
    np.savez(path, inputs=x, labels=y)
    return path
