"""Protections: what clipping bounds, how large the noise is, and that training against the leak lowers it."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pytest

torch = pytest.importorskip("torch")

from serflow_opt.profiling.data.parts import Labelled  # noqa: E402
from serflow_opt.profiling.measure.training import TrainingSettings, train  # noqa: E402
from serflow_opt.profiling.privacy.protection import (  # noqa: E402
    ClipAndNoise,
    clip,
    laplace,
    largest_values,
    train_against_leak,
    unprotected,
)
from serflow_opt.profiling.privacy.similarity import distance_correlation  # noqa: E402
from serflow_opt.profiling.stages.network import MultiExit  # noqa: E402


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    """Tiny tensors gain nothing from threads, which cost most when the machine is busy."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_clipping_scales_the_whole_activation_to_the_bound() -> None:
    """An activation too large is scaled as a whole, one within the bound not at all."""
    x = torch.tensor([[[1.0, -4.0]], [[0.5, 1.5]], [[0.0, 0.0]]])
    assert largest_values(x).tolist() == [4.0, 1.5, 0.0]
    assert clip(x, 2.0).tolist() == [[[0.5, -2.0]], [[0.5, 1.5]], [[0.0, 0.0]]]


def test_no_value_exceeds_the_bound() -> None:
    """After clipping nothing is beyond the bound: the noise is sized for that."""
    x = torch.randn(50, 3, 4, 4, generator=seeded()) * 5
    assert float(clip(x, 0.7).abs().max()) <= 0.7 * (1 + 1e-6)


def test_the_noise_is_laplace_of_the_stated_scale() -> None:
    """|X| is exponential with mean and deviation b, X² has mean 2 b² and deviation √20 b²; half lies within b ln 2."""
    scale, count = 0.3, 200_000
    noise = laplace(torch.empty(count), scale, seeded())
    allowed = 5 / math.sqrt(count)  # five standard errors in units of the deviation
    assert float(noise.mean()) == pytest.approx(0, abs=allowed * math.sqrt(2) * scale)
    assert float(noise.abs().mean()) == pytest.approx(scale, abs=allowed * scale)
    assert float(noise.square().mean()) == pytest.approx(2 * scale**2, abs=allowed * math.sqrt(20) * scale**2)
    inside = (noise.abs() < scale * math.log(2)).float().mean()
    assert float(inside) == pytest.approx(0.5, abs=allowed * 0.5)


def test_scale_and_operations_are_as_stated() -> None:
    """The noise is 2 C / epsilon, at seven operations a value."""
    protect = ClipAndNoise(epsilon=4.0, clip=10.0)
    assert protect.scale == 5.0  # 2 C / ε
    assert protect.operations(100) == 700


def test_protected_is_clipped_plus_noise_drawn_from_the_generator() -> None:
    """Protection is clipping plus Laplace noise, repeatable by its generator."""
    x = torch.randn(5, 6, generator=seeded()) * 9
    protect = ClipAndNoise(epsilon=8.0, clip=2.0)
    first = protect(x, seeded(1))
    assert torch.equal(first, protect(x, seeded(1)))
    assert not torch.equal(first, protect(x, seeded(2)))
    assert torch.equal(first, clip(x, 2.0) + laplace(x, 0.5, seeded(1)))
    assert unprotected(x, seeded()) is x


def test_training_against_the_leak_lowers_it_and_leaves_the_network() -> None:
    """Classes lie apart along the first of six values, so the other five can be forgotten."""
    labels = torch.arange(96) % 2
    inputs = torch.randn(96, 6, generator=seeded())
    inputs[:, 0] = 2 * labels - 1 + 0.1 * inputs[:, 0]
    data = Labelled(inputs, labels)
    torch.manual_seed(0)
    network = MultiExit([torch.nn.Linear(6, 6), torch.nn.Linear(6, 2)])
    train(network, data, TrainingSettings(epochs=20, batch=16, learning_rate=1e-2))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    settings = TrainingSettings(epochs=20, batch=32, learning_rate=1e-2)
    leak = {}
    for weight in (0.0, 3.0):
        student = train_against_leak(network, data, 1, weight, settings)
        with torch.no_grad():
            leak[weight] = float(distance_correlation(inputs, student.until(1, inputs)))
            right = (student(inputs)[-1].argmax(1) == data.labels).float().mean()
        assert right == 1  # the classes lie 20 deviations apart
    assert leak[3.0] < leak[0.0] - 0.05
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
