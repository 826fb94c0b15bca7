"""What ways to serve a network cost, side by side, with the batches of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from serflow_opt.plotting.pools import MACHINES, OTHERS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from serflow_opt.traffic.provision.result import Deployment


def plot_batch_costs(found: Mapping[str, Deployment], ax: Axes | None = None) -> Axes:
    """Draw a bar for each deployment: what it costs, what is proven, its worst latency, its blocks and their batches.

    Parameters
    ----------
    found
        By name; those without a plan have no bar.
    ax
        Axes to draw on; None: new ones of the current backend.
    """
    if ax is None:
        import matplotlib.pyplot as plt

        ax = plt.subplots(figsize=(8.0, 0.9 * len(found) + 1.1))[1]
    rows = list(found.items())[::-1]
    most = max((own.usd_per_s * 3600 for _, own in rows if own.parts), default=1.0)
    for y, (_, own) in enumerate(rows):
        if not own.parts:
            ax.text(0.0, y, f" {own.status}", va="center")
            continue
        cost, bound = own.usd_per_s * 3600, own.bound * 3600
        ax.barh(y, cost, height=0.6, color=MACHINES)
        if bound < cost * (1 - 1e-3):
            ax.plot([bound, bound], [y - 0.3, y + 0.3], color=OTHERS, linewidth=2)
        ax.text(
            cost + 0.01 * most,
            y,
            f"{cost:.2f} USD/h, {own.latency_worst_ms:.4g} ms\n{_blocks(own)}",
            va="center",
            fontsize=8,
        )
    ax.set_yticks(range(len(rows)), [name for name, _ in rows])
    ax.set_xlim(0, 1.45 * most)
    ax.set_xlabel("USD an hour; a line in a bar is what is proven")
    for side in ("top", "right"):
        ax.spines[side].set_visible(False)
    return ax


def _blocks(own: Deployment) -> str:
    """Return the blocks in words, one a line."""
    return "\n".join(
        f"{p.first}-{p.last}: {p.count or ''}{' x ' if p.count else ''}{p.machine or p.function}, "
        + (f"batches of {p.batch_mean:.3g}" if p.batch > 1 else "one by one")
        for p in own.parts
    )
