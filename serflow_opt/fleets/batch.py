"""Many instances at once: over processes, or over any executor, with lost work done again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import BrokenExecutor, Executor, Future, as_completed
from typing import Any

from serflow_opt.ground.arguments import Arguments
from serflow_opt.ground.stopping import stoppable, workers
from serflow_opt.plan.document import Plan
from serflow_opt.problem.given import Named, instances_of
from serflow_opt.solving import solve

ATTEMPTS = 3
"""Times an instance is handed out before it is solved here."""
PORTIONS, PORTION = 64, 32
"""Instances go out in about so many portions, of at most so many: a round trip costs as much as a small solve."""


def solve_all(
    instances: Iterable[Named],
    *,
    jobs: int = 1,
    executor: Executor | None = None,
    on_plan: Callable[[int, Plan], None] | None = None,
    **options: Any,
) -> list[Plan]:
    """Solve many instances; the plans come in the order of the instances.

    Parameters
    ----------
    instances
        Any number.
    jobs
        Processes, where no executor is given; 1: this one.
    executor
        Anything that submits as those of `concurrent.futures` do, as `client.get_executor()` of Dask does. It stays
        open.
    on_plan
        Called with the position and the plan of each instance as its portion comes back, in any order.
    **options
        As `solve` takes them, but for `on_progress`. With several processes `threads` is 1 unless it is given.

    Returns
    -------
    list of Plan
        One an instance. What a worker that died had taken is handed out again, in the end solved here: nothing is lost.

    Raises
    ------
    InputError
        For jobs below 1, and as `solve` does.
    """
    with Arguments() as given:
        jobs = given.whole("jobs", jobs, 1)
    with stoppable():
        return solve_each(instances_of(instances), solve, jobs, executor, on_plan, options)


def solve_each(
    problems: Iterable[Any],
    solve: Callable[..., Any],
    jobs: int,
    executor: Executor | None,
    on_plan: Callable[[int, Any], None] | None,
    options: dict[str, Any],
) -> list[Any]:
    """Solve problems of any family with a function that processes can be handed; as `solve_all`.

    Parameters
    ----------
    problems
        Any number; where there are processes, they have to be ones that can be pickled.
    solve
        Called with a problem and the options.
    jobs, executor, on_plan
        As of `solve_all`.
    options
        Arguments of `solve` by name; with processes or an executor `threads` is 1 unless it is among them.

    Returns
    -------
    list
        What `solve` returned, in the order of the problems.

    Raises
    ------
    Exception
        The first that `solve` raises.
    """
    todo = dict(enumerate(problems))
    plans: dict[int, Any] = {}

    def done(n: int, plan: Any) -> None:
        plans[n] = plan
        if on_plan:
            on_plan(n, plan)

    if executor is not None or jobs > 1:
        options = {"threads": 1, **options}
        for _ in range(ATTEMPTS):
            left = {n: problem for n, problem in todo.items() if n not in plans}
            if not left:
                break
            if executor is not None:
                _hand_out(executor, left, solve, options, done)
            else:
                with workers(min(jobs, len(left))) as pool:
                    _hand_out(pool, left, solve, options, done)
    for n, problem in todo.items():
        if n not in plans:
            done(n, solve(problem, **options))
    return [plans[n] for n in todo]


def _hand_out(
    executor: Executor,
    left: dict[int, Any],
    solve: Callable[..., Any],
    options: dict[str, Any],
    done: Callable[[int, Any], None],
) -> None:
    """Submit what is left and take in what comes back; what is lost with a worker stays left."""
    numbers = list(left)
    size = min(-(-len(numbers) // PORTIONS), PORTION)
    futures: dict[Future[list[Any]], list[int]] = {}
    try:
        for first in range(0, len(numbers), size):
            portion = numbers[first : first + size]
            futures[executor.submit(_solve, solve, [left[n] for n in portion], options)] = portion
    except BrokenExecutor:
        pass  # what was submitted fails with the same error below, what was not is left
    for future in as_completed(futures):
        try:
            plans = future.result()
        except BrokenExecutor:
            continue
        for n, plan in zip(futures[future], plans, strict=True):
            done(n, plan)


def _solve(solve: Callable[..., Any], problems: list[Any], options: dict[str, Any]) -> list[Any]:
    return [solve(problem, **options) for problem in problems]
