"""The command `bound`."""

from __future__ import annotations

from pathlib import Path

import pytest

from serflow_opt.cli.main import app

TERMS = ("--slo", "500", "--capacity", "1", "--usd-per-hour", "60")


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as end:
        app(["bound", *arguments])
    return int(end.value.code or 0)


def test_bound_is_told_with_what_was_paid(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two minutes of one machine at a dollar a minute; three dollars are half more; the picture is drawn."""
    trace = tmp_path / "trace.csv"
    trace.write_text("minute,requests\n0,60\n1,60\n")
    assert run(str(trace), *TERMS, "--paid", "3", "--plot", str(tmp_path / "bound.png")) == 0
    told = capsys.readouterr().out
    assert "no autoscaler pays less than $2.00" in told
    assert "+50.0% against the least" in told
    assert (tmp_path / "bound.png").stat().st_size > 0


def test_less_was_paid_than_can_be(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A bill below the bound is pointed out: some term is not kept."""
    trace = tmp_path / "trace.csv"
    trace.write_text("minute,requests\n0,60\n")
    assert run(str(trace), *TERMS, "--paid", "0.5") == 0
    assert "note: less was paid" in capsys.readouterr().out


def test_wrong_figures_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """What makes no sense is named with its value and a cure, all at once."""
    assert run("twitter-day", "--slo", "-1", "--capacity", "0", "--usd-per-hour", "1", "--paid", "-1") == 2
    told = capsys.readouterr().err
    assert "--slo: '-1'; write a number above 0" in told
    assert "--capacity: '0'; write a number above 0" in told
    assert "--paid: '-1'; write at least 0" in told


def test_tables_of_batches_stand_for_the_capacity(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two at once in a second are two a second; with both, or neither, the message says so."""
    trace, times = tmp_path / "trace.csv", tmp_path / "times.csv"
    trace.write_text("minute,requests\n0,120\n1,120\n")
    times.write_text("batch,mean_ms\n1,900\n2,1000\n")
    asked = ("--slo", "2000", "--usd-per-hour", "60", "--batch-times", str(times))
    assert run(str(trace), *asked) == 0
    told = capsys.readouterr().out
    assert "no autoscaler pays less than $2.00" in told
    assert "at most 2 requests/s" in told
    assert run(str(trace), *asked, "--capacity", "2") == 2
    assert "both are given; give one of the two" in capsys.readouterr().err
    assert run(str(trace), *asked[:4]) == 2
    assert "neither is given" in capsys.readouterr().err
