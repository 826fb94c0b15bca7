"""Latency under traffic: what share of the requests is slower than what."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from serflow_opt.plotting.plan import COLOURS
from serflow_opt.plotting.text import brief, plain
from serflow_opt.plotting.timeline import legend_below, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import NDArray

    from serflow_opt.traffic.simulate.result import Simulation

STYLES = ("-", "--", ":", "-.")
"""One after the other, so that curves are told apart without colours, too."""
PERCENTILES = {50: "o", 95: "s", 99: "D"}
"""Marker of each percentile that is marked."""
POINTS = 1000
"""About as many points of a curve are drawn."""
FEW_DECADES = 1e3
"""Up to this ratio of latencies ticks between powers of ten are labelled, too."""
LEAST = 1e-6
"""Least share that is drawn."""


def plot_latency(simulations: Simulation | Sequence[Simulation], ax: Axes | None = None) -> Axes:
    """Draw the share of requests slower than a latency, one curve a simulation; lower and left is better.

    Dropped requests are slower than any latency, so a curve meets the target, the dashed line, at the share of its
    violations. Medians, 95th and 99th percentiles are marked; they are of all requests, dropped ones included.

    Parameters
    ----------
    simulations
        One or several.
    ax
        Axes to draw on; None: new ones of the current backend.

    Raises
    ------
    ValueError
        When nobody was served.
    """
    runs = list(simulations) if isinstance(simulations, Sequence) else [simulations]
    curves = [_LatencyCurve.of(run) for run in runs if len(run.latency)]
    if not curves:
        raise ValueError("no request was served: there is no latency to draw")
    ax = ax or _new_axes()
    targets = sorted({run.slo_s for run in runs if run.slo_s is not None})
    slowest = max([*targets, *(float(curve.latency_s[-1]) for curve in curves)])
    fastest = min([*targets, *(float(curve.latency_s[0]) for curve in curves)])
    unit, factor = ("s", 1.0) if slowest >= 20 else ("ms", 1000.0)
    least = max(LEAST, 10.0 ** math.floor(math.log10(1 / max(run.arrivals for run in runs))))
    for target in targets:
        label = f"target {_written(target)}"
        ax.axvline(target * factor, color="black", linestyle="--", linewidth=1, label=label)
    for k, (curve, run) in enumerate(zip(curves, (run for run in runs if len(run.latency)), strict=True)):
        colour, style = COLOURS[k % len(COLOURS)], STYLES[k % len(STYLES)]
        # dropped requests are slower than all that is in the picture
        x = np.append(curve.latency_s, 2 * slowest) * factor
        y = np.maximum(np.append(curve.slower, curve.slower[-1]), least / 10)
        label = plain(_label(run, curve))
        ax.plot(x, y, color=colour, linestyle=style, linewidth=1.6, drawstyle="steps-post", label=label)
        for percentile, marker in PERCENTILES.items():
            at = curve.percentiles[percentile]
            if math.isfinite(at):
                ax.plot(at * factor, 1 - percentile / 100, marker, color=colour, mec="white", markersize=5, zorder=3)
    for percentile in PERCENTILES:
        share = 1 - percentile / 100
        ax.axhline(share, color="0.6", linestyle=":", linewidth=0.8, zorder=1)
        ax.annotate(
            f"p{percentile}", (1, share), (4, 0), ax.get_yaxis_transform(), "offset points", va="center", fontsize=8
        )
    _scale(ax, fastest * factor, slowest * factor, least)
    ax.set_xlabel(f"latency ({unit})", fontsize=9)
    ax.set_ylabel("share of requests that are slower", fontsize=9)
    of = dict.fromkeys(f"{run.service} on {run.trace}" for run in runs)
    ax.set_title(plain("; ".join(of)), fontsize=10)
    legend_below(ax, 1 if len(runs) <= 3 else 2)
    return ax


class _LatencyCurve(NamedTuple):
    """Share of the requests that are slower than some latencies, and latencies that given percentiles keep."""

    latency_s: NDArray[np.float64]
    slower: NDArray[np.float64]
    percentiles: dict[int, float]

    @classmethod
    def of(cls, run: Simulation) -> _LatencyCurve:
        latency = np.sort(run.latency)
        n, served = run.arrivals, len(latency)
        few = np.geomspace(1, served, POINTS // 2)
        ranks = np.unique(np.concatenate([served - few, np.linspace(0, served - 1, POINTS // 2)]).astype(np.int64))
        values = np.unique(latency[ranks])
        slower = (n - np.searchsorted(latency, values, side="right")) / n
        rank = {q: max(0, math.ceil(q / 100 * n * (1 - 1e-12)) - 1) for q in PERCENTILES}
        kept = {q: float(latency[r]) if r < served else math.inf for q, r in rank.items()}
        # everybody is slower than what comes before the fastest
        return cls(np.concatenate([values[:1], values]).astype(float), np.concatenate([[1.0], slower]), kept)


def _label(run: Simulation, curve: _LatencyCurve) -> str:
    """Name a curve with its percentiles and violations."""
    marked = ", ".join(
        f"p{q} {_written(at) if math.isfinite(at) else 'dropped'}" for q, at in curve.percentiles.items()
    )
    lost = sum(run.dropped.values()) / run.arrivals
    late = run.violations / run.arrivals - lost
    said = [f"{rare(late)} late"] * (run.slo_s is not None) + [f"{rare(lost)} dropped"] * (lost > 0)
    return "; ".join([f"{run.policy}: {marked}", *said])


def rare(share: float) -> str:
    """Write a share that may be small: 19 %, 7.5 %, 0.035 %, <0.001 %."""
    if 0 < share < 1e-5:
        return "<0.001 %"
    return f"{100 * share:.2g} %" if share < 0.995 else "100 %"


def _written(seconds: float) -> str:
    return f"{brief(1000 * seconds)} ms" if seconds < 10 else f"{brief(seconds)} s"


def _scale(ax: Any, fastest: float, slowest: float, least: float) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    ax.set_yscale("log")
    ax.set_ylim(least, 1.3)
    ax.yaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:g} %"))
    if fastest > 0 and slowest > 10 * fastest:
        ax.set_xscale("log")
        ax.set_xlim(fastest / 1.2, slowest * 1.2)
        ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if slowest < FEW_DECADES * fastest else (1,)))
        ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,g}"))
        ax.xaxis.set_minor_formatter(NullFormatter())
    else:
        ax.set_xlim(0, slowest * 1.05 or 1)
    tidy(ax)


def _new_axes() -> Any:
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=(9, 4.5), layout="constrained")[1]
