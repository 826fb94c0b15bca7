"""A simulation in a picture: ways to have workers over time, or parts of the plan beside what came out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serflow_opt.families.picture import axes_or_new, name_rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from serflow_opt.families.events.result import EventsSimulated


def plot_simulated(found: EventsSimulated, axes: Axes | None = None) -> Axes:
    """Draw workers over time, one curve a way to have them; of a job or workflow bars for its parts.

    Parameters
    ----------
    found
        What was simulated.
    axes
        Axes to draw on; None: new ones.
    """
    axes = axes_or_new(axes, 4.5)
    if found.staffs:
        for own in found.staffs:
            moments, workers = own.at_work["s"], own.at_work["workers"]
            label = f"{own.name}: {own.time_s:,.0f} s, {own.worker_s:,.0f} worker seconds"
            axes.step([*moments, own.time_s], [*workers, 0.0], where="post", label=label)
        axes.set_ylim(bottom=0)
        axes.set_xlabel("s after the first order")
        axes.set_ylabel("workers that are there")
        axes.set_title(f"{found.instance}: workers over time")
        axes.legend()
        return axes
    for n, part in enumerate(found.parts):
        for shift, name, value in ((-0.2, "planned", part.planned), (0.2, "simulated", part.simulated)):
            label = name if n == 0 else "_nolegend_"
            axes.barh(n + shift, value, 0.38, color="C0" if name == "planned" else "C1", label=label)
    along = "s until a phase is over" if found.kind == "workflow" else "s on the path that ends last"
    name_rows(
        axes, [own.name for own in found.parts], along, f"{found.instance}: {found.runs} runs, times {found.times}"
    )
    axes.legend()
    return axes
