"""Trainings explained and simulated, as tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group
from rich.text import Text

from serflow_opt.ground.sheet import Sheet
from serflow_opt.report.solution import limits_table

if TYPE_CHECKING:
    from rich.console import RenderableType

    from serflow_opt.families.batching.simulate import BatchingSimulated
    from serflow_opt.families.pipeline.simulate import PipelineSimulated
    from serflow_opt.families.simulated import SimulatedFigure
    from serflow_opt.families.training.explain import TrainingCosts
    from serflow_opt.families.training.simulate import RoundsSimulated

MOST_ROWS = 10
"""Groups that are listed by how long they take."""


def costs_table(costs: TrainingCosts) -> RenderableType:
    """Lay out the best plan, what limits cost, who holds up a round, a worker more, and all modes."""
    parts: list[RenderableType] = [limits_table(costs)]
    if costs.held_up_by:
        parts += [Text(), Text(f"a round is held up by {costs.held_up_by}")]
        rows = [(own.client, f"{own.chain_s:.5g}", f"{own.waits_s:.5g}", own.most) for own in costs.groups[:MOST_ROWS]]
        titles = ("slowest clients", "chain s", "waits s", "mostly")
        parts.append(Sheet(titles, rows, left=(titles[0], titles[3])))
    if costs.worker is not None:
        own, goal = costs.worker, costs.plan.objective
        said = "no plan"
        if own.value is not None and own.better_by is not None:
            said = f"{goal.name} {own.value:.6g} {goal.unit}, {abs(own.better_by):.3g} "
            said += "better" if own.better_by > 0 else "worse" if own.better_by < 0 else "no better"
        parts.append(Text(f"a worker more, {own.workers} x {own.server}: {said}"))
    if costs.modes:
        parts += [Text(), _modes(costs)]
    return Group(*parts)


def _modes(costs: TrainingCosts) -> Sheet:
    goal = costs.plan.objective
    others = [own for mode in costs.modes for own in mode.metrics if own.name != goal.name]
    units = {own.name: own.unit for own in others}
    rows = []
    for mode in costs.modes:
        values = {own.name: f"{own.value:.5g}" for own in mode.metrics}
        rows.append(
            (
                mode.mode,
                mode.status,
                "" if mode.value is None else f"{mode.value:.6g}",
                "" if mode.bound is None else f"{mode.bound:.6g}",
                *(values.get(name, "") for name in units),
            )
        )
    titles = ("mode", "status", f"{goal.name} {goal.unit}".strip(), "bound")
    return Sheet((*titles, *(f"{name} {unit}".strip() for name, unit in units.items())), rows, left=titles[:2])


def rounds_table(found: RoundsSimulated) -> RenderableType:
    """Lay out what was simulated beside the plan."""
    head = Text.assemble(
        (found.instance, "bold"), f"  {found.trainings:,} trainings of {found.rounds:g} rounds, seed {found.seed}"
    )
    last = sorted(found.held_up.items(), key=lambda own: -own[1])[:3]
    lines = [
        f"the longest round took {found.longest_s:.6g} s",
        f"{found.arrived:.4g} updates arrive in a round, {found.lost:.2%} of those drawn do not",
    ]
    if last:
        lines.append("last in most often: " + ", ".join(f"{name} ({share:.0%})" for name, share in last if share > 0))
    return Group(head, figures_table(found.figures), *(Text(line) for line in lines))


def figures_table(figures: Sequence[SimulatedFigure]) -> Sheet:
    """Lay out figures of a plan beside what came out."""
    rows = [
        (
            f"{own.name} {own.unit}",
            f"{own.planned:.6g}",
            f"{own.expected:.6g}",
            f"{own.simulated:.6g}",
            f"{round(own.off, 9) + 0.0:+.2%}",
        )
        for own in figures
    ]
    return Sheet(("", "planned", "expected", "simulated", "off"), rows, left=("",))


def batching_table(found: BatchingSimulated) -> RenderableType:
    """Lay out simulated groups beside their plan."""
    coming = "at random" if found.arrivals == "random" else "evenly"
    head = Text.assemble((found.instance, "bold"), f"  {found.requests:,} requests that come {coming}")
    rows = [
        (
            own.application,
            f"{own.target_ms:g}",
            f"{own.promised_ms:.1f}",
            f"{own.longest_ms:.1f}",
            f"{own.mean_ms:.1f}",
            f"{own.late:.3%}",
        )
        for own in found.applications
    ]
    titles = ("application", "target ms", "promised ms", "longest ms", "mean ms", "late")
    return Group(head, figures_table(found.figures), Sheet(titles, rows, left=titles[:1]))


def pipeline_table(found: PipelineSimulated) -> RenderableType:
    """Lay out a simulated pipeline beside its plan."""
    head = Text.assemble((found.instance, "bold"), f"  {found.mini_batches:,} mini-batches, the second half counted")
    rows = [(f"{own.stage}", own.layers, f"{own.planned:.1%}", f"{own.simulated:.1%}") for own in found.busy]
    busy = Sheet(("stage", "layers", "busy as planned", "from first to last"), rows, left=("layers",))
    return Group(head, figures_table(found.figures), busy)
