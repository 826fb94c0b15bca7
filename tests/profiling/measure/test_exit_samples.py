"""What exits say of the measured inputs, and that samples.csv gives it back."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from support.tiny_networks import sure, told

from serflow_opt.errors import Problem
from serflow_opt.problem.exits import read_samples
from serflow_opt.problem.network import Samples
from serflow_opt.problem.schema import ExitsTable
from serflow_opt.profiling.data.parts import Labelled
from serflow_opt.profiling.measure.exit_samples import ExitSamples, sample_exits, write_samples

THREE = Labelled(
    torch.tensor([sure(0.6, 0.9), [0.0, math.log(3), 0.0, math.log(4)], [*sure(0.7), 0.0, math.log(19)]]),
    torch.tensor([0, 1, 1]),
)
"""Exit 1 says 0 0.6, 1 0.75, 0 0.7; exit 2 says 0 0.9, 1 0.8, 1 0.95."""


def read(path: Path, exits: int) -> Samples:
    """Read samples as an instance does."""
    problems: list[Problem] = []
    table = ExitsTable(samples=path.name, classifier_stages=list(range(1, exits + 1)), holdout_share=0.0)
    samples = read_samples(path, table, exits, "instance.toml", problems)
    assert samples is not None, problems
    return samples


def drawn(count: int, seed: int = 0) -> Labelled:
    """Logits of two exits from unsure to as sure as single precision can say."""
    generator = torch.Generator().manual_seed(seed)
    return Labelled(8 * torch.randn(count, 4, generator=generator), torch.arange(count) % 2)


def test_confidence_answer_and_accuracy_by_hand() -> None:
    """What each exit says of each input is what its logits say, by hand."""
    samples = sample_exits(told(exits=2), THREE)
    assert samples.confidence == pytest.approx(np.array([[0.6, 0.9], [0.75, 0.8], [0.7, 0.95]]))
    assert samples.answer.tolist() == [[0, 0], [1, 1], [0, 1]]
    assert samples.labels.tolist() == [0, 1, 1]
    assert samples.accuracy == pytest.approx((2 / 3, 3 / 3))


def test_confidences_are_calibrated() -> None:
    """Samples hold the confidences that thresholds will meet."""
    network = told(exits=2)
    network.temperatures[0] = 0.5  # doubles logits: odds 1.5, 3 and 7/3 are squared
    samples = sample_exits(network, THREE)
    assert samples.confidence[:, 0] == pytest.approx([2.25 / 3.25, 9 / 10, 49 / 58])
    assert samples.confidence[:, 1] == pytest.approx([0.9, 0.8, 0.95])


def test_the_file_by_hand(tmp_path: Path) -> None:
    """The file has a row an input, as documented."""
    samples = ExitSamples(
        labels=np.array([2, 0]),
        confidence=np.array([[0.5, 1.0], [0.25, 0.75]]),
        answer=np.array([[2, 2], [1, 0]]),
    )
    write_samples(samples, tmp_path / "samples.csv")
    assert (tmp_path / "samples.csv").read_bytes().decode() == (
        "sample_id,label,conf_exit1,pred_exit1,correct_exit1,conf_exit2,pred_exit2,correct_exit2\n"
        "0,2,0.5,2,1,1,2,1\n"
        "1,0,0.25,1,0,0.75,0,1\n"
    )


def test_the_file_gives_back_what_was_measured_to_the_bit(tmp_path: Path) -> None:
    """Confidences survive the file to the bit: a threshold must not fall on the other side."""
    samples = sample_exits(told(exits=2), drawn(400))
    write_samples(samples, tmp_path / "samples.csv")
    back = read(tmp_path / "samples.csv", exits=2)
    assert back.confidence.astype(np.float32).tolist() == samples.confidence.astype(np.float32).tolist()
    assert back.correct.tolist() == (samples.answer == samples.labels[:, None]).tolist()
    assert back.classifier_stages == (1, 2)


def test_a_threshold_taken_from_the_file_lets_that_very_sample_leave(tmp_path: Path) -> None:
    """Tables put thresholds on confidences of samples, so what the file says must not be above what is measured."""
    network, data = told(exits=2), drawn(400)
    write_samples(sample_exits(network, data), tmp_path / "samples.csv")
    threshold = read(tmp_path / "samples.csv", exits=2).confidence[:, 0].tolist()
    stays = [row for row in range(400) if network.answer(data.inputs[row : row + 1], {1: threshold[row]})[1] != 1]
    assert stays == []
