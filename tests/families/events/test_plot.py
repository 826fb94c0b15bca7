"""Pictures of simulations."""

from __future__ import annotations

from serflow_opt.families.events.plot import plot_simulated
from serflow_opt.families.events.result import EventsSimulated, SimulatedPart, StaffRow

BARE = {"kind": "job", "instance": "x", "runs": 2, "steps": 3, "seed": 0, "times": "as stated"}


def test_parts_have_two_bars_each_and_ways_to_have_workers_a_curve() -> None:
    """Two parts make four bars; two ways two curves that end at nothing when all is done."""
    parts = [
        SimulatedPart(name="load", planned=1.0, simulated=2.0),
        SimulatedPart(name="compute", planned=3.0, simulated=4.0),
    ]
    axes = plot_simulated(EventsSimulated(**BARE, figures=[], longest_s=4.0, parts=parts, plan={}))
    assert sorted(bar.get_width() for bar in axes.patches) == [1.0, 2.0, 3.0, 4.0]
    known = {"words": "", "time_s": 9.0, "most": 2, "worker_s": 9.0, "busy": 1.0, "usd": 0.0, "bound_worker_s": 8.0}
    rows = [StaffRow(name=name, **known, at_work={"s": [0.0], "workers": [2.0]}) for name in ("a", "b")]
    axes = plot_simulated(EventsSimulated(**BARE, figures=[], longest_s=9.0, staffs=rows, plan={}))
    assert [line.get_ydata().tolist() for line in axes.lines] == [[2.0, 0.0]] * 2
    assert rows[0].over == 0.125
