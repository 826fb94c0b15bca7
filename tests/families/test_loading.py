"""What may stand for a problem where a verb asks for one."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.sacks import write

import serflow_opt as so
from serflow_opt.families.loading import load, problem_of, problems_of


def test_a_problem_stays_itself_and_a_path_is_loaded(tmp_path: Path) -> None:
    """Nobody pays for reading a file twice, and text and path mean the same file."""
    sack = write(tmp_path, "sack", [(1.0, 1.0, 1.0)], "")
    problem = load(sack)
    assert problem_of(problem) is problem
    assert problem_of(str(sack)).name == problem_of(sack).name == "sack"


def test_one_problem_is_no_list_of_them(tmp_path: Path) -> None:
    """A name where several are asked for would be taken apart letter by letter."""
    sack = write(tmp_path, "sack", [(1.0, 1.0, 1.0)], "")
    problem = load(sack)
    assert problems_of([problem, sack])[0] is problem
    for alone in (problem, str(sack), sack, 3):
        with pytest.raises(so.InputError, match="list of instances"):
            problems_of(alone)


def test_faults_of_a_family_carry_its_file(tmp_path: Path) -> None:
    """Whoever reads the family's tables, the user is told which file to mend."""
    sack = write(tmp_path, "sack", [(1.0, 1.0, 1.0)], "height_max = 3")
    with pytest.raises(so.InputError) as told:
        load(sack)
    assert [Path(problem.file) for problem in told.value.problems] == [sack / "instance.toml"]
