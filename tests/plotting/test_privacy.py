"""Pictures of leaks: lines, points and error bars of the table."""

from __future__ import annotations

from dataclasses import replace

import pytest
from matplotlib.figure import Figure
from support.leak_tables import NOISY, PLAIN, errors

from serflow_opt.plotting.privacy import plot_privacy


def test_the_plot_has_a_line_for_each_setting_and_the_bars_of_the_table() -> None:
    """Points and bars are those of the table."""
    rows = [*errors((0, 0, 0.0, 0.0), (1, 0, 0.1, 0.01)), replace(NOISY, ssim=0.5, ssim_sd=0.02)]
    axes = list(Figure().subplots(1, 3))
    assert plot_privacy(rows, 0.07, 0.1, axes) == axes
    assert [label.get_text() for label in axes[-1].get_legend().get_texts()] == [
        "mean image, nothing seen",
        "unprotected",
        "laplace ε = 8",
    ]
    point, _, (bar,) = axes[0].containers[1].lines
    assert point.get_ydata().tolist() == [NOISY.mse]
    assert point.get_xdata()[0] == pytest.approx(NOISY.cut, abs=0.5)
    assert bar.get_segments()[0][:, 1] == pytest.approx([0.029, 0.031])  # the mean and one deviation of 0.001


def test_the_plot_leaves_out_a_similarity_that_is_not_there() -> None:
    """A likeness that was not measured gets no empty panel."""
    rows = [replace(PLAIN, ssim=None, ssim_sd=None)]
    assert [ax.get_ylabel() for ax in plot_privacy(rows, axes=list(Figure().subplots(1, 2)))] == [
        "reconstruction error, MSE",
        "accuracy of the last classifier",
    ]
    with pytest.raises(ValueError, match="3 axes for 2 panels"):
        plot_privacy(rows, axes=list(Figure().subplots(1, 3)))
    with pytest.raises(ValueError, match="no rows"):
        plot_privacy([])
