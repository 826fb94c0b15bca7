"""Ways there and back: what takes time takes it, sizes by arithmetic, weights as before, tables that families read."""

from __future__ import annotations

import csv
import time
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch")

import torch
from torch import Tensor, nn

from serflow_opt.profiling.measure.backward import TrainingTimes, time_training, write_layers, write_training
from serflow_opt.profiling.stages.network import MultiExit

PAUSE = 0.01


class _Slow(torch.autograd.Function):
    """Takes a while on its way back."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.clone()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        time.sleep(PAUSE)
        return gradient


class Slow(nn.Module):
    """A stage whose way back takes a while."""

    def forward(self, x: Tensor) -> Tensor:
        """Return the input."""
        return _Slow.apply(x)  # type: ignore[no-any-return,no-untyped-call]


def network() -> MultiExit:
    """Inputs of 3 numbers: 4, 4 again, and 2 classes; an exit behind the first stage."""
    stages = [nn.Linear(3, 4), nn.Sequential(Slow(), nn.BatchNorm1d(4)), nn.Linear(4, 2)]
    return MultiExit(stages, {1: nn.Linear(4, 2)})


def measured(own: MultiExit) -> TrainingTimes:
    torch.manual_seed(0)
    labels = torch.tensor([0, 1, 0, 1, 1, 0])
    return time_training(own, torch.rand(6, 3), labels, batch=4, threads=1, warmup=1, repeats=3)


def test_time_is_where_it_is_taken_and_sizes_are_those_of_tensors() -> None:
    """The slow stage is slow on the way back, too, and bytes are those of its tensors by arithmetic."""
    found = measured(network())
    assert found.forward_s.shape == found.backward_s.shape == (3, 3)
    assert (found.backward_s[:, 1] >= PAUSE).all()
    assert (found.forward_s > 0).all()
    # 4 inputs of 4 numbers of 4 bytes; nothing comes back for the last stage's answer but its loss
    assert found.activation_bytes == (64, 64, 32)
    assert found.gradient_bytes == (64, 64, 0)
    # weights and biases, and those of the exit and of the normalisation
    assert found.parameter_bytes == (4 * (3 * 4 + 4 + 4 * 2 + 2), 4 * (4 + 4), 4 * (4 * 2 + 2))
    # a linear layer keeps what it received: 4 x 3 and 4 x 4 numbers at least
    assert found.held_bytes[0] >= 48 + 64
    assert found.held_bytes[2] >= 64


def test_the_network_is_as_before() -> None:
    """Measuring a way back leaves weights, gradients and mode untouched."""
    own = network().eval()
    before = {key: value.clone() for key, value in own.state_dict().items()}
    measured(own)
    assert all(torch.equal(value, before[key]) for key, value in own.state_dict().items())
    assert not own.training
    assert all(weight.grad is None for weight in own.parameters())


def test_tables_are_those_of_training_and_pipelines(tmp_path: Path) -> None:
    """The tables written are read by training and pipeline instances, with the numbers measured."""
    from serflow_opt.families.training.tables import read_stages

    found = measured(network())
    write_training(found, tmp_path / "training_stages.csv")
    write_layers(found, tmp_path / "layers.csv")
    problems: list[Any] = []
    stages = read_stages(tmp_path / "training_stages.csv", problems)
    assert not problems
    assert stages is not None
    assert (stages.activation, stages.gradient) == ((16.0, 16.0, 8.0), (16.0, 16.0, 0.0))
    with (tmp_path / "layers.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["activation_bytes"]) for row in rows] == [64, 64, 32]
    assert float(rows[1]["backward_ms"]) >= PAUSE * 1000
    (tmp_path / "instance.toml").write_text(
        'schema = 1\nkind = "pipeline"\nname = "own"\nlayers = "layers.csv"\nbatch = 4\n'
        '[[worker]]\nname = "w"\ncount = 2\nbandwidth_mbit_s = 1000\n',
        encoding="utf-8",
    )
    import serflow_opt as so

    assert so.solve(so.load(tmp_path)).status == "optimal"
