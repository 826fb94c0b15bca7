"""Price files that are wrong, cell by cell."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.price_files import FUNCTION_HEADER, VM_HEADER, write

from serflow_opt.errors import InputError, Problem
from serflow_opt.problem.catalog import Catalog, load_catalog


def problems_of(*paths: Path) -> tuple[Problem, ...]:
    with pytest.raises(InputError) as caught:
        load_catalog().with_rows(*paths)
    return caught.value.problems


def test_byte_order_mark_blank_lines_and_spaces_are_no_fault(catalog: Catalog, tmp_path: Path) -> None:
    """Files as spreadsheets write them are read."""
    path = tmp_path / "own.csv"
    text = "name, vcpus, memory_mb, usd_per_hour, as_of\r\n\r\nbox , 1, 1024, 0.1, 2026-11-01\r\n,,,,\r\n"
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    assert catalog.with_rows(path).vm("box").memory_mb == 1024


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("name", ""),
        ("vcpus", "two"),
        ("vcpus", "0"),
        ("memory_mb", "-4096"),
        ("memory_mb", "0"),
        ("memory_mb", "4.5"),
        ("usd_per_hour", "-0.085"),
        ("usd_per_hour", "nan"),
        ("usd_per_hour", "inf"),
        ("usd_per_hour", "$0.085"),
        ("usd_per_hour", ""),
        ("as_of", ""),
        ("as_of", "2026-13-01"),
        ("as_of", "20261101"),
        ("as_of", "yesterday"),
        ("arch", "amd64"),
        ("gpu_count", "0.5"),
    ],
)
def test_wrong_cell_of_a_vm_type(tmp_path: Path, column: str, cell: str) -> None:
    """A wrong cell of a machine is named with line, column, value and what to write."""
    cells = dict(zip(VM_HEADER.split(","), ["box", "2", "4096", "0.1", "2026-11-01"], strict=True))
    cells[column] = cell
    path = write(tmp_path, ",".join(cells), ",".join(cells.values()))
    (problem,) = problems_of(path)
    assert (problem.file, problem.place, problem.found) == (str(path), f"line 2, column {column}", repr(cell))
    assert problem.cure.startswith("write ")


@pytest.mark.parametrize(
    ("column", "cell"),
    [
        ("region", ""),
        ("arch", ""),
        ("usd_per_gb_s", "-1"),
        ("usd_per_request", "nan"),
        ("mb_per_vcpu", "0"),
        ("duration_max_s", "0"),
        ("payload_max_bytes", "6 MB"),
        ("memory_step_mb", "0"),
    ],
)
def test_wrong_cell_of_a_function_price(tmp_path: Path, column: str, cell: str) -> None:
    """A wrong cell of a function is named with line, column and value."""
    given = ["us-east-1", "x86_64", "1e-5", "2e-7", "2026-11-01"]
    cells = dict(zip(FUNCTION_HEADER.split(","), given, strict=True)) | {column: cell}
    (problem,) = problems_of(write(tmp_path, ",".join(cells), ",".join(cells.values())))
    assert (problem.place, problem.found) == (f"line 2, column {column}", repr(cell))


def test_every_fault_of_every_file_is_reported_at_once(tmp_path: Path) -> None:
    """Faults of several files are told together and in order."""
    vms = write(tmp_path, VM_HEADER, "a,x,1,-1,2026-11-01", "b,1,1,1,", "c,1,1,1", "d,1,1,1,2026-11-01", name="v.csv")
    functions = write(tmp_path, FUNCTION_HEADER, "r,mips,1e-5,nan,2026-11-01", name="f.csv")
    problems = problems_of(vms, functions, tmp_path / "absent.csv")
    assert [(Path(problem.file).name, problem.place) for problem in problems] == [
        ("v.csv", "line 2, column vcpus"),
        ("v.csv", "line 2, column usd_per_hour"),
        ("v.csv", "line 3, column as_of"),
        ("v.csv", "line 4"),
        ("f.csv", "line 2, column arch"),
        ("f.csv", "line 2, column usd_per_request"),
        ("absent.csv", ""),
    ]


def test_missing_and_unknown_columns_are_named_together(tmp_path: Path) -> None:
    """A header with wrong columns is mended in one round."""
    path = write(tmp_path, "name,vcpus,memory_gb,usd_per_hour", "box,1,4,0.1")
    said = [str(problem) for problem in problems_of(path)]
    assert len(said) == 3
    assert "'memory_mb' is missing" in said[0]
    assert "'as_of' is missing" in said[1]
    assert "unknown column 'memory_gb'; did you mean memory_mb" in said[2]


def test_column_of_the_other_table_is_unknown(tmp_path: Path) -> None:
    """A column that belongs to functions is no column of machines."""
    path = write(tmp_path, f"{VM_HEADER},usd_per_request", "box,1,1024,0.1,2026-11-01,0")
    (problem,) = problems_of(path)
    assert "unknown column 'usd_per_request'" in problem.found


def test_header_of_neither_table(tmp_path: Path) -> None:
    """A file that is neither table is told what both headers look like."""
    path = write(tmp_path, "name,region,as_of", "box,us-east-1,2026-11-01")
    (problem,) = problems_of(path)
    assert VM_HEADER in problem.cure
    assert FUNCTION_HEADER in problem.cure


def test_semicolons_instead_of_commas(tmp_path: Path) -> None:
    """A file separated by semicolons is told that commas are wanted."""
    (problem,) = problems_of(write(tmp_path, VM_HEADER.replace(",", ";"), "box;1;1024;1;2026-11-01"))
    assert f"separated by commas: {VM_HEADER}" in problem.cure


@pytest.mark.parametrize(
    ("header", "row", "key"),
    [
        (VM_HEADER, "c6i.large,2,4096,0.1,2026-11-01", "c6i.large us-east-1"),
        (FUNCTION_HEADER, "us-east-1,x86_64,1e-5,2e-7,2026-11-01", "aws us-east-1 x86_64"),
    ],
)
def test_two_rows_with_one_key(tmp_path: Path, header: str, row: str, key: str) -> None:
    """Two prices for one thing are a fault, with both lines named."""
    (problem,) = problems_of(write(tmp_path, header, row, row))
    assert (problem.place, problem.found) == ("line 3", f"{key} again, first on line 2")


@pytest.mark.parametrize(
    ("header", "row", "cure"),
    [
        (f"{VM_HEADER},gpu,gpu_count", "box,2,4096,0.1,2026-11-01,T4,0", "gpu_count"),
        (f"{VM_HEADER},gpu,gpu_count", "box,2,4096,0.1,2026-11-01,,1", "gpu_count"),
        (f"{FUNCTION_HEADER},memory_min_mb", "us-east-1,x86_64,1,1,2026-11-01,99999", "memory_max_mb"),
    ],
)
def test_cells_that_contradict_each_other(tmp_path: Path, header: str, row: str, cure: str) -> None:
    """Cells that are right alone but not together are named."""
    (problem,) = problems_of(write(tmp_path, header, row))
    assert problem.place == "line 2"
    assert cure in problem.cure


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (VM_HEADER.encode() + b"\n", "no rows"),
        (VM_HEADER.encode() + "\nbüro,1,1024,0.1,2026-11-01\n".encode("latin-1"), "not UTF-8"),
        (VM_HEADER.encode("utf-16"), "not UTF-8"),
    ],
)
def test_file_without_readable_rows(tmp_path: Path, content: bytes, said: str) -> None:
    """Empty files, headers alone and other encodings are refused with words."""
    path = tmp_path / "own.csv"
    path.write_bytes(content)
    (problem,) = problems_of(path)
    assert problem.file == str(path)
    assert said in problem.found
    assert problem.cure


def test_missing_file_and_folder(tmp_path: Path) -> None:
    """A missing file and a folder in place of one are bad input, not a crash."""
    missing, folder = problems_of(tmp_path / "absent.csv", tmp_path)
    assert "no such file" in missing.found
    assert "cannot be read" in folder.found


def test_only_types_with_gpus_may_be_of_unknown_size(tmp_path: Path) -> None:
    """Empty cells are unknown, not 0; their architecture is unknown, too."""
    header = f"{VM_HEADER},gpu,billing"
    catalog = load_catalog().with_rows(write(tmp_path, header, "card,,,2.5,2026-11-01,H100,per-second"))
    card = catalog.find_vm("card")
    assert card is not None
    assert (card.vcpus, card.memory_mb, card.arch, card.gpu_count, card.billing) == (None, None, "", 1, "per-second")
    (problem,) = problems_of(write(tmp_path, header, "box,2,,2.5,2026-11-01,,"))
    assert (problem.place, problem.cure) == (
        "line 2",
        "write its vcpus and memory_mb: only types with a gpu may leave them empty",
    )
    (problem,) = problems_of(write(tmp_path, header, "card,,,2.5,2026-11-01,H100,monthly"))
    assert (problem.place, problem.found) == ("line 2, column billing", "'monthly'")
