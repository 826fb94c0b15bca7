"""A plan over its network: which stage runs where, what crosses between tiers, who leaves, what it takes and costs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from textwrap import wrap
from typing import TYPE_CHECKING

from serflow_opt.plan.names import decision_of
from serflow_opt.plan.spending import Spending, spending
from serflow_opt.plan.walk import Step, walk
from serflow_opt.plotting.network_scene import BOX, FALL, HALF, HOP, LANE, Band, Pen, Scene, new_axes, pen_for, scene_of
from serflow_opt.plotting.text import amount, brief, money, percent, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from serflow_opt.plan.document import Metrics, Plan
    from serflow_opt.problem.instance import Instance

UNTRUSTED, FLOW, GREY = "#CC3311", "0.8", "0.45"


def plot_network(instance: Instance, plan: Plan, ax: Axes | None = None) -> Axes:
    """Draw the stages from left to right in a band for each tier, and the requests as a flow through them.

    A stage is a box in the colour of what runs it. The flow is as thick as the share of requests in it; what leaves
    falls down with its share, threshold and accuracy there. Where the flow changes tier it is said what is sent, how,
    and what that does to the accuracy of those who cross; links that are not trusted have a red edge. Blocks that run
    in a variant have a dotted frame. Below stand the time of each stage for a request that gets there, with the
    hand-over before it hatched, and the money it costs a request on average (not for accounting = as-printed).

    Parameters
    ----------
    instance
        The problem that the plan answers.
    plan
        A plan with metrics.
    ax
        Axes to draw on, which lose their frame; None: new ones of the current backend, as wide as the network needs.

    Raises
    ------
    ValueError
        When there is no plan to draw.
    InputError
        When the plan does not fit the instance.
    """
    if plan.plan is None or plan.metrics is None:
        raise ValueError(f"{plan.instance}: there is no plan to draw ({plan.status})")
    steps = walk(instance, decision_of(instance, plan.plan))
    scene = scene_of(instance, steps)
    ax = ax or new_axes(scene)
    pen = pen_for(ax, scene)
    _draw_bands(pen, scene)
    for step in steps:
        _draw_flow(pen, scene, step)
    for step in steps:
        _draw_stage(pen, scene, step)
        _draw_exit(pen, scene, instance, plan, step)
    _draw_names(pen, scene)
    for step in steps:
        if step.link is not None:
            _write_crossing(pen, scene, instance, step)
    _draw_lanes(pen, scene, plan.metrics, spending(instance, plan.plan))
    ax.set_xlim(scene.left, scene.right)
    ax.set_ylim(scene.bottom, scene.top)
    ax.set_axis_off()
    letters = int((scene.right - scene.left) / pen.letter / 10 * pen.size)
    ax.set_title(plain("\n".join(wrap(_title(instance, plan, plan.metrics), letters))), fontsize=10)
    return ax


def _draw_bands(pen: Pen, scene: Scene) -> None:
    from matplotlib.patches import Rectangle

    for i, band in enumerate(scene.bands.values()):
        shade = "0.965" if i % 2 == 0 else "1.0"
        width = scene.right - scene.left
        pen.ax.add_patch(Rectangle((scene.left, band.low), width, band.high - band.low, color=shade, zorder=0, lw=0))
        name = band.name if band.used else f"{band.name}: not used"
        style = {"weight": "bold"} if band.used else {"color": GREY}
        y = band.high - 0.12 if band.used else band.centre
        align = "top" if band.used else "center"
        pen.write(scene.left + 0.08, y, name, va=align, ha="left", zorder=5, **style)


def _draw_flow(pen: Pen, scene: Scene, step: Step) -> None:
    """The requests on their way to a stage, as thick as their share."""
    s = step.stage
    band = scene.bands[step.tier.name]
    if s == 0:
        start = scene.left + 0.35
        source = scene.bands[scene.source] if step.link is not None else band
        _draw_source(pen, scene, source, start)
        begin, y = start, source.centre
    else:
        begin, y = scene.x[s - 1] + BOX / 2, scene.bands[scene.steps[s - 1].tier.name].centre
    end = scene.x[s] - BOX / 2
    safe = step.link is None or step.link.trusted
    _ribbon(pen, (begin, y), (end, band.centre), HALF * step.reach, None if safe else UNTRUSTED)


def _draw_source(pen: Pen, scene: Scene, band: Band, x: float) -> None:
    pen.ax.plot([x, x], [band.centre - HALF, band.centre + HALF], color="0.3", linewidth=2, solid_capstyle="butt")
    pen.write(x - 0.07, band.centre, "input", rotation=90, ha="right", va="center", color="0.3")


def _ribbon(pen: Pen, begin: tuple[float, float], end: tuple[float, float], half: float, edge: str | None) -> None:
    """A band of flow, half as thick as given to either side, that begins and ends level."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    (x0, y0), (x1, y1) = begin, end
    middle = (x0 + x1) / 2
    corners = [(x0, y0 + half), (middle, y0 + half), (middle, y1 + half), (x1, y1 + half)]
    corners += [(x1, y1 - half), (middle, y1 - half), (middle, y0 - half), (x0, y0 - half)]
    codes = [Path.MOVETO, *[Path.CURVE4] * 3, Path.LINETO, *[Path.CURVE4] * 3, Path.CLOSEPOLY]
    path = Path([*corners, corners[0]], codes)
    pen.ax.add_patch(PathPatch(path, facecolor=FLOW, edgecolor="0.7", linewidth=0.5, zorder=1))
    if edge is not None:
        for part in (corners[:4], corners[4:]):
            line = Path(part, [Path.MOVETO, *[Path.CURVE4] * 3])
            style = {"edgecolor": edge, "linewidth": 1.4, "linestyle": (0, (3, 1.5))}
            pen.ax.add_patch(PathPatch(line, fill=False, zorder=2, **style))


