"""Time of a function by memory: measured points, the law fitted to them, and what the law leaves unexplained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from serflow_opt.plotting.plan import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from serflow_opt.speed.fit import SpeedFit
    from serflow_opt.speed.points import Point


def plot_speed(
    points: Sequence[Point], fit: SpeedFit, axes: tuple[Axes, Axes] | None = None, title: str = ""
) -> tuple[Axes, Axes]:
    """Draw time over memory, on logarithmic axes, and below it the residual of each point.

    Parameters
    ----------
    points
        Measured points; bars show one standard deviation between invocations where it is known.
    fit
        What was fitted to them.
    axes
        Axes for times and for residuals, which share their memory axis; None: new ones of the current backend.
    """
    times, residuals = axes or _new_axes()
    memory = [point.memory_mb for point in points]
    below = [1000 * min(point.sd_s or 0.0, 0.999 * point.seconds) for point in points]
    above = [1000 * (point.sd_s or 0.0) for point in points]
    size = 6 if len(points) <= 20 else 3
    steps = [memory[0] * (memory[-1] / memory[0]) ** (step / 200) for step in range(201)]
    times.errorbar(
        memory,
        [1000 * point.seconds for point in points],
        yerr=(below, above) if any(above) else None,
        fmt="o",
        color=COLOURS[1],
        capsize=3,
        label="measured" + (" ± sd" if any(above) else ""),
        markersize=size,
        zorder=3,
    )
    times.plot(steps, [1000 * fit.seconds(m) for m in steps], color=COLOURS[0], label=_law(fit))
    if fit.fixed_s is not None and fit.fixed_s.value > 0:
        times.axhline(1000 * fit.fixed_s.value, color="grey", linestyle="--", linewidth=1, label="fixed part")
    residuals.axhline(0, color=COLOURS[0])
    residuals.vlines(memory, 0, [100 * residual for residual in fit.residuals], color=COLOURS[1])
    residuals.plot(memory, [100 * residual for residual in fit.residuals], "o", color=COLOURS[1], markersize=size)
    for ax in (times, residuals):
        if memory[0] < fit.mb_per_vcpu < memory[-1]:
            line = ax.axvline(fit.mb_per_vcpu, color="black", linestyle=":", linewidth=1)
            if ax is times:
                line.set_label(f"one vCPU, {fit.mb_per_vcpu:,.4g} MB")
        ax.spines[["top", "right"]].set_visible(False)
    _label(times, residuals, memory, title)
    return times, residuals


def _law(fit: SpeedFit) -> str:
    fixed = "" if fit.fixed_s is None else f"{1000 * fit.fixed_s.value:.3g} ms + "
    work = f"{fixed}{1000 * fit.vcpu_seconds.value:.4g} ms on one vCPU"
    return work if fit.parallel_fraction is None else f"{work}, p = {fit.parallel_fraction.value:.3g}"


def _label(times: Axes, residuals: Axes, memory: Sequence[int], title: str) -> None:
    from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

    for ax in (times, residuals):
        ax.set_xscale("log")
        ax.xaxis.set_minor_locator(NullLocator())
    low, high = times.get_ylim()
    if high > 5 * max(low, 0):  # over a narrow range a logarithmic axis would have one tick or none
        times.set_yscale("log")
        times.yaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 5)))
        times.yaxis.set_minor_locator(NullLocator())
    times.yaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
    times.set_title(title.replace("$", r"\$"), fontsize=10)
    times.set_ylabel("time of an invocation (ms)")
    times.legend(fontsize=8, frameon=False)
    residuals.set_ylabel("residual (%)")
    residuals.set_xlabel("memory (MB)")
    shown, closest = [memory[0]], (memory[-1] / memory[0]) ** 0.1  # closer together the labels would overlap
    for m in memory:
        if m > closest * shown[-1]:
            shown.append(m)
    residuals.set_xticks(shown, [f"{m:,}" for m in shown])


def _new_axes() -> tuple[Axes, Axes]:
    import matplotlib.pyplot as plt

    times, residuals = plt.subplots(2, sharex=True, height_ratios=(3, 1), figsize=(7, 6), layout="constrained")[1]
    return times, residuals
