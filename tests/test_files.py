"""Files: written whole or not at all, read in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from serflow_opt.errors import InputError, Problem
from serflow_opt.files import read_json, read_text, write_atomically, write_rows


def test_a_failure_in_the_middle_leaves_the_old_file_and_no_draft(tmp_path: Path) -> None:
    """Who is interrupted while saving keeps the last result."""
    target = tmp_path / "plan.json"
    target.write_text("old")

    def half(draft: Path) -> None:
        draft.write_text("ha")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_atomically(target, half)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("plan.json", "old")]


def test_where_nothing_can_be_written_is_told(tmp_path: Path) -> None:
    """A folder in the place of the file, and a folder that is not there, are told by their path."""
    for target in (tmp_path, tmp_path / "absent" / "x.csv"):
        with pytest.raises(InputError) as caught:
            write_atomically(target, lambda draft: draft.write_text("x"))
        assert caught.value.problems[0].file == str(target)


def test_rows_are_written_in_the_order_of_the_columns(tmp_path: Path) -> None:
    """Whatever the order of the keys, a table has its columns, and nothing where a value is None."""
    write_rows(tmp_path / "t.csv", ["a", "b"], [{"b": 1, "a": "x, y"}, {"a": None, "b": 2}])
    assert (tmp_path / "t.csv").read_text() == 'a,b\n"x, y",1\n,2\n'


@pytest.mark.parametrize(("content", "said"), [(None, "no such file"), (b"ok \xff", "byte 0xff at offset 3")])
def test_what_cannot_be_read_is_a_problem(content: bytes | None, said: str, tmp_path: Path) -> None:
    """Problems are gathered, not raised: other files of the instance are looked at, too."""
    path, problems = tmp_path / "x.csv", list[Problem]()
    if content is not None:
        path.write_bytes(content)
    assert read_text(path, problems) is None
    assert said in problems[0].found


def test_a_mark_at_the_beginning_is_left_out(tmp_path: Path) -> None:
    """Spreadsheets begin UTF-8 with a mark that is no part of the first name."""
    (tmp_path / "x.csv").write_bytes(b"\xef\xbb\xbfa,b\n")
    assert read_text(tmp_path / "x.csv", []) == "a,b\n"


@pytest.mark.parametrize(
    ("text", "said"), [("{", "not JSON (line 1"), ("[]", "a list"), ("3", "3"), ("[" * 9**6, "nested")]
)
def test_json_of_something_else_is_refused(text: str, said: str, tmp_path: Path) -> None:
    """One document is an object: a list, a number and endless brackets are told as what they are."""
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(InputError) as caught:
        read_json(tmp_path / "x.json", "give a plan", "plan")
    assert said in caught.value.problems[0].found
