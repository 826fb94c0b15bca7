"""Many problems at once, of one kind or of several."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

from serflow_opt.families.verbs import door
from serflow_opt.fleets.batch import solve_each
from serflow_opt.ground.arguments import Arguments
from serflow_opt.ground.stopping import stoppable


def solve_all(
    problems: list[Any],
    *,
    jobs: int = 1,
    executor: Executor | None = None,
    on_plan: Callable[[int, Any], None] | None = None,
    **options: Any,
) -> list[Any]:
    """Solve many problems; the answers come in their order. As `serflow_opt.solve_all`.

    Parameters
    ----------
    problems
        Of any families.
    jobs
        Processes.
    executor
        What runs solves in place of processes of its own; None: nothing.
    on_plan
        Called with the position of a problem and its answer, as they come.
    options
        As `solve` takes them, for each problem.

    Raises
    ------
    InputError
        For arguments that are none.
    """
    with Arguments() as given:
        jobs = given.whole("jobs", jobs, 1)
    with stoppable():
        return solve_each(problems, door("solve", "solve"), jobs, executor, on_plan, options)