def _draw_stage(pen: Pen, scene: Scene, step: Step) -> None:
    from matplotlib.patches import FancyBboxPatch

    x, y = scene.x[step.stage], scene.bands[step.tier.name].centre
    colour = scene.colours[step.stage]
    box = FancyBboxPatch(
        (x - BOX / 2 + 0.05, y - HALF + 0.05),
        BOX - 0.1,
        2 * HALF - 0.1,
        boxstyle="round,pad=0.05",
        facecolor=colour,
        edgecolor="white",
        linewidth=0.8,
        zorder=3,
    )
    pen.ax.add_patch(box)
    pen.write(x, y, str(step.stage + 1), color="white", weight="bold", ha="center", va="center", zorder=4)


def _draw_exit(pen: Pen, scene: Scene, instance: Instance, plan: Plan, step: Step) -> None:
    """Who leaves: an arrow as wide as their share of all requests, and what is known of them."""
    from matplotlib.patches import Polygon

    last = step is scene.steps[-1]
    if step.leave <= 0 and not last:
        return
    x, y = scene.x[step.stage], scene.bands[step.tier.name].centre - HALF
    half = max(BOX / 2 * step.leave, 0.012)
    tip = min(half * 0.6, 0.08)
    shape = [(x - half, y), (x - half, y - FALL + tip), (x, y - FALL), (x + half, y - FALL + tip), (x + half, y)]
    pen.ax.add_patch(Polygon(shape, facecolor=FLOW, edgecolor="0.7", linewidth=0.5, zorder=1))
    if not last:
        said = [f"{percent(step.leave)} leave", _threshold(plan, step.stage)]
    else:
        said = [f"{percent(step.leave)} end here"] if scene.exits else ["all"]
    if instance.accuracy_known and step.leave > 0:
        said.append(f"{percent(step.right / step.leave)} right")
    pen.write(x, y - FALL - 0.03, "\n".join(said), ha="center", va="top", fontsize=pen.size * 0.88, linespacing=1.15)


def _threshold(plan: Plan, stage: int) -> str:
    """The threshold of a stage, or how many are mixed."""
    chosen = next((choice for choice in plan.thresholds if choice.stage == stage + 1), None)
    if chosen is None:
        return ""
    if chosen.mix:
        return "≥ " + " or ".join(f"{part.threshold:.3g}" for part in chosen.mix[:2])
    return f"conf ≥ {chosen.threshold:.4g}"


def _draw_names(pen: Pen, scene: Scene) -> None:
    """What runs the stages, over each run of them; and variants, over their blocks."""
    places = [(step.tier.name, step.option.name) for step in scene.steps]
    level: dict[str, float] = {}
    for first, last in _runs(places):
        step = scene.steps[first]
        band = scene.bands[step.tier.name]
        begin, end = scene.x[first] - BOX / 2, scene.x[last] + BOX / 2
        room = (end - begin + 0.3) if last + 1 < len(places) and places[last + 1][0] == step.tier.name else math.inf
        text = step.option.name
        width = pen.letter * len(text)
        y = band.centre + HALF + (0.34 if any(other.variant for other in scene.steps) else 0.2)
        if width > room:
            y += 0.14 * (1 - level.get(band.name, 1.0))
            level[band.name] = 1 - level.get(band.name, 1.0)
        pen.write(max((begin + end) / 2 - width / 2, begin), y, text, va="center", color=scene.colours[first], zorder=5)
    names = [None if step.variant is None else (step.tier.name, step.variant.name) for step in scene.steps]
    for first, last in _runs(names):
        if names[first] is not None:
            _draw_variant(pen, scene, first, last)


def _draw_variant(pen: Pen, scene: Scene, first: int, last: int) -> None:
    from matplotlib.patches import Rectangle

    step = scene.steps[first]
    assert step.variant is not None
    centre = scene.bands[step.tier.name].centre
    begin, end = scene.x[first] - BOX / 2 - 0.04, scene.x[last] + BOX / 2 + 0.04
    low = centre - HALF - 0.04
    frame = Rectangle((begin, low), end - begin, 2 * HALF + 0.08, fill=False, edgecolor="0.2", linestyle=":", zorder=4)
    pen.ax.add_patch(frame)
    pen.write(begin, centre + HALF + 0.06, step.variant.name, va="bottom", style="italic", color="0.2", zorder=5)


