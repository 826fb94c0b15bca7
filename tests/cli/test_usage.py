"""Command lines that a command cannot take."""

from __future__ import annotations

import pytest
from support.helpers import run


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("solve", ["FILE: missing; give it: Instance files"]),
        ("provision digits --pools 3", ["--pools: '3'; write at most 2"]),
        ("solve digits --jobs 0", ["--jobs: '0'; write at least 1"]),
        ("solve digits --threads 1.5", ["--threads: '1.5'; write a whole number"]),
        ("compare digits --trace x --every-s 0", ["--every-s: '0'; write at least 0.001"]),
        ("solve digits --gap", ["--gap: no value; write a value behind it"]),
        ("solve digits --json=3", ["--json: a value, and it takes none; write it alone"]),
        ("solve --jsn digits", ["--jsn: no such option; did you mean --json"]),
        ("diff a b c", ["c: one too many; leave it out"]),
        ("compare digits --tracee x", ["--tracee: no such option; did you mean --trace or --trace-scale?"]),
        (
            "solve digits --gapp 3 --gap y --method lables --jobs 0",
            [
                "--gapp: no such option; did you mean --gap?",
                "--gap: 'y'; write a number",
                "--method: 'lables'; did you mean labels?",
                "--jobs: '0'; write at least 1",
            ],
        ),
        (
            "compare digits more --every-s x",
            ["--every-s: 'x'; write a number", "--trace: missing; give it: CSV", "more: one too many; leave it out"],
        ),
    ],
)  # fmt: skip
def test_all_that_is_wrong_is_told_at_once(line: str, told: list[str]) -> None:
    """Each with its place, the value and what to write; nothing on stdout, and no traceback."""
    ran = run(*line.split())
    assert ran.code == 2
    assert ran.stdout == ""
    *errors, hint = ran.stderr.splitlines()
    assert len(errors) == len(told), errors
    for found, expected in zip(errors, told, strict=True):
        assert found.startswith(f"error: {expected}"), found
    assert hint.endswith(f"{line.split()[0]} --help` has all options")


def test_help_and_version_are_no_faults() -> None:
    """They end a command line that lacks all else."""
    assert run("solve", "--help").code == 0
    assert run("--version").code == 0
