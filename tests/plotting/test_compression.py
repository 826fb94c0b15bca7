"""Pictures of compression: what is drawn is what the table says."""

from __future__ import annotations

import pytest

from serflow_opt.problem.compression_table import CompressionRow

pytest.importorskip("torch")

import matplotlib
from support.compressed import find, tiny_network, tiny_parts

from serflow_opt.plotting.compression import compression_panels, plot_compression
from serflow_opt.profiling.compression.measure import measure_compression

matplotlib.use("Agg")


@pytest.fixture(scope="module")
def rows() -> list[CompressionRow]:
    return measure_compression(tiny_network(), tiny_parts(), epochs=1, repeats=1)


def test_panels(rows: list[CompressionRow]) -> None:
    """The picture draws at each share the change of accuracy that the table has."""
    figure = compression_panels(rows)
    assert [ax.get_title() for ax in figure.axes] == ["cut 0", "cut 1", "cut 2"]
    line = next(line for line in figure.axes[1].lines if line.get_label() == "auto-encoder")
    assert line.get_xdata().tolist() == [0.5, 0.25]
    change = find(rows, 1, "autoencoder", 0.5).accuracy - find(rows, 1, "none").accuracy
    assert line.get_ydata()[0] == pytest.approx(100 * change)
    matplotlib.pyplot.close(figure)


def test_nothing_to_draw(rows: list[CompressionRow]) -> None:
    """A picture of nothing is refused in words."""
    with pytest.raises(ValueError, match="no compression"):
        compression_panels([])
    with pytest.raises(ValueError, match="no row of method none at cut 7"):
        plot_compression(rows, 7)
