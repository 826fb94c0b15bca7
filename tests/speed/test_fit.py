"""The law of speed by memory: figures come back from times made by hand formula, and intervals mean what they say."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serflow_opt.speed.fit import SpeedFit, fit_speed
from serflow_opt.speed.points import Point

MB = 1769
"""Memory of one vCPU on AWS Lambda."""
SIZES = (256, 512, 1024, 1769, 3538, 7076, 10240)


def amdahl(memory_mb: float, work: float, p: float, fixed: float = 0.0) -> float:
    """Seconds by the documented formula."""
    v = memory_mb / MB
    return fixed + (work / v if v < 1 else work * ((1 - p) + p / v))


def points(work: float, p: float, fixed: float = 0.0, sizes: tuple[int, ...] = SIZES) -> list[Point]:
    return [Point(m, amdahl(m, work, p, fixed)) for m in sizes]


def figures(fit: SpeedFit) -> tuple[float, float, float]:
    assert fit.parallel_fraction is not None
    return fit.vcpu_seconds.value, fit.parallel_fraction.value, fit.fixed_s.value if fit.fixed_s else 0.0


@settings(max_examples=25, deadline=None)
@given(work=st.floats(1e-3, 1e3), p=st.floats(0, 1), share=st.floats(0, 2))
def test_exact_times_give_their_figures_back(work: float, p: float, share: float) -> None:
    """Times made by Amdahl's law are fitted by the figures they were made of."""
    plain = fit_speed(points(work, p), MB)
    assert figures(plain) == pytest.approx((work, p, 0), rel=1e-6, abs=1e-6)
    assert plain.rms < 1e-7
    fixed = fit_speed(points(work, p, share * work), MB, fixed=True)
    assert figures(fixed) == pytest.approx((work, p, share * work), rel=1e-5, abs=1e-5 * max(work, 1))


def test_two_points_are_enough_and_say_nothing_of_their_errors() -> None:
    """Two points determine two figures, and no interval."""
    # half a vCPU: 2 s; two vCPUs: 1 s x (0.4 + 0.6 / 2) = 0.7 s
    fit = fit_speed([Point(885, 2 * 884.5 / 885), Point(3538, 0.7)], MB)
    assert figures(fit)[:2] == pytest.approx((1, 0.6), rel=1e-9)
    assert (fit.vcpu_seconds.interval, fit.scatter) == (None, None)


def test_the_fitted_time_is_amdahls() -> None:
    """The fit predicts times by the documented law, below and above one vCPU."""
    fit = fit_speed(points(1.0, 0.8, 0.25), MB, fixed=True)
    assert fit.seconds(MB) == pytest.approx(1.25, rel=1e-6)
    assert fit.seconds(MB / 2) == pytest.approx(2.25, rel=1e-6)
    assert fit.seconds(4 * MB) == pytest.approx(0.25 + 0.2 + 0.8 / 4, rel=1e-6)


def test_other_clouds_have_other_vcpus() -> None:
    """The memory that buys a vCPU is the cloud's, not a constant."""
    # 1,000 MB a vCPU: 2 s, 1 s, and 1 s x (0.5 + 0.5 / 2)
    fit = fit_speed([Point(500, 2), Point(1000, 1), Point(2000, 0.75)], 1000)
    assert figures(fit)[:2] == pytest.approx((1, 0.5), rel=1e-6)


def test_below_one_vcpu_the_parallel_fraction_is_not_known() -> None:
    """Below one vCPU nothing runs in parallel: the fraction is not guessed, nor times beyond."""
    fit = fit_speed([Point(512, 4.0), Point(1024, 2.0), Point(1769, 2048 / 1769)], MB)
    assert fit.parallel_fraction is None
    assert fit.vcpu_seconds.value == pytest.approx(2048 / 1769, rel=1e-9)
    with pytest.raises(ValueError, match="no point above 1769 MB"):
        fit.seconds(1770)


def test_the_interval_of_the_work_is_students_where_only_it_is_fitted() -> None:
    """ln T = mean of ln(t v), and its interval the mean ± t(0.975, 2) s / sqrt(3); from a table, t = 4.302653."""
    logs = [0.1, -0.05, 0.04]
    at_one = [Point(m, 3.0 * math.exp(e) * MB / m) for m, e in zip((256, 512, 1024), logs, strict=True)]
    fit = fit_speed(at_one, MB)
    mean = sum(logs) / 3
    sd = math.sqrt(sum((e - mean) ** 2 for e in logs) / 2)
    half = 4.302653 * sd / math.sqrt(3)
    assert fit.vcpu_seconds.value == pytest.approx(3 * math.exp(mean), rel=1e-8)
    assert fit.vcpu_seconds.interval == pytest.approx((3 * math.exp(mean - half), 3 * math.exp(mean + half)), rel=1e-5)
    assert fit.scatter == pytest.approx(sd, rel=1e-6)
    assert fit.residuals == pytest.approx([math.exp(e - mean) - 1 for e in logs], rel=1e-6)
    assert fit.rms == pytest.approx(math.sqrt(sum(math.expm1(e - mean) ** 2 for e in logs) / 3), rel=1e-6)


