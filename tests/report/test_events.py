"""Simulations by steps as tables."""

from __future__ import annotations

from serflow_opt.families.events.result import EventsSimulated, SimulatedPart
from serflow_opt.families.simulated import beside
from serflow_opt.report.events import events_table


def test_figures_parts_and_notes_are_laid_out() -> None:
    """Two runs of a workflow: how far off, the longest run, when phases are over, and what is said besides."""
    from rich.console import Console

    found = EventsSimulated(
        kind="workflow",
        instance="x",
        runs=2,
        steps=1234,
        seed=0,
        times="lognormal",
        figures=[beside("time", "s", 10.0, 10.0, 11.0)],
        longest_s=12.0,
        parts=[SimulatedPart(name="train", planned=10.0, simulated=11.0)],
        notes=["said"],
        plan={},
    )
    console = Console(width=80)
    with console.capture() as said:
        console.print(events_table(found))
    text = said.get()
    for part in ("2 runs of 1,234 steps", "+10.00%", "12 s", "phases, over at s", "train", "said"):
        assert part in text
