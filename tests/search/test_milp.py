"""Asking HiGHS until what it finds holds, with a solver that says what it is told."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from serflow_opt.backend.highs import Outcome
from serflow_opt.search.milp import ATTEMPTS, BEATEN, refine
from serflow_opt.search.outcome import SearchOutcome, SearchSettings


class Told:
    """A model that answers with one value after the other; None: infeasible."""

    def __init__(self, *values: float | None) -> None:
        self.values, self.asked = list(values), 0

    def solve(self, **asked: Any) -> Outcome:
        """Say the next one."""
        value = self.values[min(self.asked, len(self.values) - 1)]
        self.asked += 1
        if value is None:
            return Outcome("infeasible", math.inf, math.inf, {}, 0, 0, 1)
        return Outcome("optimal", value, value, {1: value}, 0, 0, 1)


def refined(
    model: Told,
    found: SearchOutcome,
    take: Callable[[Outcome], bool],
    cut: Callable[[Outcome], bool] | None,
    **keys: Any,
) -> tuple[int, int]:
    """Ask with a gap of nothing."""
    return refine(model, 1.0, SearchSettings(gap=0.0), found, take=take, cut=cut, **keys)  # type: ignore[arg-type]


def test_what_does_not_hold_is_cut_off_and_the_next_one_taken() -> None:
    """The first two of 1, 2, 3 do not hold: the bound rises with what is left, and 3 is asked last."""
    model, found = Told(1.0, 2.0, 3.0), SearchOutcome()
    taken: list[float] = []

    def take(outcome: Outcome) -> bool:
        taken.append(outcome.objective)
        if outcome.objective == 3.0:
            found.value = 3.0
        return outcome.objective == 3.0

    assert refined(model, found, take, lambda outcome: True) == (2, 0)
    assert (taken, found.bound) == ([1.0, 2.0, 3.0], 3.0)


def test_a_cut_that_takes_more_than_one_decision_gives_no_bound() -> None:
    """Where thresholds are continuous the first bound is the last: what was cut off may have held better ones."""
    found = SearchOutcome()
    assert refined(Told(1.0, 2.0, None), found, lambda o: False, lambda o: True, whole=False) == (2, 0)
    assert found.bound == 1.0
    assert not found.infeasible


def test_only_a_first_infeasible_is_one_for_the_question() -> None:
    """Without a cut there is no decision; after cuts that excluded one each, none of those was one either."""
    first = SearchOutcome()
    refined(Told(None), first, lambda o: True, None)
    assert (first.infeasible, first.bound) == (True, math.inf)
    later = SearchOutcome()
    refined(Told(1.0, None), later, lambda o: False, lambda o: True)
    assert (later.infeasible, later.bound) == (True, math.inf)


def test_a_plan_known_that_beats_the_proof_takes_the_word_back() -> None:
    """HiGHS proves 2 where 1 is known: its word counts for nothing, and the doubt is told."""
    found = SearchOutcome()
    found.value, found.bound = 1.0, 0.5
    refined(Told(2.0), found, lambda o: True, None)
    assert (found.bound, found.doubt) == (0.5, BEATEN)


def test_it_ends_after_so_many_attempts() -> None:
    """A model whose every answer breaks something is not asked for ever."""
    model = Told(1.0)
    assert refined(model, SearchOutcome(), lambda o: False, lambda o: True) == (ATTEMPTS, 0)
    assert model.asked == ATTEMPTS


def test_what_cannot_be_cut_off_is_a_doubt() -> None:
    """Where witness and model disagree and nothing tells decisions apart, the answer says so."""
    found = SearchOutcome()
    refined(Told(1.0), found, lambda o: False, None)
    assert "nothing can be cut off" in found.doubt
    with pytest.raises(AttributeError):
        found.other = 1  # type: ignore[attr-defined]
