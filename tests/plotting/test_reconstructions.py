"""Pictures that attacks rebuilt, by cut and protection."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("torch")

import torch
from matplotlib.figure import Figure
from support.leaks import measure

from serflow_opt.plotting.reconstructions import plot_reconstructions
from serflow_opt.profiling.privacy.measure import PrivacyMeasurement


@pytest.fixture(autouse=True, scope="module")
def _one_thread() -> Iterator[None]:
    """Tiny tensors gain nothing from threads, which cost most when the machine is busy."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def found() -> PrivacyMeasurement:
    return measure((0,), show=3)


def test_the_picture_has_a_line_a_cut_and_a_column_a_protection(found: PrivacyMeasurement) -> None:
    """Pictures stand by cut and protection, beside the originals."""
    figure = plot_reconstructions(found, Figure())
    titles = [ax.get_title() for ax in figure.axes if ax.get_title()]
    assert titles == [
        "original",
        "unprotected",
        "laplace\nε = 50",
        "laplace\nε = 2",
        "distance-correlation\nscale 1",
    ]
    cells = [bool(ax.images) for ax in figure.axes]
    assert cells == [True] * 4 + [False] + [True] * 5  # at cut 0 there is nothing to train
    shown = figure.axes[0].images[0].get_array()
    assert shown.shape == (8, 3 * 8 + 2, 3)  # three images, a pixel between them, as RGB
    with pytest.raises(ValueError, match="no reconstructions"):
        plot_reconstructions(measure(cuts=[0], epsilons=(), weights=()))
