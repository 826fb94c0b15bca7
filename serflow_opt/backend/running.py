"""HiGHS at work: a solver that keeps silent, its options, Ctrl-C and callbacks, an error that is its own cure."""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from serflow_opt.backend.options import why_refused
from serflow_opt.errors import InputError, Problem, nearest
from serflow_opt.ground.stopping import stoppable

PRESOLVE = "off"
"""HiGHS 1.15.1 with presolve calls about one in a hundred small feasible placement models infeasible (HiGHS issue 3090
is of that kind); without it all agree with exhaustive search. 1.16.0 was right on 1,711 (docs/model.md), but the older
release is allowed, and a proof that may be wrong is none."""


@dataclass(frozen=True, slots=True)
class Progress:
    """A moment of the search: seconds since the start, incumbent (None: none yet) and dual bound."""

    seconds: float
    incumbent: float | None
    bound: float
    improved: bool


def check_options(options: Mapping[str, object]) -> None:
    """Raise InputError for options HiGHS does not know or values it does not take."""
    import highspy

    solver = new_solver()
    problems = []
    for name, value in options.items():
        if solver.getOptionType(name)[0] != highspy.HighsStatus.kOk:
            known = [n for n in dir(solver.getOptions()) if not n.startswith("_")]
            problems.append(Problem("", f"HiGHS option {name}", "unknown", nearest(name, known)))
        elif (why := why_refused(name)) is not None:
            problems.append(Problem("", f"HiGHS option {name}", repr(value), why))
        elif not set_option(solver, name, value):
            kind = solver.getOptionType(name)[1].name.removeprefix("k").lower()
            problems.append(Problem("", f"HiGHS option {name}", repr(value), f"write a {kind} that HiGHS accepts"))
    if problems:
        raise InputError(problems)


def set_option(solver: Any, name: str, value: object) -> bool:
    """Set an option; say whether HiGHS took it.

    Parameters
    ----------
    solver
        A `highspy.Highs`.
    name, value
        Of the option; NaN is never taken.
    """
    import highspy

    if isinstance(value, float) and math.isnan(value):
        return False
    try:
        return bool(solver.setOptionValue(name, value) == highspy.HighsStatus.kOk)
    except TypeError:
        return False


@functools.cache
def _quiet() -> type:
    """Return the class of solvers that are silent from their first moment.

    From 1.16 on HiGHS introduces itself on standard output, once a process, when callbacks are enabled, which the
    constructor of `highspy.Highs` does before anybody can set an option.
    """
    import highspy

    class Quiet(highspy.Highs):  # type: ignore[misc]  # highspy has no types here
        def enableCallbacks(self) -> None:
            self.setOptionValue("output_flag", False)
            super().enableCallbacks()

    return Quiet


def new_solver() -> Any:
    """Return a `highspy.Highs` that never writes to standard output."""
    solver = _quiet()()
    solver.setOptionValue("output_flag", False)
    return solver


def run_search(solver: Any, on_progress: Callable[[Progress], None] | None, unit: float) -> bool:
    """Run HiGHS, stopped by Ctrl-C and by an exception in a callback, which is raised once HiGHS has returned.

    Return whether it ran: it can fail within a search.

    What a callback raises must not pass through HiGHS: releases before 1.16 let it, later ones swallow it.

    Parameters
    ----------
    solver
        A `highspy.Highs` that holds its model.
    on_progress
        Called at each better incumbent, and about twice a second with the bound; None: nobody is told.
    unit
        HiGHS's objective is divided by it before it is reported.

    Raises
    ------
    BaseException
        What `on_progress` raised, and KeyboardInterrupt at a second Ctrl-C.
    """
    raised: list[BaseException] = []
    with interruptible(solver, raised), _watched(solver, on_progress, raised, unit):
        ran = run_solver(solver, raised)
    if raised:
        raise raised[0]
    return ran


def run_solver(solver: Any, raised: Sequence[BaseException] = ()) -> bool:
    """Run HiGHS, unless something was raised in it once more where it refuses; say whether it ran."""
    import highspy

    if solver.run() != highspy.HighsStatus.kError:
        return True
    if raised:
        return False
    # the thread pool of a process keeps the size of its first solve and refuses another: start it anew
    highspy.Highs.resetGlobalScheduler(True)
    return bool(solver.run() != highspy.HighsStatus.kError)


@contextmanager
def interruptible(solver: Any, raised: list[BaseException]) -> Iterator[None]:
    """Stop the search once something was raised, and at Ctrl-C with its incumbent kept; at a second Ctrl-C raise it."""
    with stoppable() as stop:

        def check(event: Any) -> None:
            if stop.pressed or raised:
                event.interrupt()

        asked = (solver.cbMipInterrupt, solver.cbSimplexInterrupt, solver.cbIpmInterrupt)
        for moment in asked:
            moment.subscribe(check)
        try:
            with stop.held():
                yield
        finally:
            for moment in asked:
                moment.unsubscribe(check)


@contextmanager
def _watched(
    solver: Any, on_progress: Callable[[Progress], None] | None, raised: list[BaseException], unit: float
) -> Iterator[None]:
    """Report improving incumbents at once and the bound about twice a second; keep what the report raises."""
    if on_progress is None:
        yield
        return
    began = last = time.monotonic()

    def report(event: Any, improved: bool) -> None:
        nonlocal last
        now = time.monotonic()
        if raised or (not improved and now - last < 0.5):
            return
        last = now
        incumbent = event.data_out.mip_primal_bound / unit
        known = incumbent if math.isfinite(incumbent) else None
        try:
            on_progress(Progress(now - began, known, event.data_out.mip_dual_bound / unit, improved))
        except BaseException as error:
            raised.append(error)

    def improving(event: Any) -> None:
        report(event, True)

    def logging(event: Any) -> None:
        report(event, False)

    solver.cbMipImprovingSolution.subscribe(improving)
    solver.cbMipLogging.subscribe(logging)
    try:
        yield
    finally:
        solver.cbMipImprovingSolution.unsubscribe(improving)
        solver.cbMipLogging.unsubscribe(logging)
