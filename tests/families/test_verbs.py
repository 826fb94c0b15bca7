"""Which verbs there are for a kind of problem, and how they are found."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from support import tiny
from support.helpers import run
from support.sacks import drawn, write

import serflow_opt as so
from serflow_opt.families.placement import PLACEMENT
from serflow_opt.families.verbs import GENERIC, answering, verbs_of
from serflow_opt.ground.display import named


def test_a_verb_without_an_answer_says_which_there_are(tmp_path: Path) -> None:
    """A knapsack cannot be provisioned, plotted or written as an LP."""
    sack = write(tmp_path, "sack", drawn(6), "weight_max = 2000")
    for arguments in (("provision", sack), ("solve", sack, "--plot", tmp_path / "sack.png")):
        ran = run(*arguments)
        assert ran.code == 2
        assert "a knapsack takes solve, evaluate" in ran.stderr
    with pytest.raises(so.InputError, match="knapsack"):
        so.relax(so.load(sack), "weight_max", [1.0])


def test_every_verb_is_found_and_can_be_handed_to_processes() -> None:
    """What the registries name is there; public functions are found again by other processes."""
    for where in (*GENERIC.values(), *PLACEMENT.own.values()):
        assert callable(named(where))
    assert {"solve", "pareto", "explain", "fleet", "provision"} <= set(verbs_of(PLACEMENT))
    assert pickle.loads(pickle.dumps(so.solve)) is so.solve
    assert answering("solve", tiny.two_stages()) is named("solving:solve")
