"""Temperatures against closed forms and known truths; the calibration error by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

pytest.importorskip("torch")

import torch
from support.tiny_networks import clusters, learner, told
from torch import Tensor

from serflow_opt.profiling.data.parts import Labelled
from serflow_opt.profiling.measure.calibration import best_temperature, calibrate, calibration_error
from serflow_opt.profiling.measure.training import TrainingSettings, all_logits, train


def tossed(count: int, classes: int, seed: int) -> tuple[Tensor, Tensor]:
    """True log-probabilities of some classes, and labels drawn by them."""
    generator = torch.Generator().manual_seed(seed)
    logits = (2 * torch.randn(count, classes, generator=generator)).log_softmax(dim=1)
    return logits, torch.multinomial(logits.exp(), 1, generator=generator).squeeze(1)


def deviation(logits: Tensor) -> float:
    """Standard deviation of the scale s fitted in softmax(s x logits), whose truth is 1.

    One over the root of the Fisher information, which is the sum of the variances of the logits under their own
    probabilities.
    """
    x = logits.double().numpy()
    p = np.exp(x)
    variance = (p * x**2).sum(axis=1) - (p * x).sum(axis=1) ** 2
    return float(1 / np.sqrt(variance.sum()))


@pytest.mark.parametrize("scale", [1.0, 3.0, 0.25])
def test_logits_blown_up_are_cooled_by_as_much(scale: float) -> None:
    """Within five standard deviations of the estimate."""
    logits, labels = tossed(20_000, 4, seed=0)
    assert best_temperature(scale * logits, labels) == pytest.approx(scale, rel=5 * deviation(logits))


@pytest.mark.parametrize(("logit", "right"), [(2.0, 8), (0.5, 6), (7.0, 9)])
def test_one_kind_of_answer_is_solved_by_hand(logit: float, right: int) -> None:
    """Of ten answers (a, 0), r are right, and half of one more: sigmoid(a / T) = (r + 1/2) / 11."""
    logits = torch.tensor([[logit, 0.0]] * 10)
    labels = torch.tensor([0] * right + [1] * (10 - right))
    assert best_temperature(logits, labels) == pytest.approx(logit / math.log((right + 0.5) / (10.5 - right)), rel=1e-4)
    assert calibration_error(logits / best_temperature(logits, labels), labels) == pytest.approx(
        abs(right / 10 - (right + 0.5) / 11), abs=1e-4
    )


def test_every_exit_gets_its_own() -> None:
    """The second exit shouts three times as loud as the first, on the same evidence."""
    logits, labels = tossed(4000, 3, seed=1)
    network = told(exits=2, classes=3)
    first, second = calibrate(network, Labelled(torch.cat([logits, 3 * logits], dim=1), labels))
    assert (first.stage, second.stage) == (1, 2)
    assert first.temperature == pytest.approx(1, rel=5 * deviation(logits))
    assert second.temperature == pytest.approx(3 * first.temperature, rel=1e-4)
    assert network.temperatures.tolist() == pytest.approx([first.temperature, second.temperature])
    # at T = 1 both are honest: no more than the noise of a bin, sqrt(1 / (4 n)) of about 4000 / 15 answers, is left
    noise = math.sqrt(15 / (4 * 4000))
    assert first.error_after < noise
    assert second.error_after < noise
    assert second.error_before > 4 * noise


def test_answers_stay_the_same() -> None:
    """Temperatures change how sure an exit is, never what it answers."""
    network = learner()
    train(network, clusters(60), TrainingSettings(epochs=5, learning_rate=0.02))
    fresh = clusters(500, seed=2, spread=3.0)
    logits = all_logits(network, fresh.inputs)
    calibrate(network, clusters(60, seed=3, spread=3.0))
    assert network.temperatures.tolist() != [1, 1, 1]
    for stage, before, after in zip((1, 2, 3), logits, all_logits(network, fresh.inputs), strict=True):
        assert torch.equal(before, after), "temperatures are no part of the logits"
        cooled = before / network.temperatures[stage - 1]
        assert torch.equal(before.argmax(dim=1), cooled.argmax(dim=1))


def test_calibrating_again_changes_nothing() -> None:
    """Calibration starts from the logits, not from the last temperature."""
    logits, labels = tossed(500, 2, seed=4)
    data = Labelled(torch.cat([5 * logits, logits], dim=1), labels)
    network = told(exits=2)
    assert calibrate(network, data) == calibrate(network, data)


def test_calibration_needs_data() -> None:
    """Without data there is nothing to calibrate on, and that is said."""
    with pytest.raises(ValueError, match="no data"):
        calibrate(told(), Labelled(torch.zeros(0, 6), torch.zeros(0, dtype=torch.int64)))


def test_the_calibration_error_by_hand() -> None:
    """Two answers at 1/2, one right: no gap. Four at 0.9, two right: 0.4 off. 4/6 x 0.4."""
    logits = torch.tensor([[0.0, 0.0]] * 2 + [[math.log(9), 0.0]] * 4)
    labels = torch.tensor([0, 1, 0, 0, 1, 1])
    assert calibration_error(logits, labels) == pytest.approx(4 / 6 * 0.4)


def test_gaps_cancel_within_a_bin_but_not_between_bins() -> None:
    """Answers at 0.6, all right, and at 0.8, all wrong; gaps 0.4 and 0.8.

    Bins from 0, 1/15, ...: 0.6 is the upper end of one, 0.8 of another: (0.4 + 0.8) / 2. With one bin: right on half,
    sure 0.7: 0.2.
    """
    logits = torch.tensor([[math.log(0.6 / 0.4), 0.0], [math.log(0.8 / 0.2), 0.0]])
    labels = torch.tensor([0, 1])
    assert calibration_error(logits, labels) == pytest.approx(0.6)
    assert calibration_error(logits, labels, bins=1) == pytest.approx(0.2)


def test_certainty_is_counted() -> None:
    """Confidence 1 lies in the last bin; wrong every time it is 1 off."""
    logits = torch.tensor([[200.0, 0.0]] * 3)
    assert calibration_error(logits, torch.tensor([1, 1, 1])) == 1
    assert calibration_error(logits, torch.tensor([0, 0, 0])) == 0
