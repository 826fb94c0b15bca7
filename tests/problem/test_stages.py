"""The table of stages, with what classifiers cost and which stages start from the input again."""

from __future__ import annotations

from pathlib import Path

import pytest

from serflow_opt.errors import Problem
from serflow_opt.problem.ramps import Ramp
from serflow_opt.problem.stages import StageRows, read_stages

HEADER = "stage,flops,activation_bytes,parameter_bytes"


def rows_of(folder: Path, text: str, problems: list[Problem]) -> StageRows:
    """What such a table is read as, for an input of 100 bytes."""
    path = folder / "stages.csv"
    path.write_text(text)
    return read_stages(path, 100.0, problems)


def test_rows_may_stand_in_any_order(tmp_path: Path) -> None:
    """Stages are numbered; a stage without a word about its classifier has none that costs."""
    problems: list[Problem] = []
    found = rows_of(tmp_path, f"{HEADER},ramp_flops\n2,20,2,200,\n1,10,1,100,5\n", problems)
    assert problems == []
    assert [stage.flops for stage in found.stages] == [10, 20]
    assert found.ramps == (Ramp(5.0, 0.0), None)
    assert found.restarts == (False, False)


def test_a_stage_that_restarts_is_sent_the_input(tmp_path: Path) -> None:
    """The second of two models needs the input again: what is handed over in front of it is no smaller."""
    problems: list[Problem] = []
    found = rows_of(tmp_path, f"{HEADER},restarts\n1,10,1,100,0\n2,20,2,200,1\n", problems)
    assert problems == []
    assert found.restarts == (False, True)
    assert found.stages[0].activation_bytes == 100.0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"{HEADER}\n1,1,1,1\n3,1,1,1\n", "stage(s) 2 missing"),
        (f"{HEADER}\n1,1,1,1\n1,1,1,1\n", "a stage stands twice"),
        (f"{HEADER}\n1,-1,1,1\n", "'-1'"),
        (f"{HEADER},restarts\n1,1,1,1,1\n", "the first stage has the input anyway"),
        (f"{HEADER},restarts\n1,1,1,1,0.5\n", "'0.5'"),
    ],
)
def test_wrong_tables_are_told(tmp_path: Path, text: str, words: str) -> None:
    """Gaps, doubles, negative numbers and restarts that mean nothing."""
    problems: list[Problem] = []
    rows_of(tmp_path, text, problems)
    assert words in "; ".join(map(str, problems))
