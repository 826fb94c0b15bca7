"""Where everything is in a picture of a network, and what it is written with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from serflow_opt.plan.walk import Step
from serflow_opt.plotting.plan import COLOURS
from serflow_opt.plotting.text import plain

if TYPE_CHECKING:
    from serflow_opt.problem.instance import Instance

BOX = 0.64
"""Width of a stage, of the 1 between neighbours."""
HOP = 0.85
"""Added between neighbours with a link between them."""
HALF = 0.3
"""Half the height of a stage, which is also half the thickness of the flow that all requests make."""
FALL, LINE = 0.2, 0.155
"""How far exits fall below a stage, and the room for a line of what is written below that."""
TALL, WIDE, WIDER = 0.85, 0.62, 0.86
"""Inches of a unit in a picture made here: upwards, and along, without and with exits to write below."""
LANE = 0.75
"""Height of the bars below the network."""


@dataclass
class Band:
    """A tier, or the client, as a strip: its name, centre of its stages, upper and lower edge."""

    name: str
    used: bool
    centre: float = 0.0
    high: float = 0.0
    low: float = 0.0


@dataclass
class Scene:
    """Where everything is."""

    steps: Sequence[Step]
    source: str
    bands: dict[str, Band]
    x: list[float]
    colours: list[str]
    left: float
    right: float
    top: float = 0.0
    bottom: float = 0.0
    exits: bool = False
    lanes: list[float] = field(default_factory=list)


@dataclass
class Pen:
    """Axes, the size of what is written on them, points, and the width of a letter and height of a line there."""

    ax: Any
    size: float
    letter: float
    line: float

    def write(self, x: float, y: float, text: str, **style: Any) -> None:
        """Write in the scene's own size.

        Parameters
        ----------
        x, y
            Where, in units of the axes.
        text
            What to write; dollar signs are shown as they are.
        **style
            As `Axes.text` takes it; a `fontsize` goes before that of the scene.
        """
        style.setdefault("fontsize", self.size)
        self.ax.text(x, y, plain(text), **style)


def scene_of(instance: Instance, steps: Sequence[Step]) -> Scene:
    x, at = [], 0.0
    for step in steps:
        at += 1.0 + (HOP if step.link is not None else 0.0)
        x.append(at)
    names = [tier.name for tier in instance.tiers]
    if steps[0].link is not None and instance.source not in names:
        names.insert(0, instance.source)
    used = {step.tier.name for step in steps} | ({instance.source} if steps[0].link is not None else set())
    bands = {name: Band(name, name in used) for name in names}
    options = list(dict.fromkeys(id(step.option) for step in steps))
    colours = [COLOURS[options.index(id(step.option)) % len(COLOURS)] for step in steps]
    exits = any(step.leave > 0 for step in steps[:-1])
    scene = Scene(steps, instance.source, bands, x, colours, 0.0, x[-1] + 1.0, exits=exits)
    height = 0.0
    for band in bands.values():
        band.high = height
        if band.used:
            band.centre = height - 0.62 - HALF
            height = band.centre - HALF - _room_below(instance, steps, band.name)
        else:
            band.centre = height - 0.16
            height -= 0.32
        band.low = height
    last_exit = x[-1] + 0.75
    scene.right = max(last_exit, x[-1] + BOX / 2 + 0.2)
    scene.left = -0.55
    height -= 0.25
    for _ in range(2):
        height -= LANE + 0.32
        scene.lanes.append(height)
    scene.bottom = height - 0.1
    scene.top = 0.05
    return scene


def _room_below(instance: Instance, steps: Sequence[Step], tier: str) -> float:
    """Height below the stages of a tier: what leaves there, and what is written about it."""
    if any(step.tier.name == tier and step.leave > 0 for step in steps[:-1]):
        return FALL + 3 * LINE + 0.1
    if steps[-1].tier.name == tier:
        return FALL + (2 if instance.accuracy_known else 1) * LINE + 0.1
    return 0.25


def pen_for(ax: Any, scene: Scene) -> Pen:
    """Write as large as columns and bands allow, from 5 to 8 points; a letter is about 0.56 times as wide as large."""
    frame = ax.get_window_extent()
    along = frame.width / ax.figure.dpi / (scene.right - scene.left)
    upwards = frame.height / ax.figure.dpi / (scene.top - scene.bottom)
    size = min(8.0, max(5.0, min(along * 8 / (WIDER if scene.exits else WIDE), upwards * 8 / TALL) * 1.1))
    return Pen(ax, size, letter=0.56 * size / 72 / along, line=1.3 * size / 72 / upwards)


def new_axes(scene: Scene) -> Any:
    import matplotlib.pyplot as plt

    wide = (WIDER if scene.exits else WIDE) * (scene.right - scene.left)
    size = (min(22.0, max(6.5, wide)), TALL * (scene.top - scene.bottom) + 0.3)
    return plt.subplots(figsize=size, layout="constrained")[1]
