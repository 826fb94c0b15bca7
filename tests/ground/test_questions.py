"""Questions until time is over."""

from __future__ import annotations

import pytest

from serflow_opt.ground.deadline import Deadline
from serflow_opt.ground.questions import NotAsked, Questions


def test_the_first_is_always_asked() -> None:
    """Others are named where no time is left."""
    told: list[str] = []
    questions = Questions(Deadline(0.0), told.append)
    assert questions.ask("one", lambda: 1) == 1
    with pytest.raises(NotAsked):
        questions.ask("two", lambda: 2)
    assert (told, questions.not_asked) == (["one"], ["two"])
    assert Questions(Deadline()).ask("any", lambda: 3) == 3
