"""What is measured at every cut, written as tables with their pictures: what leaks, and what can be compressed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from serflow_opt.files import write_atomically
from serflow_opt.profiling.data.parts import DataParts
from serflow_opt.profiling.stages.network import MultiExit

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Say = Callable[[str], object]
SHOWN = 8
"""Reconstructions in the picture."""


def write_leaks(
    network: MultiExit,
    parts: DataParts,
    folder: Path,
    *,
    cuts: Sequence[int] | None,
    epsilons: Sequence[float] | None,
    seeds: Sequence[int],
    say: Say,
) -> float:
    """Attack the cuts; write privacy.csv, training_privacy.csv, privacy.png and reconstructions.png.

    Parameters
    ----------
    network, parts
        The trained network, and the data: the decoders learn from `attack`, figures are of `measured`.
    folder
        Where the files go.
    cuts, epsilons, seeds
        As in `measure_privacy`; None: all cuts, and its own budgets.
    say
        Called with each line about what has been done.

    Returns
    -------
    float
        The error of guessing the mean training input: what an attacker reaches who sees nothing.

    Raises
    ------
    InputError
        As `measure_privacy` does.
    """
    import matplotlib.pyplot as plt

    from serflow_opt.plotting.privacy import plot_privacy
    from serflow_opt.plotting.reconstructions import plot_reconstructions
    from serflow_opt.problem.privacy_table import trend, write_privacy
    from serflow_opt.profiling.privacy.measure import EPSILONS, PrivacyProgress, measure_privacy
    from serflow_opt.profiling.rounds.table import write_leaks_by_cut

    def progress(done: PrivacyProgress) -> None:
        say(f"attack {done.done}/{done.total}: {done.what}")

    found = measure_privacy(
        network, parts, cuts=cuts, epsilons=epsilons or EPSILONS, seeds=seeds, show=SHOWN, on_progress=progress
    )
    write_privacy(found.rows, folder / "privacy.csv")
    write_leaks_by_cut(found.rows, found.baseline_mse, len(network.stages), folder / "training_privacy.csv")
    plot_privacy(found.rows, found.baseline_mse, found.baseline_ssim)
    _save(plt.gcf(), folder / "privacy.png")
    if parts.measured.inputs.ndim == 4:
        _save(plot_reconstructions(found), folder / "reconstructions.png")
    say(f"guessing the mean training input has error {found.baseline_mse:.4g}")
    for sentence in trend(found.rows):
        say(sentence)
    return found.baseline_mse


def write_compressed(
    network: MultiExit, parts: DataParts, folder: Path, *, cuts: Sequence[int] | None, seed: int, say: Say
) -> None:
    """Compress what crosses the cuts; write compression.csv and compression.png.

    Parameters
    ----------
    network, parts
        The trained network, and the data; figures are of `measured`.
    folder
        Where the files go.
    cuts, seed
        As in `measure_compression`; None: all cuts where fp32 crosses.
    say
        Called with a line for each row of the table.

    Raises
    ------
    InputError
        As `measure_compression` does.
    """
    from serflow_opt.plotting.compression import compression_panels
    from serflow_opt.problem.compression_table import CompressionRow, write_compression
    from serflow_opt.profiling.compression.measure import measure_compression

    def progress(done: int, total: int, row: CompressionRow) -> None:
        kept = f"{row.kept_fraction:.3f} of the bytes, right {row.accuracy:.4f}"
        say(f"compression {done}/{total}: cut {row.cut}, {row.method}: {kept}")

    rows = measure_compression(network, parts, cuts=cuts, seed=seed, on_progress=progress)
    write_compression(rows, folder / "compression.csv")
    _save(compression_panels(rows), folder / "compression.png")


def _save(figure: Figure, path: Path) -> None:
    import matplotlib.pyplot as plt

    write_atomically(path, lambda draft: figure.savefig(draft, dpi=120))
    plt.close(figure)