def noisy(seed: int, p: float, fixed: float, noise: float = 0.03) -> list[Point]:
    rng = random.Random(seed)
    return [Point(m, amdahl(m, 0.5, p, fixed) * math.exp(rng.gauss(0, noise))) for m in SIZES]


@pytest.mark.parametrize("seed", range(5))
def test_noise_moves_the_figures_within_their_intervals_and_no_grid_point_fits_better(seed: int) -> None:
    """Estimate, scatter and interval are those of least squares over a fine grid."""
    measured = noisy(seed, p=0.9, fixed=0.0)
    fit = fit_speed(measured, MB)
    assert fit.parallel_fraction is not None
    assert fit.vcpu_seconds.value == pytest.approx(0.5, rel=0.06)
    assert fit.parallel_fraction.value == pytest.approx(0.9, abs=0.06)

    def squares(p: float) -> float:
        """The best work for p has the mean logarithm."""
        logs = [math.log(point.seconds / amdahl(point.memory_mb, 1, p)) for point in measured]
        return sum((e - sum(logs) / len(logs)) ** 2 for e in logs)

    grid = {p / 1000: squares(p / 1000) for p in range(1001)}
    best = min(grid, key=lambda p: grid[p])
    assert fit.parallel_fraction.value == pytest.approx(best, abs=1e-3)
    assert fit.scatter is not None
    assert fit.scatter**2 * 5 == pytest.approx(min(grid.values()), rel=1e-3)
    # F(0.95; 1, 5) = t(0.975, 5)² = 2.570582²
    inside = [p for p, value in grid.items() if value <= fit.scatter**2 * (5 + 2.570582**2)]
    assert fit.parallel_fraction.interval == pytest.approx((inside[0], inside[-1]), abs=2e-3)


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    """Intervals at 95 % hold the truth in nearly all of some noisy measurements."""
    held = 0
    for seed in range(18):
        fit = fit_speed(noisy(seed, p=0.8, fixed=0.2), MB, fixed=True)
        assert fit.fixed_s is not None
        assert fit.fixed_s.interval is not None
        held += fit.fixed_s.interval[0] <= 0.2 <= fit.fixed_s.interval[1]
    assert held >= 14  # 17 expected; fewer than 14 has a chance of 1.5e-3


def test_figures_stay_within_what_is_possible() -> None:
    """Times that break the law are fitted by a fraction from 0 to 1 and no negative fixed part."""
    slower = [Point(1769, 1.0), Point(3538, 1.1), Point(7076, 1.2)]  # more memory, more time
    fit = fit_speed(slower, MB)
    assert fit.parallel_fraction is not None
    assert fit.parallel_fraction.value == 0
    assert fit.parallel_fraction.interval is not None
    assert fit.parallel_fraction.interval[0] == 0
    faster = [Point(885, 2.0), Point(1769, 0.9), Point(3538, 0.4), Point(7076, 0.18)]  # faster than in proportion
    fit = fit_speed(faster, MB, fixed=True)
    assert figures(fit)[1:] == (1, 0)


def test_a_needless_fixed_part_does_not_lower_the_scatter_and_a_needed_one_does() -> None:
    """The scatter tells whether a fixed part is there."""

    def scatter(fixed: float, fit_it: bool) -> float:
        found = fit_speed(noisy(3, 0.9, fixed), MB, fit_it).scatter
        assert found is not None
        return found

    assert scatter(0.3, True) < 0.5 * scatter(0.3, False)
    assert scatter(0.0, True) > 0.9 * scatter(0.0, False)


@pytest.mark.parametrize(
    ("measured", "fixed", "words"),
    [
        ([Point(512, 1.0)], False, r"1 point\(s\) for 2 figures"),
        ([Point(512, 2.0), Point(2048, 1.0)], True, r"2 point\(s\) for 3 figures"),
        (
            [Point(m, 1000 / m) for m in (1769, 2048, 3008, 4096)],
            True,
            "below one vCPU",
        ),  # 1,769 MB is one vCPU, not above
        ([Point(m, 1000 / m) for m in (2048, 3008, 4096)], True, "below one vCPU"),
        ([Point(m, 1.0) for m in (256, 512, 1024, 2048)], True, "do not fall"),
    ],
)
def test_what_points_cannot_tell(measured: list[Point], fixed: bool, words: str) -> None:
    """Too few points, or points on one side of a vCPU, are refused with the reason."""
    with pytest.raises(ValueError, match=words):
        fit_speed(measured, MB, fixed)
