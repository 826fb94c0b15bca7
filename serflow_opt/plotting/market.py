"""Rules over a market: what each pays and how much is late, beside what nobody can stay below."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from serflow_opt.families.spot.compare import SpotComparison

PAID, BOUND = "#1f77b4", "#7f7f7f"


def plot_rules(comparison: SpotComparison, ax: Axes | None = None) -> Axes:
    """Draw a bar a rule, its bound as a stroke in it, and what was late beside it.

    Without rules the two bounds are drawn alone.

    Parameters
    ----------
    comparison
        Of `compare` or `scale` for a spot pool.
    ax
        Axes to draw on; None: new ones of the current backend.
    """
    if ax is None:
        import matplotlib.pyplot as plt

        ax = plt.subplots(figsize=(8, 3), layout="constrained")[1]
    rows = sorted(comparison.rules, key=lambda own: own.usd_per_hour)
    labels = [own.rule for own in rows]
    ax.barh(range(len(rows)), [own.usd_per_hour for own in rows], color=PAID, height=0.6)
    marks = [(n, own.bound_usd_per_hour) for n, own in enumerate(rows) if own.bound_usd_per_hour is not None]
    for known, words in (
        (comparison.limit_usd_per_hour, f"{comparison.late_max:.3g} late, nobody less"),
        (comparison.enough_usd_per_hour, "enough in every step, nobody less"),
    ):
        if not rows and known is not None:
            marks.append((len(labels), known))
            labels.append(words)
    said = "nobody with as many late pays less"
    for n, usd in marks:
        ax.plot([usd, usd], [n - 0.38, n + 0.38], color=BOUND, linewidth=2.5, label=said)
    for n, own in enumerate(rows):
        ax.annotate(f" {own.late:.2%} late", (own.usd_per_hour, n), va="center", fontsize=9)
    ax.set(yticks=range(len(labels)), yticklabels=labels, xlabel="USD an hour")
    ax.set_xlim(0, 1.18 * max([own.usd_per_hour for own in rows] + [usd for _, usd in marks], default=1.0))
    ax.invert_yaxis()
    ax.spines[["top", "right"]].set_visible(False)
    handles, names = ax.get_legend_handles_labels()
    if handles:
        ax.legend(handles[:1], names[:1], loc="upper right", frameon=False, fontsize=9)
    ax.set_title(f"{comparison.instance}, {comparison.days:.3g} days of {comparison.trace}", loc="left", fontsize=11)
    return ax
