"""A round in a picture: what each group of clients spends it on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from serflow_opt.families.picture import axes_or_new, name_rows

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from serflow_opt.families.answer import Solution

PARTS = (
    ("computes_s", "computes", "C0"),
    ("sends_s", "sends", "C1"),
    ("server_s", "server", "C2"),
    ("receives_s", "receives", "C4"),
)
"""Of a client's chain, in their order: key of the document, word, colour."""
MOST_BARS = 60


def plot_round(solution: Solution, axes: Axes | None = None) -> Axes:
    """Draw a bar for each group: it computes, sends, has the server work, receives, and waits for the others.

    Parameters
    ----------
    solution
        An answer with a plan.
    axes
        Axes to draw on; None: new ones.
    """
    axes = axes_or_new(axes)
    plan: dict[str, Any] = solution.plan or {"groups": [], "chain_s": 0.0, "served_s": 0.0, "mode": ""}
    groups = [own for own in plan["groups"] if own["cut"] is not None][:MOST_BARS]
    length = max(plan["chain_s"], plan["served_s"])
    for y, own in enumerate(groups):
        left = 0.0
        for key, word, colour in PARTS:
            axes.barh(y, own[key], left=left, color=colour, label=word if y == 0 else None)
            left += own[key]
        if plan["mode"] not in ("split", "central"):
            waits = max(length - left, 0.0)
            axes.barh(y, waits, left=left, color="0.9", label="waits" if y == 0 else None)
    if plan["mode"] != "split":
        axes.axvline(length, color="black", linewidth=1)
    names = [f"{own['client']}: {_holds(own, plan)}" for own in groups]
    along = "s of a round" + ("" if plan["mode"] != "split" else "; clients one after another")
    name_rows(axes, names, along, f"{solution.instance}: {plan['mode']}", 8 if len(names) > 12 else None)
    if names:
        axes.legend(loc="upper left", bbox_to_anchor=(1.0, 1.0))
    return axes


def _holds(own: dict[str, Any], plan: dict[str, Any]) -> str:
    if own["cut"] == 0:
        return "nothing"
    return "all" if own["cut"] == plan["stages"] else "stage 1" if own["cut"] == 1 else f"stages 1-{own['cut']}"
