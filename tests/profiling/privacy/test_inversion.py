"""Decoders: they have the right shapes, rebuild what can be rebuilt, and learn nothing from nothing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

torch = pytest.importorskip("torch")

from serflow_opt.errors import InputError  # noqa: E402
from serflow_opt.profiling.privacy.inversion import Attack, Whitening, decoder_body, train_decoder  # noqa: E402
from serflow_opt.profiling.privacy.protection import unprotected  # noqa: E402
from serflow_opt.profiling.privacy.similarity import squared_error  # noqa: E402

TINY = Attack(epochs=2, width=4)


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    """Tiny tensors gain nothing from threads, which cost most when the machine is busy."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def images(count: int = 240) -> torch.Tensor:
    """Bright rectangles on dark 8x8 ground."""
    generator = torch.Generator().manual_seed(0)
    corners = torch.randint(0, 5, (count, 2), generator=generator)
    shine = torch.rand(count, generator=generator) / 2 + 0.5
    ground = torch.zeros(count, 1, 8, 8)
    for image, (top, left), value in zip(ground, corners.tolist(), shine, strict=True):
        image[0, top : top + 3, left : left + 4] = value
    return ground


@pytest.mark.parametrize("target", [(1, 8, 8), (3, 28, 28), (1, 9, 14), (2, 1, 6), (1, 1, 1), (5,), (4, 3)])
@pytest.mark.parametrize(
    "activation", [(6, 8, 8), (2, 4, 4), (2, 5, 3), (3, 26, 26), (4, 1, 1), (7,), (5, 6), (2, 60, 40)]
)
def test_any_activation_becomes_the_shape_of_the_input(activation: tuple[int, ...], target: tuple[int, ...]) -> None:
    """A decoder exists for every pair of shapes."""
    body = decoder_body(activation, target, width=4)
    assert body(torch.zeros(2, *activation)).shape == (2, *target)


@pytest.mark.parametrize("hidden", ["map", "vector"])
def test_what_loses_nothing_is_rebuilt(hidden: str) -> None:
    """A leak that is total is found: maps and mixed vectors are rebuilt."""
    x = images()
    mixing = torch.linalg.qr(torch.randn(64, 64, generator=torch.Generator().manual_seed(1)))[0]
    seen = torch.cat([2 * x - 1, x * 0.5], dim=1) if hidden == "map" else x.flatten(1) @ mixing
    learnt, kept = slice(0, 180), slice(180, None)
    decoder = train_decoder(seen[learnt], x[learnt], unprotected, Attack(epochs=30, width=16))
    error = squared_error(decoder.rebuild(seen[kept]), x[kept]).mean()
    assert float(error) < 0.02 * float(x.var(dim=0).mean())


def test_whitened_channels_have_unit_spread_and_no_correlation() -> None:
    """Whitening removes mean, spread and correlation, or weak channels would be overlooked."""
    generator = torch.Generator().manual_seed(0)
    mixing = torch.tensor([[5.0, 0.0, 0.0], [5.0, 0.3, 0.0], [1.0, 1.0, 1.0]])
    maps = torch.einsum("ij,bjhw->bihw", mixing, torch.randn(50, 3, 4, 4, generator=generator)) + 7
    whitened = Whitening(maps)(maps)
    assert whitened.shape == maps.shape
    assert torch.allclose(whitened.mean(dim=0), torch.zeros(3, 4, 4), atol=1e-4)
    assert torch.allclose(torch.cov(whitened.movedim(1, 0).flatten(1), correction=0), torch.eye(3), atol=1e-3)


def test_too_many_values_for_the_data_are_scaled_by_one_number() -> None:
    """With too few inputs one scale is safer than a matrix."""
    x = torch.tensor([[1.0, 10.0], [3.0, 10.0]])  # two inputs: four would be too few for two values
    assert torch.allclose(Whitening(x)(x), torch.tensor([[-1.0, 0.0], [1.0, 0.0]]) * 2**0.5)


def test_what_large_values_hide_is_rebuilt() -> None:
    """The image is the small difference of two channels of large, equal noise."""
    x = images()
    noise = 10 * torch.randn(x.shape, generator=torch.Generator().manual_seed(1))
    seen = torch.cat([noise + x, noise], dim=1)
    decoder = train_decoder(seen[:180], x[:180], unprotected, Attack(epochs=30, width=16))
    error = squared_error(decoder.rebuild(seen[180:]), x[180:]).mean()
    assert float(error) < 0.05 * float(x.var(dim=0).mean())


def test_vectors_are_rebuilt_too() -> None:
    """Inputs that are no pictures are attacked, too."""
    x = torch.rand(300, 4, generator=torch.Generator().manual_seed(0))
    decoder = train_decoder(3 - 2 * x[:200], x[:200], unprotected, Attack(epochs=30, width=8))
    assert float(squared_error(decoder.rebuild(3 - 2 * x[200:]), x[200:]).mean()) < 0.02 / 12  # variance 1/12


def test_nothing_is_learnt_from_a_constant() -> None:
    """Whoever sees nothing answers with the mean, whose squared error is the variance of the data."""
    x = images(400)
    decoder = train_decoder(torch.ones(300, 6), x[:300], unprotected, Attack(epochs=10, width=8))
    error = float(squared_error(decoder.rebuild(torch.ones(100, 6)), x[300:]).mean())
    assert error == pytest.approx(float(x.var(dim=0).mean()), rel=0.1)


def test_the_same_seed_gives_the_same_decoder() -> None:
    """An attack repeats itself by its seed."""
    x = images(40)
    first, again, other = (train_decoder(x * 2, x, unprotected, TINY, seed=seed).rebuild(x * 2) for seed in (0, 0, 1))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_training_leaves_the_global_generator_alone() -> None:
    """Attacks draw from a generator of their own."""
    x = images(20)
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    train_decoder(x, x, unprotected, TINY)
    assert torch.equal(torch.rand(1), expected)


def test_noise_is_drawn_anew_for_each_batch() -> None:
    """Noise learnt by heart would make a protection look weak."""
    draws = []

    def protect(activations: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
        draws.append(float(torch.rand(1, generator=generator)))
        return activations

    x = images(32)
    train_decoder(x, x, protect, Attack(epochs=3, batch=8, width=4))
    assert len(set(draws)) == len(draws) == 1 + 3 * 4  # once for mean and spread, then 4 batches an epoch


def test_answers_stay_within_the_range_of_the_inputs() -> None:
    """A rebuilt picture has no pixel beyond those of pictures."""
    x = images(40)
    rebuilt = train_decoder(x, x, unprotected, TINY).rebuild(x * 100 - 50)
    assert float(rebuilt.min()) >= float(x.min())
    assert float(rebuilt.max()) <= float(x.max())


def test_token_numbers_are_refused() -> None:
    """Numbers of tokens are no amounts, and cannot be rebuilt as such."""
    tokens = torch.zeros(4, 8, dtype=torch.int64)
    with pytest.raises(InputError, match="int64, for instance token numbers") as caught:
        train_decoder(torch.zeros(4, 3), tokens, unprotected)
    assert len(caught.value.problems) == 1
