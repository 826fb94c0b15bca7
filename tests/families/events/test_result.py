"""What simulations by steps share: times that scatter, and their arguments."""

from __future__ import annotations

import numpy as np
import pytest

import serflow_opt as so
from serflow_opt.families.events.graph import Steps
from serflow_opt.families.events.result import Scatter, each_run


def test_fixed_times_take_one_run_and_others_scatter_about_what_is_stated() -> None:
    """Mean and deviation of 40,000 draws; a step that stays does not scatter."""
    assert Scatter(7, 0, "fixed", 0.5, 10).runs == 1
    scatter = Scatter(3, 1, "lognormal", 0.4, 10)
    assert scatter.runs == 3
    drawn = scatter.seconds(np.full(40_000, 2.0))
    assert drawn.mean() == pytest.approx(2.0, rel=0.02)
    assert drawn.std() == pytest.approx(0.8, rel=0.05)
    assert scatter.seconds([5.0, 1.0], [True, False])[0] == 5.0


def test_arguments_that_are_none_are_told() -> None:
    """No runs, an unknown law, and more steps than can be simulated."""
    for given in ((0, 0, "fixed", 0.5, 1), (1, 0, "normal", 0.5, 1), (50, 0, "pareto", 0.5, 10**6)):
        with pytest.raises(so.InputError):
            Scatter(*given)


def test_each_run_scatters_all_but_what_stays() -> None:
    """A start of 3 s that stays and a step of 2 s behind it: 5 s where times are fixed, else 3 s and what is drawn."""
    steps = Steps()
    start = steps.add(0, 3.0)
    steps.add(1, 2.0, [start])
    ((seconds, ran),) = each_run(steps, Scatter(None, 0, "fixed", 0.5, 2), 0)
    assert (seconds.tolist(), ran.time) == ([3.0, 2.0], 5.0)
    drawn = list(each_run(steps, Scatter(5, 0, "lognormal", 0.5, 2), 0))
    assert len({own[1] for own, _ in drawn}) == 5
    for own, ran in drawn:
        assert own[0] == 3.0
        assert ran.time == pytest.approx(own.sum())
