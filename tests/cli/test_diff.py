"""The command `diff`."""

from __future__ import annotations

import json
from pathlib import Path

from support.helpers import run


def test_the_command_reads_what_solve_wrote(tmp_path: Path) -> None:
    """A plan under two rates: the machines differ, and a file that is none is told with exit code 2."""
    a, b = tmp_path / "a.json", tmp_path / "b.json"
    assert run("solve", "libra", "--out", a).code == 0
    assert run("solve", "libra", "--rate-per-s", "20", "--out", b).code == 0
    found = run("diff", a, b, "--json").document
    counts = {row["place"]: (row["first"], row["second"]) for row in found["differences"]}
    assert counts["metrics.machines[m4.large].count"] == (9, 2)
    assert counts["limits.rate_per_s"] == (143.0, 20.0)
    assert "no difference" in run("diff", a, a).stdout
    b.write_text(json.dumps([1]))
    assert run("diff", a, b).code == 2
    a.write_text('{"colour": "red"}')
    ran = run("diff", a, b)
    assert ran.code == 2
    assert [str(path) in line for path, line in zip((a, b), ran.stderr.splitlines(), strict=True)] == [True, True]
