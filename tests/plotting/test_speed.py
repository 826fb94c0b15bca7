"""Pictures of speed by memory: points where they were measured, residuals where the fit leaves them."""

from __future__ import annotations

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import pytest

from serflow_opt.plotting.speed import plot_speed
from serflow_opt.speed.fit import fit_speed
from serflow_opt.speed.points import Point


def test_points_curve_and_residuals_are_those_of_the_fit() -> None:
    """The curve begins and ends at the fitted times of the first and last size; residuals are drawn in per cent."""
    points = [Point(884, 2.1), Point(1769, 1.0), Point(3538, 0.72), Point(7076, 0.55)]
    fit = fit_speed(points, 1769)
    times, residuals = plot_speed(points, fit)
    curve = max(times.lines, key=lambda line: len(line.get_xdata()))
    assert [curve.get_ydata()[0], curve.get_ydata()[-1]] == pytest.approx(
        [1000 * fit.seconds(884), 1000 * fit.seconds(7076)]
    )
    drawn = next(line for line in residuals.lines if line.get_marker() == "o")
    assert list(drawn.get_xdata()) == [884, 1769, 3538, 7076]
    assert list(drawn.get_ydata()) == pytest.approx([100 * own for own in fit.residuals])
    plt.close("all")
