"""Searches of HiGHS while they run: threads, progress, callbacks and Ctrl-C."""

from __future__ import annotations

import math
import signal
from collections.abc import Iterator

import highspy
import pyomo.environ  # noqa: F401  (registers the matrix writer)
import pytest
from support.models import ITEMS, knapsack

from serflow_opt.backend.highs import HighsModel
from serflow_opt.backend.running import Progress
from serflow_opt.ground import stopping


@pytest.fixture(autouse=True)
def nothing_pressed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget presses of other tests, and let others forget these."""
    monkeypatch.setattr(stopping, "_last_press", -math.inf)


@pytest.fixture
def fresh_threads() -> Iterator[None]:
    """HiGHS's thread pool as a process starts with, before and after."""
    highspy.Highs.resetGlobalScheduler(True)
    yield
    highspy.Highs.resetGlobalScheduler(True)


def test_threads_may_change_in_a_process(fresh_threads: None, best: tuple[int, set[int]]) -> None:
    """HiGHS keeps its threads for a process; another number of them gives the same answer, not an error."""
    for threads in (1, 2, 1, 0, 2):
        outcome = HighsModel(knapsack()).solve(threads=threads)
        assert (threads, outcome.status, outcome.objective) == (threads, "optimal", pytest.approx(-best[0]))


def test_threads_of_others_do_not_matter(fresh_threads: None, best: tuple[int, set[int]]) -> None:
    """Another user of HiGHS in the same process may have started the thread pool with another size."""
    HighsModel(knapsack()).solve(threads=2)
    highspy.Highs.resetGlobalScheduler(True)
    other = highspy.Highs()
    other.setOptionValue("output_flag", False)
    other.setOptionValue("threads", 1)
    other.minimize(other.addVariable(0, 1, type=highspy.HighsVarType.kInteger))
    outcome = HighsModel(knapsack()).solve(threads=2)
    assert (outcome.status, outcome.objective) == ("optimal", pytest.approx(-best[0]))


def test_progress_reports_improving_incumbents(best: tuple[int, set[int]]) -> None:
    """Progress tells plans that only get better, bounds that hold, and a clock that does not go back."""
    seen: list[Progress] = []
    HighsModel(knapsack()).solve(on_progress=seen.append)
    assert all(p.incumbent is not None for p in seen if p.improved)
    improved = [p.incumbent for p in seen if p.improved and p.incumbent is not None]
    assert improved
    assert improved == sorted(set(improved), reverse=True)
    assert improved[-1] == pytest.approx(-best[0])
    assert all(p.bound <= -best[0] + 1e-6 for p in seen)
    assert [p.seconds for p in seen] == sorted(p.seconds for p in seen)


def test_progress_ends_with_its_solve() -> None:
    """A later solve of the same model does not call the callback of an earlier one, nor the same one twice."""
    model = HighsModel(knapsack())
    seen: list[Progress] = []
    model.solve(on_progress=seen.append, options={"mip_max_improving_sols": 1})
    before = len(seen)
    model.solve(options={"mip_max_improving_sols": 100})
    assert len(seen) == before
    again: list[Progress] = []
    model.add_cut(list(model._pyomo.x.values()), [1.0] * ITEMS, 2.0)
    model.solve(on_progress=again.append)
    moments = [(p.incumbent, p.bound) for p in again if p.improved]
    assert len(moments) == len(set(moments))
    assert len(seen) == before


def test_exception_in_a_callback_propagates(best: tuple[int, set[int]]) -> None:
    """What fails in the caller's callback comes out as it is, and leaves signals and later solves alone."""

    def fail(progress: Progress) -> None:
        raise ZeroDivisionError("from the callback")

    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(ZeroDivisionError, match="from the callback"):
        HighsModel(knapsack()).solve(on_progress=fail)
    assert signal.getsignal(signal.SIGINT) is handler
    assert HighsModel(knapsack()).solve().objective == pytest.approx(-best[0])


def test_model_can_be_solved_after_a_failed_callback(best: tuple[int, set[int]]) -> None:
    """With its cuts: the best load, excluded before, stays excluded."""

    def fail(progress: Progress) -> None:
        raise ZeroDivisionError

    m = knapsack()
    model = HighsModel(m)
    with pytest.raises(ZeroDivisionError):
        model.solve(on_progress=fail)
    outcome = model.solve()
    assert (outcome.status, outcome.objective) == ("optimal", pytest.approx(-best[0]))
    model.add_cut([m.x[j] for j in best[1]], [1.0] * len(best[1]), len(best[1]) - 1)
    second = model.solve()
    with pytest.raises(ZeroDivisionError):
        model.solve(on_progress=fail)
    again = model.solve()
    assert (again.status, again.objective) == ("optimal", pytest.approx(second.objective))
    assert not all(again.value(m.x[j]) > 0.5 for j in best[1])


def test_interrupt_keeps_the_incumbent() -> None:
    """The first Ctrl-C ends the search with the best plan so far instead of losing it."""
    pressed: list[bool] = []

    def press(progress: Progress) -> None:
        if not pressed:
            pressed.append(True)
            signal.raise_signal(signal.SIGINT)

    handler = signal.getsignal(signal.SIGINT)
    outcome = HighsModel(knapsack(60)).solve(on_progress=press)
    assert outcome.status == "limit"
    assert outcome.bound <= outcome.objective
    assert signal.getsignal(signal.SIGINT) is handler


def test_second_interrupt_stops() -> None:
    """Who presses Ctrl-C again wants out, and gets out."""
    with pytest.raises(KeyboardInterrupt):
        HighsModel(knapsack(60)).solve(on_progress=lambda progress: signal.raise_signal(signal.SIGINT))
