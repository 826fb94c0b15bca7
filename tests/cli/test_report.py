"""The command `report`."""

from __future__ import annotations

from pathlib import Path

from support.helpers import run


def test_a_page_is_written(tmp_path: Path) -> None:
    """What `solve --out` wrote becomes a page; what is no answer is told with exit code 2."""
    plan, page = tmp_path / "plan.json", tmp_path / "plan.html"
    assert run("solve", "libra", "--out", plan).code == 0
    assert run("report", plan, "--out", page).code == 0
    assert "<h1>libra</h1>" in page.read_text(encoding="utf-8")
    assert run("report", tmp_path / "none.json", "--out", page).code == 2
    other = tmp_path / "other.json"
    other.write_text('{"colour": "red"}')
    assert "other.json: no answer: its keys are colour" in run("report", other, "--out", page).stderr
    assert run("report", other, "--out", page).code == 2
    assert run("report", plan, "--out", tmp_path / "plan.pdf").code == 2
