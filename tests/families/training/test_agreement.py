"""The constants of search and model against the witness, with all that an instance can have; and the model's cuts."""

from __future__ import annotations

from pathlib import Path

import pytest
from oracles import training as oracle
from support.training import write

import serflow_opt as so
from serflow_opt.families.training.family import TRAINING
from serflow_opt.families.witnessed import solve_witnessed
from serflow_opt.search.outcome import SearchSettings


def test_the_model_cuts_all_alike_too(tmp_path: Path) -> None:
    """The same optimum by search and by model with one cut for all, and with rounds that end."""
    for n, training in enumerate(('mode = "hybrid"\nsame_cut = true', "round_deadline_s = [2, 20]\nshare_min = 0.3")):
        case = oracle.drawn(7)
        del case.clients[2:]
        problem = so.load(write(case, tmp_path / str(n), training=training))
        for goal in ("time", "cost", "energy"):
            found = solve_witnessed(TRAINING, problem, {goal: 1.0}, SearchSettings(1e-6))
            searched = TRAINING.search(problem, {goal: 1.0}, SearchSettings(1e-6))
            assert searched is not None
            assert searched.value == pytest.approx(found.value, rel=2e-6)
            assert searched.bound == pytest.approx(searched.value, rel=2e-6)
