"""Simulations and schedules to draw, and what is read off pictures of them."""

from __future__ import annotations

import dataclasses
import itertools
import math
from typing import Any

import numpy as np
from support.traffic_cases import Script, trace

from serflow_opt.traffic.control.compare import Comparison, PolicyRow
from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.scaling_policy import Orders
from serflow_opt.traffic.schedule.result import Schedule
from serflow_opt.traffic.schedule.solve import schedule
from serflow_opt.traffic.service import Block, Function, Machine, Service
from serflow_opt.traffic.simulate.result import Simulation
from serflow_opt.traffic.simulate.simulate import simulate

COUNTS = (2, 0, 4, 4, 1, 0)
"""Requests by second."""


def service(blocks: int = 1, function: bool = True, **more: Any) -> Service:
    """Blocks of a stage each; half leave after each. Machines take 0.5 s, and 1 s to start, functions 0.25 s."""
    run = Function("f", (0.25, 0.25), usd_per_s=1.0, usd_per_request=0.25) if function else None
    machines = (Machine("m$1", 0.5, 1, (0.5, 0.5), start_s=1.0), Machine("m$2", 0.75, 2, (0.5, 0.5), start_s=1.0))
    parts = [Block(b, b, machines, run, hop_s=0.125 * b, hop_usd=0.5 * b) for b in range(blocks)]
    shares = [0.5 ** (b + 1) for b in range(blocks - 1)]
    shares.append(1 - math.fsum(shares))
    return Service("made", tuple(parts), tuple(shares), (math.nan,) * blocks, **more)


def steps(ax: Any, label: str) -> Any:
    """The first steps whose label starts so: top, below, and the length of each cell in seconds."""
    patch = next(patch for patch in ax.patches if str(patch.get_label()).startswith(label))
    top, edges, below = patch.get_data()
    return np.nan_to_num(top), np.nan_to_num(below), np.diff(edges)


def area(ax: Any, label: str) -> float:
    """What was filled."""
    top, below, lengths = steps(ax, label)
    return float(((top - below) * lengths).sum())


def legend(ax: Any) -> list[str]:
    """What stands in the legend of axes, with its title."""
    found = ax.get_legend()
    return [text.get_text() for text in (found.get_title(), *found.get_texts()) if text.get_text()]


def scheduled(blocks: int = 1, usd_per_s: float = 0.1, function: bool = True) -> Schedule:
    """A schedule with decisions every other second, and a last period that is short."""
    made = service(blocks, function)
    cheap = [tuple(dataclasses.replace(m, usd_per_s=usd_per_s, start_s=0.0) for m in b.machines) for b in made.blocks]
    return schedule(made.with_machines(tuple(cheap)), trace(*COUNTS, 3), step_s=2)


def simulation(blocks: int = 1, function: bool = True, machines: int = 1, **more: Any) -> Simulation:
    """Requests of `COUNTS`, and the same machines all the time; what is drawn has periods of 1 s."""
    settings = {"timeout_s": more.pop("timeout_s", None), "period_s": more.pop("period_s", 1.0)}
    over: Trace = more.pop("over", None) or trace(*COUNTS)
    policy = Script([Orders(tuple({"m$1": machines} for _ in range(blocks)))])
    return simulate(service(blocks, function, **more), over, policy, arrivals="even", **settings)


def overlapping(*axes: Any) -> list[tuple[str, str]]:
    """Texts that are written over each other, by more than rounding, or outside the picture."""
    axes[0].figure.canvas.draw()
    width, height = axes[0].figure.canvas.get_width_height()
    texts = [text for ax in axes for text in (*ax.texts, *ax.get_legend().get_texts(), ax.title, ax.yaxis.label)]
    texts += [text for ax in axes for text in ax.get_yticklabels() if text.get_text()[:1].isalpha()]
    boxes = [(text.get_text(), text.get_window_extent()) for text in texts if text.get_text()]
    pairs = [(name, "edge") for name, box in boxes if box.x0 < -1 or box.x1 > width + 1 or box.y1 > height + 1]
    for (a, one), (b, other) in itertools.combinations(boxes, 2):
        wide = min(one.x1, other.x1) - max(one.x0, other.x0)
        high = min(one.y1, other.y1) - max(one.y0, other.y0)
        if wide > 1 and high > 1:
            pairs.append((a, b))
    return pairs


def comparison(*usd: tuple[float, float, float], slo_s: float | None = None, libra: bool = True) -> Comparison:
    """Policies with such bills, the last on two blocks, and bounds at 90 % of the least of them."""
    run = simulation(slo_s=slo_s)
    names = ("libra", "serflow", "controller", "maximum", "special $") if libra else ("serflow", "controller")
    least = 0.9 * min(map(sum, usd))
    rows = [
        PolicyRow(
            name, 1 + (k == len(usd) - 1), dataclasses.replace(run, usd=dict(zip(run.usd, bill, strict=True))), least
        )
        for k, (name, bill) in enumerate(zip(names, usd, strict=False))
    ]
    return Comparison("made", "some $ trace", tuple(rows))
