"""Times by type of machine: read, filled in, and told what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from serflow_opt.errors import Problem
from serflow_opt.families.measured_times import read_times


def read(folder: Path, text: str, asked: dict[str, str]) -> tuple[object, list[Problem]]:
    """Read a table of stages a and b."""
    (folder / "times.csv").write_text(text, encoding="utf-8")
    problems: list[Problem] = []
    found = read_times(folder / "instance.toml", "times.csv", ("stage", "machine"), ["a", "b"], asked, problems)
    return found, problems


def test_ways_back_are_twice_the_way_there_where_not_measured(tmp_path: Path) -> None:
    """Seconds there and back by type, in the order of the stages, not of the table."""
    text = "stage,machine,forward_ms,backward_ms\nb,phone,4,\na,phone,1,3\na,gpu,0.5,0.5\nb,gpu,1,2\n"
    found, problems = read(tmp_path, text, {"phone": "client 'p'.times"})
    assert not problems
    assert found == {"phone": ((0.001, 0.003), (0.004, 0.008)), "gpu": ((0.0005, 0.0005), (0.001, 0.002))}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("stage,machine,forward_ms\na,phone,1\n", "no stage b"),
        ("stage,machine,forward_ms\na,phone,1\nb,phone,1\nc,phone,1\n", "stage 'c'"),
        ("stage,machine,forward_ms\na,phone,1\na,phone,1\nb,phone,1\n", "stage a on phone before"),
        ("stage,machine,forward_ms\na,tablet,1\nb,tablet,1\n", "'phone'"),
    ],
)
def test_what_is_missing_or_too_much_is_named(tmp_path: Path, text: str, said: str) -> None:
    """A stage that was not measured, one that there is not, one twice, and a type nobody measured."""
    found, problems = read(tmp_path, text, {"phone": "client 'p'.times"})
    assert found == {}
    assert [own.found for own in problems] == [said]


def test_types_without_a_table(tmp_path: Path) -> None:
    """A type asks for a table; without types there need be none."""
    problems: list[Problem] = []
    asked = {"phone": "client 'p'.times"}
    assert read_times(tmp_path / "instance.toml", "", ("stage", "machine"), ["a"], asked, problems) == {}
    assert [own.place for own in problems] == ["client 'p'.times"]
    assert read_times(tmp_path / "instance.toml", "", ("stage", "machine"), ["a"], {}, problems) == {}
    assert len(problems) == 1