def _write_crossing(pen: Pen, scene: Scene, instance: Instance, step: Step) -> None:
    """Say what is sent, how, and what leaks; beside the flow in the upper band, which no later stage uses."""
    assert step.link is not None
    s, way = step.stage, step.way
    source = scene.bands[scene.source if s == 0 else scene.steps[s - 1].tier.name]
    whole = instance.received_bytes(s)
    sent = amount(step.sent_bytes)
    lines = [f"{sent} sent" if math.isclose(whole, step.sent_bytes) else f"{sent} sent of {amount(whole)}"]
    strength = f" {way.scale:.3g}" if way.scale else ""
    how = [way.compression, way.protection + strength]
    if how != ["none", "none"]:
        lines.append(" + ".join(name for name in how if name != "none"))
    if instance.accuracy_known and way.accuracy_loss:
        lines.append(f"accuracy {-100 * way.accuracy_loss:+.3g} points".replace("-", "−"))
    unsafe = [] if step.link.trusted else [f"not trusted, leak {way.leak:.3g}"]
    x = scene.x[s] - BOX / 2 - HOP * 0.42
    y = source.centre + pen.line * (len(lines) + len(unsafe) - 1) / 2
    for i, text in enumerate([*lines, *unsafe]):
        style = {"color": UNTRUSTED, "weight": "bold"} if i == len(lines) else {}
        pen.write(x, y - i * pen.line, text, ha="left", va="center", zorder=6, **style)


def _draw_lanes(pen: Pen, scene: Scene, metrics: Metrics, spent: Sequence[Spending] | None) -> None:
    """Bars below the network: time of each stage, money of each stage; the way to it is hatched."""
    times = [(stage.compute_ms, stage.handover_ms + stage.coding_ms + stage.cold_start_ms) for stage in metrics.stages]
    _draw_lane(pen, scene, scene.lanes[0], "ms, of those\nwho get here", times)
    most = max((part.computing + part.arriving for part in spent or []), default=0.0)
    if not most:
        scene.bottom = scene.lanes[0] - 0.1
        return
    per, of = money(most)
    usd = [(per / most * part.computing, per / most * part.arriving) for part in spent or []]
    _draw_lane(pen, scene, scene.lanes[1], f"USD {of},\nof all requests", usd)


def _draw_lane(pen: Pen, scene: Scene, base: float, title: str, values: Sequence[tuple[float, float]]) -> None:
    from matplotlib.patches import Rectangle

    most = max(own + way for own, way in values)
    pen.ax.plot([scene.left, scene.right], [base, base], color="0.6", linewidth=0.6, zorder=1)
    pen.write(scene.left + 0.08, base + LANE / 2, title, va="center", ha="left", color="0.3", fontsize=pen.size * 0.88)
    for x, colour, (own, way) in zip(scene.x, scene.colours, values, strict=True):
        scale = LANE / most if most else 0.0
        pen.ax.add_patch(Rectangle((x - BOX / 2, base), BOX, own * scale, facecolor=colour, lw=0, zorder=2))
        hatched = Rectangle((x - BOX / 2, base + own * scale), BOX, way * scale, hatch="/////", zorder=2)
        hatched.set(facecolor="white", edgecolor=GREY, linewidth=0.5)
        if way:
            pen.ax.add_patch(hatched)
        if own + way:
            y = base + (own + way) * scale + 0.03
            pen.write(x, y, brief(own + way), ha="center", va="bottom", fontsize=pen.size * 0.82)


def _runs(values: Sequence[object]) -> Iterator[tuple[int, int]]:
    """Yield first and last position of each run of equal values."""
    first = 0
    for i in range(1, len(values) + 1):
        if i == len(values) or values[i] != values[first]:
            yield first, i - 1
            first = i


def _title(instance: Instance, plan: Plan, metrics: Metrics) -> str:
    said = [f"{instance.latency_measure} {brief(metrics.latency_ms(instance.latency_measure))} ms"]
    usd, of = money(metrics.cost_usd_per_request)
    said.append(f"${brief(usd)} {of} requests")
    if metrics.accuracy is not None:
        said.append(f"accuracy {metrics.accuracy:.4g}")
    if metrics.energy_j_per_request:
        said.append(f"{brief(metrics.energy_j_per_request)} J")
    if metrics.carbon_g_per_request is not None:
        said.append(f"{brief(metrics.carbon_g_per_request * 1e6)} g CO2e a million")
    if any(not crossing.trusted for crossing in metrics.crossings):
        said.append(f"privacy loss {brief(metrics.privacy_loss)}")
    words = [f"{plan.instance}:", *(f"{text}," for text in said[:-1]), said[-1]]
    return " ".join(word.replace(" ", "\N{NO-BREAK SPACE}") for word in words)
