"""Steps as a graph."""

from __future__ import annotations

from serflow_opt.families.events.graph import Steps


def test_steps_wait_for_what_they_are_put_behind() -> None:
    """Two before one, a sum of them that takes no time, and the part of each."""
    steps = Steps()
    heads = [steps.add(0, 2.0), steps.add(0, 3.0)]
    total = steps.all_of(1, heads)
    steps.add(2, 4.0, [total])
    tasks = steps.activities()
    assert steps.part == [0, 0, 1, 2]
    assert steps.seconds == [2.0, 3.0, 0.0, 4.0]
    assert tasks.waits.tolist() == [0, 0, 2, 1]
    assert tasks.after.tolist() == [2, 2, 3]
    assert tasks.ends.tolist() == [0, 1, 2, 3, 3]
