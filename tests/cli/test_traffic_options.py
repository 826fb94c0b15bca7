"""Options that commands on traffic share: traces, parts of them, faults, and what is refused."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from oracles.writing import write
from support.helpers import run
from support.service import COUNTS, LIBRA_CALL_USD, service_document
from support.traffic_commands import TRACED, TRAFFIC, refused, simulated


@pytest.mark.parametrize("command", TRAFFIC)
def test_no_such_trace(command: str, tmp_path: Path) -> None:
    """A missing trace is told by each command alike."""
    assert refused(run(command, "libra", "--trace", tmp_path / "none.csv"), "none.csv", "no such file")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("day,requests\n0,1\n", ("first column", "'day'", "second, minute, hour")),
        ("second,count\n0,1\n", ("add a column requests",)),
        ("second,requests\n", ("no rows",)),
        ("", ("cannot be read",)),
        ("second,requests\n0,1\n2,1\n", ("row 3", "2 after 0", "0 where none came")),
        ("second,requests\n0,x\n", ("row 2, requests", "'x'")),
        ("second,requests\n0,-1\n", ("row 2, requests", "-1")),
        ("second,requests\n0,1.5\n", ("row 2, requests", "1.5", "a whole number")),
        ("second,requests,gap_seconds\n0,1,2\n", ("row 2, gap_seconds", "2")),
        ("second,requests\n0,0\n1,0\n", ("no request at all",)),
    ],
)
def test_bad_traces(text: str, parts: tuple[str, ...], tmp_path: Path) -> None:
    """Faults of traces are told with row and column on standard error."""
    file = tmp_path / "bad.csv"
    file.write_text(text, encoding="utf-8")
    for command in ("provision", "scale"):
        assert refused(run(command, "libra", "--trace", file), "bad", *parts)


@pytest.mark.parametrize("command", TRACED)
def test_all_that_is_wrong_is_told_at_once(command: str, tmp_path: Path) -> None:
    """A limit out of range, a trace that is not there and a picture that cannot be drawn hide none of each other."""
    wrong = ("--trace", tmp_path / "none.csv", "--latency-slo-ms", "-1", "--plot", "a.gif")
    ran = run(command, "libra", *wrong)
    assert ran.code == 2
    told = ran.stderr.splitlines()
    assert len(told) == 3
    assert all(words in line for words, line in zip(("--plot", "latency_slo_ms", "none.csv"), told, strict=True)), told


def test_a_wrong_flag_does_not_hide_that_there_is_no_trace() -> None:
    """`simulate` of a service tells both, and of other kinds all flags that mean nothing there."""
    ran = run("simulate", "libra", "--no-start", "nothing:1:2")
    assert [line.split(": ")[1] for line in ran.stderr.splitlines()] == ["--trace", "--no-start"]
    ran = run("simulate", "cholesky-262144", "--trace", "twitter-day", "--out", "x.csv")
    assert (ran.code, [line.split(": ")[1] for line in ran.stderr.splitlines()]) == (2, ["--trace", "--out"])


def test_all_bad_rows_are_told_at_once(tmp_path: Path) -> None:
    """All bad rows of a trace are told in one go."""
    file = tmp_path / "bad.csv"
    file.write_text("second,requests\n0,1\n1,x\n2,-3\n", encoding="utf-8")
    ran = run("simulate", "libra", "--trace", file)
    assert [line.split(": ")[2] for line in ran.stderr.splitlines()] == ["row 3, requests", "row 4, requests"]


@pytest.mark.parametrize(
    ("command", "arguments", "parts"),
    [
        ("simulate", ("--policy", "autoscalr"), ("--policy", "autoscalr", "autoscaler")),
        ("compare", ("--policy", "magic"), ("--policy", "magic", "controller")),
        *((command, ("--from-s", "500"), ("--from-s", "180 s")) for command in TRACED),
        *((command, ("--from-s", "50", "--to-s", "20"), ("--from-s, --to-s", "50 to 20")) for command in TRACED),
        *((command, ("--trace-scale", "0"), ("no request at all",)) for command in TRACED),
        *((command, ("--plot", "picture.txt"), ("--plot", "'.txt'", ".png")) for command in TRACED),
        ("simulate", ("--no-start", "m5.large:0:10"), ("--no-start", "'m5.large:0:10'", "TYPE:FROM:TO", "m4.large")),
        ("simulate", ("--no-start", "m4.large:0"), ("--no-start", "TYPE:FROM:TO")),
        ("simulate", ("--no-start", "m4.large:-5:10"), ("--no-start", "TYPE:FROM:TO")),
        ("simulate", ("--no-start", "m4.large:a:b"), ("--no-start", "TYPE:FROM:TO")),
        ("simulate", ("--no-start", "m4.large:nan:5"), ("--no-start", "TYPE:FROM:TO")),
        ("simulate", ("--machines-at-start", "m4.large"), ("--machines-at-start", "'m4.large'", "TYPE:COUNT")),
        ("simulate", ("--machines-at-start", "m4.large:-1"), ("--machines-at-start", "TYPE:COUNT")),
        ("simulate", ("--machines-at-start", "m5.large:1"), ("--machines-at-start", "m5.large", "m4.large")),
        ("simulate", ("--throttle", "0:10"), ("--throttle", "'0:10'", "FROM:TO:LIMIT")),
        ("simulate", ("--throttle", "0:10:1.5"), ("--throttle", "FROM:TO:LIMIT")),
        ("simulate", ("--throttle", "0:10:-1"), ("--throttle", "FROM:TO:LIMIT")),
        ("simulate", ("--throttle", "often"), ("--throttle", "FROM:TO:LIMIT")),
        ("simulate", ("--factors", "none.csv"), ("none.csv", "no such file")),
        ("scale", ("--step-s", "0"), ("--step-s",)),
        ("simulate", ("--every-s", "-1"), ("--every-s",)),
        ("compare", ("--jobs", "0"), ("--jobs",)),
        ("scale", ("--blocks", "0"), ("--blocks",)),
    ],
)
def test_bad_flags(command: str, arguments: tuple[str, ...], parts: tuple[str, ...], trace: Path) -> None:
    """Each wrong flag is told by its name with what it takes."""
    ran = run(command, "libra", "--trace", trace, *arguments)
    assert refused(ran, *parts), ran.stderr


def test_all_bad_faults_are_told_at_once(trace: Path) -> None:
    """All malformed faults are told in one go."""
    ran = run("simulate", "libra", "--trace", trace, "--no-start", "a", "--no-start", "b", "--throttle", "c")
    assert ran.code == 2
    assert len(ran.stderr.splitlines()) == 3


@pytest.mark.parametrize("command", TRACED)
@pytest.mark.parametrize("key", ["start_s", "keep_alive_s"])
def test_how_machines_come_and_go_must_be_said(command: str, key: str, trace: Path, tmp_path: Path) -> None:
    """Start and keep-alive are needed over time, and asked for by their key."""
    document = service_document()
    vm, function = document["tier"]
    function["cold_start_ms"] = 100.0
    del (vm if key == "start_s" else function)[key]
    ran = run(command, write(document, tmp_path), "--trace", trace)
    assert refused(ran, f"{key}: missing", "seconds"), ran.stderr


def test_keep_alive_does_not_matter_without_cold_starts(trace: Path, tmp_path: Path) -> None:
    """A key that changes nothing is not asked for."""
    document = service_document()
    del document["tier"][1]["keep_alive_s"]
    assert run("scale", write(document, tmp_path), "--trace", trace).code == 0


@pytest.mark.parametrize("command", TRACED)
@pytest.mark.parametrize(("option", "name"), [("--out", "rows.csv"), ("--plot", "picture.png")])
def test_files_that_cannot_be_written(command: str, option: str, name: str, trace: Path, tmp_path: Path) -> None:
    """A target that cannot be written is told before the search."""
    ran = run(command, "libra", "--trace", trace, option, tmp_path / "none" / name)
    assert refused(ran, name, "cannot write there")


def test_measured_factors(trace: Path, tmp_path: Path) -> None:
    """Factors of one change nothing; no time at all and other columns are refused."""
    factors = tmp_path / "factors.csv"
    factors.write_text("factor\n1\n1\n", encoding="utf-8")
    plain = simulated("--trace", trace, "--policy", "functions")
    assert simulated("--trace", trace, "--policy", "functions", "--factors", factors) == plain
    factors.write_text("factor\n0\n", encoding="utf-8")
    assert refused(run("simulate", "libra", "--trace", trace, "--factors", factors), "factor", "no time at all")
    factors.write_text("time\n1\n", encoding="utf-8")
    assert refused(run("simulate", "libra", "--trace", trace, "--factors", factors), "factor")


@pytest.mark.parametrize(
    ("arguments", "counts"),
    [
        (("--from-s", "100"), COUNTS[100:]),
        (("--to-s", "70"), COUNTS[:70]),
        (("--from-s", "30", "--to-s", "90"), COUNTS[30:90]),
        (("--trace-scale", "0.5"), np.rint(np.array(COUNTS) * 0.5).astype(int).tolist()),
        (("--trace-scale", "2", "--from-s", "30", "--to-s", "90"), [2 * count for count in COUNTS[30:90]]),
    ],
)
def test_parts_of_a_trace(arguments: Sequence[str], counts: Sequence[int], trace: Path, tmp_path: Path) -> None:
    """Every command takes the same part and scale of a trace."""
    document = simulated("--trace", trace, "--policy", "functions", *arguments)
    assert document["requests"]["arrived"] == sum(counts)
    out = tmp_path / "rows.csv"
    assert run("scale", "libra", "--trace", trace, "--out", out, *arguments).code == 0
    assert pd.read_csv(out)["demand"].sum() == pytest.approx(sum(counts))
    compared = run("compare", "libra", "--trace", trace, "--policy", "functions", *arguments, "--json").document
    assert compared["policies"][0]["usd"] == pytest.approx(sum(counts) * LIBRA_CALL_USD)


def test_minutes_and_hours_are_traces_too(tmp_path: Path) -> None:
    """Requests by minute are rates by second."""
    file = tmp_path / "m.csv"
    file.write_text("minute,requests\n0,600\n1,1200\n", encoding="utf-8")
    document = run("provision", "libra", "--trace", file, "--json").document
    demand = document["demand"]
    assert (demand["mean_per_s"], demand["peak_per_s"]) == (pytest.approx(15), pytest.approx(20))
    assert simulated("--trace", file, "--from-s", "60")["requests"]["arrived"] == 1200
