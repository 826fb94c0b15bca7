"""What no shorter timers are below, and what is said of it."""

from __future__ import annotations

from support.batches import made

import serflow_opt as so


def test_what_is_open_is_said() -> None:
    """Where shorter timers are not ruled out, answers and fronts say of what they are the proof, and what is."""
    problem = next(own for own in (made(n, 3, straight=False) for n in range(9)) if so.solve(own).certificate.scope)
    solution, front = so.solve(problem), so.pareto(problem, ("cost", "latency"))
    assert solution.certificate.scope.startswith("timers as long as")
    assert solution.notes[0].startswith("with any timers")
    assert front.complete
    assert front.scope == solution.certificate.scope
