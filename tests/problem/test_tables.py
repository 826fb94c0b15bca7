"""CSV tables cell by cell: what is accepted, and that each fault has its own line with row, column and cure."""

from __future__ import annotations

from pathlib import Path

import pytest

from serflow_opt.errors import InputError, Problem, nearest
from serflow_opt.files import read_text, write_atomically
from serflow_opt.problem.tables import Column, Row, read_table

COLUMNS = [
    Column("name", "text"),
    Column("count", "whole", 1, 9),
    Column("size", low=0),
    Column("note", "text", required=False),
]


def read(folder: Path, text: str) -> tuple[list[Row], list[Problem]]:
    path = folder / "table.csv"
    path.write_text(text, encoding="utf-8")
    problems: list[Problem] = []
    rows = read_table(path, COLUMNS, problems)
    return rows, problems


def test_numbers_text_and_absent_cells(tmp_path: Path) -> None:
    """Cells are read as numbers and text, blank lines skipped, and each row keeps its line."""
    rows, problems = read(tmp_path, 'size,count,name\n1e-3, 3 ,"a, b"\n\n0,9,c\n')
    assert problems == []
    assert [row.cells for row in rows] == [
        {"size": 0.001, "count": 3, "name": "a, b"},
        {"size": 0.0, "count": 9, "name": "c"},
    ]
    assert [row.line for row in rows] == [2, 4]
    assert (rows[0].number("size"), rows[0].whole("count")) == (0.001, 3)


def test_optional_cells_may_be_blank(tmp_path: Path) -> None:
    """A blank optional cell is absent, not an empty text."""
    rows, problems = read(tmp_path, "name,count,size,note\na,1,2,\nb,1,2,x\n")
    assert problems == []
    assert [row.cells.get("note") for row in rows] == [None, "x"]


@pytest.mark.parametrize(
    ("column", "cell", "cure"),
    [
        ("count", "0", "a whole number from 1 to 9"),
        ("count", "10", "a whole number from 1 to 9"),
        ("count", "2.0", "a whole number from 1 to 9"),
        ("count", "", "a whole number from 1 to 9"),
        ("count", "9" * 400, "a whole number from 1 to 9"),
        ("count", "9" * 5000, "a whole number from 1 to 9"),
        ("size", "-0.1", "a number of at least 0"),
        ("size", "nan", "a number of at least 0"),
        ("size", "1e999", "a number of at least 0"),
        ("size", "0x10", "a number of at least 0"),
        ("size", "1,5", None),
        ("name", "", "a name"),
    ],
    ids=lambda value: None if value is None or len(value) < 50 else f"{len(value)} digits",
)
def test_a_wrong_cell_is_named(column: str, cell: str, cure: str | None, tmp_path: Path) -> None:
    """Each kind of wrong cell is named with line, column, value and what to write."""
    cells = {"name": "a", "count": "1", "size": "1"} | {column: cell}
    rows, problems = read(tmp_path, "name,count,size\n" + ",".join(cells.values()) + "\n")
    assert rows == []
    (problem,) = problems
    assert problem.file == str(tmp_path / "table.csv")
    if cure is None:
        assert (problem.place, problem.found) == ("line 2", "4 cells")
    else:
        assert (problem.place, problem.found) == (f"line 2, column {column}", repr(cell))
        assert problem.cure == f"write {cure}"


def test_many_faults_are_counted(tmp_path: Path) -> None:
    """A table full of faults is told in twenty lines and a count."""
    _, problems = read(tmp_path, "name,count,size\n" + "a,0,1\n" * 33)
    assert len(problems) == 21
    assert problems[-1].found == "13 more faults"


def test_faults_of_header_and_cells_are_told_together(tmp_path: Path) -> None:
    """A wrong header does not hide wrong cells."""
    _, problems = read(tmp_path, "name,cnt,size\na,1,-1\n")
    assert {problem.place for problem in problems} >= {"line 1", "line 1, column 2", "line 2, column size"}


def test_columns_may_depend_on_the_header(tmp_path: Path) -> None:
    """A table whose columns vary is read by its own header."""
    path = tmp_path / "table.csv"
    path.write_text("b,a\n1,2\n")
    problems: list[Problem] = []
    (row,) = read_table(path, lambda header: [Column(name) for name in header], problems)
    assert (row.cells, problems) == ({"b": 1.0, "a": 2.0}, [])


@pytest.mark.parametrize("content", [b"\xff", b"a\x80"])
def test_text_that_is_not_utf8(content: bytes, tmp_path: Path) -> None:
    """Text that is not UTF-8 is refused with the place of the first bad byte."""
    (tmp_path / "x").write_bytes(content)
    problems: list[Problem] = []
    assert read_text(tmp_path / "x", problems) is None
    assert f"offset {len(content) - 1}" in problems[0].found


def test_a_problem_reads_as_one_line() -> None:
    """File, place, value and cure make one line, and several problems one line each."""
    assert str(Problem("f.csv", "line 2", "'x'", "write a number")) == "f.csv: line 2: 'x'; write a number"
    assert str(Problem("", "--gap", "'x'", "")) == "--gap: 'x'"
    error = InputError([Problem("a", "", "b", "c"), Problem("d", "", "e", "f")])
    assert str(error) == "a: b; c\nd: e; f"
    assert len(error.problems) == 2
    assert isinstance(error, ValueError)


def test_suggestions() -> None:
    """A near name is suggested, otherwise the names there are, cut short where they are many."""
    assert nearest("lnk", ["link", "tier"]) == "did you mean link?"
    assert nearest("xyz", ["link", "tier"]) == "known: link, tier"
    assert nearest("xyz", []) == "none are known here"
    assert nearest("xyz", [str(n) for n in range(99)]).endswith("...")


# --- files written whole or not at all -----------------------------------------------------------------------


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    """A file is replaced in one step, with nothing left over."""
    target = tmp_path / "x.json"
    target.write_text("old")
    write_atomically(target, lambda draft: draft.write_text("new"))
    assert target.read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["x.json"]


def test_a_failure_half_way_leaves_the_old_file_and_no_rubbish(tmp_path: Path) -> None:
    """A failure while writing costs nothing: the old file stays, no draft does."""
    target = tmp_path / "x.json"
    target.write_text("old")

    def fail(draft: Path) -> None:
        draft.write_text("ne")
        assert draft.suffix == ".json"
        raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        write_atomically(target, fail)
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["x.json"]


def test_files_can_be_read_by_others_as_the_umask_says(tmp_path: Path) -> None:
    """Files written safely have the rights that plain writing gives."""
    (tmp_path / "plain").write_text("")
    write_atomically(tmp_path / "x", lambda draft: draft.write_text(""))
    assert (tmp_path / "x").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_folder_that_is_absent_or_a_target_that_is_a_folder_is_bad_input(tmp_path: Path) -> None:
    """Where nothing can be written the user is told which path."""
    for target in (tmp_path / "absent" / "x", tmp_path):
        with pytest.raises(InputError, match=str(target)):
            write_atomically(target, lambda draft: draft.write_text("x"))
    assert list(tmp_path.iterdir()) == []


def test_numbers_beyond_what_can_be_reckoned_with_are_refused(tmp_path: Path) -> None:
    """Numbers whose products overflow are refused where they stand."""
    rows, problems = read(tmp_path, "name,count,size\na,1,1e308\nb,1,1e100\n")
    assert [row.cells["name"] for row in rows] == ["b"]
    assert [(own.place, own.cure) for own in problems] == [("line 2, column size", "write a number of at most 1e+100")]
