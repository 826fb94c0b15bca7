"""Similarity measures against formulas, hand-computed examples and plain loops."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch")

from serflow_opt.profiling.privacy.similarity import (  # noqa: E402
    distance_correlation,
    squared_error,
    structural_similarity,
)


def test_squared_error_of_each_image() -> None:
    """The error is a mean over pixels, by picture."""
    x = torch.tensor([[[[0.0, 2.0]]], [[[1.0, 1.0]]]])
    assert squared_error(x, torch.zeros_like(x)).tolist() == [2.0, 1.0]


def test_an_image_is_like_itself() -> None:
    """Likeness to itself is 1."""
    x = torch.rand(3, 2, 16, 14, generator=torch.Generator().manual_seed(0))
    assert structural_similarity(x, x, 1.0).tolist() == [1.0, 1.0, 1.0]


def test_constant_images_differ_by_luminance_alone() -> None:
    """For constant pictures the formula has one factor, by hand."""
    a, b, data_range = 0.8, 0.2, 2.0
    c1 = (0.01 * data_range) ** 2
    found = structural_similarity(torch.full((1, 1, 12, 12), a), torch.full((1, 1, 12, 12), b), data_range)
    assert float(found) == pytest.approx((2 * a * b + c1) / (a * a + b * b + c1), rel=1e-4)


@pytest.mark.parametrize(("height", "width", "side"), [(14, 13, 11), (11, 30, 11), (10, 12, 9), (5, 8, 5), (1, 4, 1)])
def test_ssim_is_what_plain_loops_give(height: int, width: int, side: int) -> None:
    """Likeness by convolutions is that of plain loops, small pictures included."""
    generator = np.random.default_rng(1)
    x, y = generator.uniform(size=(2, 2, height, width))
    expected = np.mean([loops_ssim(x[channel], y[channel], side, 1.0) for channel in range(2)])
    found = structural_similarity(torch.tensor(x)[None], torch.tensor(y)[None], 1.0)
    assert float(found) == pytest.approx(expected, rel=1e-9)


def loops_ssim(x: NDArray[np.float64], y: NDArray[np.float64], side: int, data_range: float) -> float:
    """Equations 13 to 17 of Wang et al. (2004), one window at a time."""
    reach = side // 2
    weights = {
        (i, j): math.exp(-(i * i + j * j) / (2 * 1.5**2))
        for i in range(-reach, reach + 1)
        for j in range(-reach, reach + 1)
    }
    total = sum(weights.values())
    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    values = []
    for row in range(reach, x.shape[0] - reach):
        for column in range(reach, x.shape[1] - reach):
            here = [(w / total, x[row + i, column + j], y[row + i, column + j]) for (i, j), w in weights.items()]
            mx, my = sum(w * a for w, a, _ in here), sum(w * b for w, _, b in here)
            vx, vy = sum(w * (a - mx) ** 2 for w, a, _ in here), sum(w * (b - my) ** 2 for w, _, b in here)
            cov = sum(w * (a - mx) * (b - my) for w, a, b in here)
            values.append((2 * mx * my + c1) * (2 * cov + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2)))
    return sum(values) / len(values)


def test_distance_correlation_of_a_line_is_one() -> None:
    """A straight line is dependence at its most."""
    x = torch.rand(20, 1, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert float(distance_correlation(x, 1 - 3 * x)) == pytest.approx(1)


def test_distance_correlation_by_hand() -> None:
    """x = 0, 1, 2 and y = 0, 1, 0: V²(x, y) = 8/81, V²(x) = 40/81, V²(y) = 16/81, so R² = 8 / √640 = 1 / √10."""
    x, y = torch.tensor([[0.0], [1.0], [2.0]]), torch.tensor([[0.0], [1.0], [0.0]])
    assert float(distance_correlation(x, y)) == pytest.approx(10**-0.25)


def test_distance_correlation_is_what_plain_loops_give() -> None:
    """The fast formula is that of plain loops, and shifting inputs changes nothing."""
    generator = np.random.default_rng(2)
    x, y = generator.normal(size=(9, 2, 3)), generator.normal(size=(9, 4))
    y[:, :2] += x[:, 0, :2]
    expected = loops_distance_correlation(x.reshape(9, -1), y)
    assert float(distance_correlation(torch.tensor(x), torch.tensor(y))) == pytest.approx(expected, rel=1e-9)
    shifted = torch.tensor(x, dtype=torch.float32) + 10
    assert float(distance_correlation(shifted, torch.tensor(y, dtype=torch.float32))) == pytest.approx(
        expected, rel=1e-4
    )


def loops_distance_correlation(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Definitions 4 and 5 of Székely et al. (2007), entry by entry."""
    n = len(x)

    def centred(points: NDArray[np.float64]) -> list[list[float]]:
        d = [[math.dist(points[i], points[j]) for j in range(n)] for i in range(n)]
        rows = [sum(row) / n for row in d]
        mean = sum(rows) / n
        return [[d[i][j] - rows[i] - rows[j] + mean for j in range(n)] for i in range(n)]

    a, b = centred(x), centred(y)

    def product(p: list[list[float]], q: list[list[float]]) -> float:
        return sum(p[i][j] * q[i][j] for i in range(n) for j in range(n)) / n**2

    return math.sqrt(product(a, b) / math.sqrt(product(a, a) * product(b, b)))


def test_distance_correlation_with_a_constant_is_zero() -> None:
    """A constant tells nothing: zero, not zero by zero."""
    x = torch.rand(8, 3, generator=torch.Generator().manual_seed(0))
    assert float(distance_correlation(x, torch.full((8, 5), 0.1))) == 0


def test_its_gradient_is_that_of_finite_differences() -> None:
    """Training against leaks follows the true gradient."""
    generator = torch.Generator().manual_seed(3)
    x, y = (torch.rand(6, 3, generator=generator, dtype=torch.float64, requires_grad=True) for _ in range(2))
    assert torch.autograd.gradcheck(distance_correlation, (x, y))


@pytest.mark.parametrize("rows", [[[1.0, 2.0], [1.0, 2.0], [3.0, 0.0]], [[0.0, 0.0]] * 3])
def test_its_gradient_is_finite_where_rows_are_equal(rows: list[list[float]]) -> None:
    """Equal rows have distance zero, whose root must not give NaN."""
    y = torch.tensor(rows, requires_grad=True)
    distance_correlation(torch.tensor([[0.0], [1.0], [2.0]]), y).backward()
    assert y.grad is not None
    assert torch.isfinite(y.grad).all()
