"""The measurement of leaks as a whole, on a tiny network and 8x8 images."""

from __future__ import annotations

import statistics
from collections.abc import Iterator

import pytest

pytest.importorskip("torch")

import torch
from support.leaks import measure, network, parts
from torch import nn

from serflow_opt.errors import InputError
from serflow_opt.profiling.data.parts import DataParts, Labelled
from serflow_opt.profiling.privacy import measure as privacy
from serflow_opt.profiling.privacy.inversion import Attack
from serflow_opt.profiling.privacy.measure import PrivacyMeasurement, PrivacyProgress, measure_privacy
from serflow_opt.profiling.stages.network import MultiExit


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    """Tiny tensors gain nothing from threads, which cost most when the machine is busy."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def found() -> PrivacyMeasurement:
    return measure((0, 1), show=3)


def test_every_cut_meets_every_protection_weak_ones_first(found: PrivacyMeasurement) -> None:
    """Each cut is attacked under each protection, in one order."""
    assert [(row.cut, row.setting) for row in found.rows] == [
        (0, "none"),
        (0, "laplace ε = 50"),
        (0, "laplace ε = 2"),
        (1, "none"),
        (1, "laplace ε = 50"),
        (1, "laplace ε = 2"),
        (1, "distance-correlation 1"),
    ]
    assert all(row.seeds == 2 and row.mse_sd is not None for row in found.rows)


def test_the_input_itself_is_rebuilt_exactly(found: PrivacyMeasurement) -> None:
    """At cut 0 without protection the leak is total: error 0, likeness 1."""
    row = found.rows[0]
    assert (row.mse, row.mse_sd, row.ssim, row.ssim_sd, row.added_flops) == (0, 0, 1, 0, 0)
    assert torch.equal(found.rebuilt[0].inputs, found.originals)


def test_scale_clip_and_operations_are_those_of_the_hand_over(found: PrivacyMeasurement) -> None:
    """Clip, noise and operations are those of the published mechanism, by hand."""
    data = parts().calibration.inputs
    largest = sorted(data.flatten(1).amax(dim=1).tolist())
    bound = (largest[7] + largest[8]) / 2  # the median of 16
    noisy = found.rows[2]
    assert noisy.clip == pytest.approx(bound)
    assert noisy.scale == pytest.approx(2 * bound / 2.0)
    assert noisy.added_flops == 7 * 64
    assert found.rows[5].added_flops == 7 * 48


def test_the_baseline_is_the_error_of_the_mean_training_image(found: PrivacyMeasurement) -> None:
    """The baseline is the error of who saw nothing: the mean picture."""
    mean = parts().train.inputs.mean(dim=0)
    expected = statistics.fmean(float(((image - mean) ** 2).mean()) for image in parts().measured.inputs)
    assert found.baseline_mse == pytest.approx(expected, rel=1e-5)


def test_accuracy_and_cross_entropy_without_protection_are_the_networks(found: PrivacyMeasurement) -> None:
    """Without protection the network answers as it did."""
    measured = parts().measured
    with torch.no_grad():
        logits = network().eval()(measured.inputs)[-1]
    chosen = torch.log_softmax(logits, dim=1)[torch.arange(40), measured.labels]
    for row in (found.rows[0], found.rows[3]):
        assert row.accuracy == pytest.approx(float((logits.argmax(1) == measured.labels).float().mean()))
        assert row.cross_entropy == pytest.approx(-float(chosen.mean()), rel=1e-5)
        assert row.cross_entropy_sd == 0


def test_calibration_divides_the_logits() -> None:
    """Cross-entropies are those of calibrated confidences."""
    model = network()
    model.temperatures[-1] = 2.0
    row = measure_privacy(model, parts(), cuts=[0], epsilons=(), weights=(), seeds=(0,)).rows[0]
    with torch.no_grad():
        chosen = torch.log_softmax(model(parts().measured.inputs)[-1] / 2, dim=1)
    assert row.cross_entropy == pytest.approx(-float(chosen[torch.arange(40), parts().measured.labels].mean()))


def test_error_bars_are_sample_deviations_over_seeds(found: PrivacyMeasurement) -> None:
    """Error bars are sample deviations; of one seed there are none."""
    one, other = (measure((seed,)).rows for seed in (0, 1))
    for both, first, second in zip(found.rows, one, other, strict=True):
        assert first.mse_sd is None
        assert both.mse == pytest.approx((first.mse + second.mse) / 2)
        assert both.mse_sd == pytest.approx(abs(first.mse - second.mse) / 2**0.5)
        assert both.accuracy_sd == pytest.approx(abs(first.accuracy - second.accuracy) / 2**0.5)


def test_the_same_seeds_give_the_same_table(found: PrivacyMeasurement) -> None:
    """A measured leak can be measured again."""
    assert measure((0, 1)).rows == found.rows


def test_measured_images_reach_no_training(monkeypatch: pytest.MonkeyPatch) -> None:
    """No decoder and no tuning sees a picture that leaks are measured on."""
    seen: list[torch.Tensor] = []
    decoders, tunings = privacy.train_decoder, privacy.train_against_leak

    def train_decoder(activations: torch.Tensor, inputs: torch.Tensor, *rest: object, **named: object) -> object:
        seen.append(inputs)
        return decoders(activations, inputs, *rest, **named)  # type: ignore[arg-type]

    def train_against_leak(model: MultiExit, data: Labelled, *rest: object) -> MultiExit:
        seen.append(data.inputs)
        return tunings(model, data, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(privacy, "train_decoder", train_decoder)
    monkeypatch.setattr(privacy, "train_against_leak", train_against_leak)
    measure()
    attack, train = len(parts().attack), len(parts().train)
    assert [len(inputs) for inputs in seen] == [attack] * 5 + [train, attack]
    assert all(float(inputs[:, 0, 0, 0].max()) == 0 for inputs in seen)


def test_the_decoder_sees_activations_of_its_own_inputs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The attack is trained on pairs that belong together."""
    crossed: list[torch.Tensor] = []
    decoders = privacy.train_decoder

    def train_decoder(activations: torch.Tensor, inputs: torch.Tensor, *rest: object, **named: object) -> object:
        crossed.append(activations)
        return decoders(activations, inputs, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(privacy, "train_decoder", train_decoder)
    measure(cuts=[1], epsilons=(), weights=())
    with torch.no_grad():
        assert torch.allclose(crossed[0], network().eval().stages[0](parts().attack.inputs), atol=1e-6)


def test_the_network_stays_as_it_is() -> None:
    """Measuring leaks tunes a copy of the network."""
    model = network()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    measure_privacy(model, parts(), cuts=[1], epsilons=(), weights=(1.0,), seeds=(0,), attack=Attack(epochs=1, width=4))
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_progress_and_pictures_cover_every_row(found: PrivacyMeasurement) -> None:
    """Progress counts every row and seed, and each row has its pictures."""
    steps: list[PrivacyProgress] = []
    measure((3, 4), on_progress=steps.append)
    assert [step.done for step in steps] == list(range(1, 15))
    assert {step.total for step in steps} == {14}
    assert steps[-1].what == "cut 1, distance-correlation 1, seed 4"
    assert [rebuilt.row for rebuilt in found.rebuilt] == found.rows
    assert {tuple(rebuilt.inputs.shape) for rebuilt in found.rebuilt} == {(3, 1, 8, 8)}


def test_vectors_have_no_structural_similarity() -> None:
    """Likeness of pictures is not made up for vectors."""
    flat = DataParts(*(Labelled(part.inputs.flatten(1), part.labels) for part in parts()))
    model = MultiExit([nn.Linear(64, 8), nn.Linear(8, 2)])
    result = measure_privacy(model, flat, epsilons=(5.0,), weights=(), seeds=(0,), attack=Attack(epochs=1, width=4))
    assert [row.ssim for row in result.rows] == [None] * 4
    assert result.baseline_ssim is None


def test_all_faults_of_a_choice_are_named_at_once() -> None:
    """Cuts, epsilons, weights and seeds without sense are told together."""
    with pytest.raises(InputError) as caught:
        measure((), cuts=[0, 2], epsilons=(1.0, -1.0), weights=(3.0, 3.0))
    assert [problem.place for problem in caught.value.problems] == [
        "privacy, cuts",
        "privacy, epsilons",
        "privacy, weights",
        "privacy, seeds",
    ]


def test_a_cut_that_hands_on_zeros_has_no_clipping_bound() -> None:
    """A bound of zero would clip everything away: refused with its cut."""

    class Zero(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.zeros_like(x)

    model = MultiExit([Zero(), nn.Sequential(nn.Flatten(), nn.Linear(64, 2))])
    with pytest.raises(InputError, match="cut 1: half of the calibration inputs"):
        measure_privacy(model, parts(), cuts=[1], epsilons=(1.0,), weights=(), seeds=(0,), attack=Attack(epochs=1))
