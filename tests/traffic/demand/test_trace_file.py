"""Traces as files: periods counted, time stamps, one row a request, shipped ones; and what is refused, row by row."""

from __future__ import annotations

import gzip
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

import serflow_opt as so
from serflow_opt.errors import InputError
from serflow_opt.traffic.demand.trace import MOST_IN_A_PERIOD, Trace
from serflow_opt.traffic.demand.trace_file import read_trace, shipped_traces


def written(folder: Path, text: str) -> Path:
    """A file with this text."""
    path = folder / "trace.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(("clock", "period"), [("second", 1.0), ("minute", 60.0), ("hour", 3600.0)])
def test_periods_that_are_counted(clock: str, period: float, tmp_path: Path) -> None:
    """Seconds, minutes and hours are read with their length, and gaps shorten what was seen."""
    trace = read_trace(written(tmp_path, f"{clock},requests,gap_seconds,note\n7,3,0,a\n8,0,0.5,b\n"))
    assert trace.counts.tolist() == [3, 0]
    assert (trace.period_s, trace.name) == (period, "trace")
    assert trace.seen_s.tolist() == [period, period - 0.5]


def test_without_gaps(tmp_path: Path) -> None:
    """Without a column of gaps all of each period was seen; blank lines are none."""
    trace = read_trace(str(written(tmp_path, "minute,requests\n0,1\n\n1,2\n")))
    assert (trace.counts.tolist(), trace.seen_s.tolist()) == ([1, 2], [60.0, 60.0])


def test_marks_spaces_and_capitals_do_no_harm(tmp_path: Path) -> None:
    """Files of spreadsheets, with marks, spaces and capitals, are read as they are meant."""
    trace = read_trace(written(tmp_path, "\ufeffMinute , Requests\r\n0, 4\r\n1, 5.0\r\n"))
    assert trace.counts.tolist() == [4, 5]


def test_gzipped(tmp_path: Path) -> None:
    """A compressed trace is read, and named without its endings."""
    file = tmp_path / "night.csv.gz"
    file.write_bytes(gzip.compress(b"second,requests\n0,3\n1,4\n"))
    trace = read_trace(file)
    assert (trace.counts.tolist(), trace.name) == ([3, 4], "night")


STAMPED = {
    "zone": "time,requests\n2026-03-29T00:30:00+01:00,3\n2026-03-29T01:30+01:00,0\n2026-03-29T03:30:00+02:00,5\n",
    "utc": "timestamp,requests\n2026-03-29 00:00Z,3\n2026-03-29 01:00Z,0\n2026-03-29 02:00Z,5\n",
    "no zone": "TIMESTAMP,requests\n2026-03-29 00:00,3\n2026-03-29 01:00:00.0000000,0\n2026-03-29 02:00,5\n",
    "epoch": "epoch_s,requests\n1774742400,3\n1774746000.0,0\n1774749600,5\n",
    "milliseconds": "epoch_ms,requests\n1774742400000,3\n1774746000000,0\n1774749600000,5\n",
}


@pytest.mark.parametrize("name", STAMPED)
def test_stamps_of_periods(name: str, tmp_path: Path) -> None:
    """Hours; in the first the clocks of Berlin are put forward between the second and the third."""
    trace = read_trace(written(tmp_path, STAMPED[name]))
    assert (trace.counts.tolist(), trace.period_s) == ([3, 0, 5], 3600.0)
    assert trace.seen_s.tolist() == [3600.0] * 3


def test_stamps_may_be_any_time_apart(tmp_path: Path) -> None:
    """Periods have the length that stamps are apart, quarters of a second, too."""
    trace = read_trace(written(tmp_path, "epoch_s,requests,gap_seconds\n0.25,3,0\n0.5,0,0.25\n0.75,1,0\n"))
    assert (trace.counts.tolist(), trace.period_s) == ([3, 0, 1], 0.25)
    assert trace.seen_s.tolist() == [0.25, 0.0, 0.25]


def test_a_row_a_request(tmp_path: Path) -> None:
    """Three in the first second, none in the next two, two in the fourth; at one moment may be several."""
    iso = "time,path\n2026-01-31T23:59:58.2Z,/a\n2026-01-31T23:59:58.2Z,/b\n2026-01-31T23:59:58.999999Z,/a\n"
    iso += "2026-02-01T00:00:01Z,/a\n2026-02-01T00:00:01.9999999Z,/a\n"
    trace = read_trace(written(tmp_path, iso))
    assert (trace.counts.tolist(), trace.period_s) == ([3, 0, 0, 2], 1.0)
    epoch = "epoch_s\n1769903998.2\n1769903998.2\n1769903998.999999\n1769904001\n1769904001.9999999\n"
    assert read_trace(written(tmp_path, epoch)).counts.tolist()[:3] == [3, 0, 0]
    assert read_trace(written(tmp_path, "epoch_ms\n1999\n2000\n")).counts.tolist() == [1, 1]


BROKEN = {
    "clock": ("day,requests\n0,1\n", "first column", "'day'", "second, minute, hour, time"),
    "no requests": ("second,count\n0,1\n", "header", "second, count", "add a column requests"),
    "no rows": ("second,requests\n", "", "no rows", "a row a period"),
    "empty": ("", "", "cannot be read", "second,requests"),
    "shifted": ("second,requests\n10,0,600\n", "row 2", "3 cells", "the header has 2 columns"),
    "ragged": ("second,requests\n0,1\n1,2,3,4\n", "row 3", "4 cells", "the header has 2 columns"),
    "short": ("second,requests\n0,1\n1\n", "row 3", "1 cells", "the header has 2 columns"),
    "two columns": ("minute,requests,requests\n0,600,1\n", "header", "2 columns 'requests'", "keep one"),
    "two clocks": ("minute,minute,requests\n0,600,1\n", "header", "2 columns 'minute'", "keep one"),
    "too many": ("minute,requests\n0,1e19\n", "row 2, requests", "'1e19'", "at most 1e+12"),
    "text": ("second,requests\n0,many\n", "row 2, requests", "'many'", "whole number"),
    "negative": ("second,requests\n0,1\n1,-2\n", "row 3, requests", "-2", "0 or more"),
    "fraction": ("second,requests\n0,1.5\n", "row 2, requests", "1.5", "whole number"),
    "missing": ("second,requests\n0,1\n1,\n", "row 3, requests", "''", "whole number"),
    "not a number": ("second,requests\n0,1\n1,nan\n", "row 3, requests", "nan", "whole number"),
    "infinite": ("second,requests\n0,inf\n", "row 2, requests", "inf", "whole number"),
    "half seconds": ("second,requests\n0.5,1\n", "row 2, second", "0.5", "whole number"),
    "jump": ("second,requests\n0,1\n2,1\n", "row 3, second", "2 after 0", "up by one"),
    "twice": ("minute,requests\n4,1\n4,1\n", "row 3, minute", "4 after 4", "write 0"),
    "gap": ("second,requests,gap_seconds\n0,1,2\n", "row 2, gap_seconds", "2", "a second has 1 seconds"),
    "bad gap": ("second,requests,gap_seconds\n0,1,-1\n", "row 2, gap_seconds", "-1", "seconds, 0 or more"),
    "no gap": ("second,requests,gap_seconds\n0,1,x\n", "row 2, gap_seconds", "'x'", "seconds, 0 or more"),
    "after a blank line": ("second,requests\n0,1\n\n1,x\n", "row 4, requests", "'x'", "whole number"),
    "numbers for times": ("time,requests\n1774742400,3\n", "row 2, time", "'1774742400'", "epoch_s or epoch_ms"),
    "no time": ("time,requests\n31.1.2026 10:00,3\n", "row 2, time", "31.1.2026", "write ISO 8601"),
    "no such day": ("time,requests\n2026-02-30T10:00,3\n", "row 2, time", "2026-02-30", "write ISO 8601"),
    "milliseconds": ("epoch_s,requests\n1774742400000,3\n", "row 2, epoch_s", "1774742400000", "epoch_ms"),
    "before all": ("epoch_s,requests\n-1,3\n", "row 2, epoch_s", "-1", "0 or more"),
    "zones": (
        "time,requests\n2026-01-01T00:00Z,3\n2026-01-01T01:00,3\n",
        "row 3, time",
        "without a zone",
        "give all a zone, or none",
    ),
    "one period": ("time,requests\n2026-01-01T00:00Z,3\n", "time", "one row", "give a second row"),
    "unsorted": (
        "epoch_s,requests\n0,1\n60,1\n30,1\n90,1\n150,1\n",
        "row 4, epoch_s",
        "'30', earlier than the row before",
        "sort by time",
    ),
    "hour twice": (
        "time,requests\n2026-10-25T01:00,1\n2026-10-25T02:00,1\n2026-10-25T02:00,1\n2026-10-25T03:00,1\n",
        "row 4, time",
        "'2026-10-25T02:00' twice",
        "give each stamp its zone",
    ),
    "hour missing": (
        "time,requests\n2026-03-29T00:00,1\n2026-03-29T01:00,1\n2026-03-29T03:00,1\n2026-03-29T04:00,1\n",
        "row 4, time",
        "7200 s after the row before, others 3600 s",
        "write 0 where none came",
    ),
    "uneven": (
        "epoch_s,requests\n0,1\n60,1\n120,1\n190,1\n",
        "row 5, epoch_s",
        "70 s after the row before, others 60 s",
        "the same length",
    ),
    "counts by another name": (
        "time,count\n2026-01-01T00:00Z,3\n",
        "header",
        "'count' and no requests",
        "call the counts of the periods requests",
    ),
    "gaps of requests": ("epoch_s,gap_seconds\n0,3\n", "header", "'gap_seconds' and no requests", "requests"),
    "requests that are unsorted": ("epoch_s\n5\n7\n6\n8\n", "row 4, epoch_s", "'6', earlier", "sort by time"),
    "requests of decades": ("epoch_s\n0\n1e9\n", "epoch_s", "1,000,000,001 s", "count them by period"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_traces(name: str, tmp_path: Path) -> None:
    """Each fault of a trace is told with its file, place, value and cure."""
    text, place, found, cure = BROKEN[name]
    path = written(tmp_path, text)
    with pytest.raises(InputError) as caught:
        read_trace(path)
    (problem,) = caught.value.problems
    assert (problem.file, problem.place) == (str(path), place)
    assert found in problem.found
    assert cure in problem.cure


def test_all_that_is_wrong_in_a_trace(tmp_path: Path) -> None:
    """All faults of a file are told at once, so that it is mended once."""
    with pytest.raises(InputError) as caught:
        read_trace(written(tmp_path, "second,requests\n0,x\n1,-1\nz,1\n"))
    places = {problem.place for problem in caught.value.problems}
    assert places == {"row 4, second", "row 2, requests", "row 3, requests"}


def test_many_faults_are_counted(tmp_path: Path) -> None:
    """A thousand faults are ten lines and a count, not a thousand lines."""
    with pytest.raises(InputError) as caught:
        read_trace(written(tmp_path, "second,requests\n" + "".join(f"{n},x\n" for n in range(1000))))
    assert len(caught.value.problems) == 11
    assert caught.value.problems[-1].found == "990 more such rows"


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    """What is neither text nor an archive is refused in words."""
    path = tmp_path / "trace.csv"
    path.write_bytes(b"second,requests\n\xff\xfe,1\n")
    with pytest.raises(InputError, match="cannot be read"):
        read_trace(path)
    path = path.with_suffix(".gz")
    path.write_bytes(b"second,requests\n0,1\n")
    with pytest.raises(InputError, match="cannot be read"):
        read_trace(path)


@pytest.mark.parametrize("name", ["nowhere.csv", "folder/twitter-day", "a\0b", "x" * 3000])
def test_no_such_trace(name: str, tmp_path: Path) -> None:
    """A missing file is told with what could have been given instead."""
    with pytest.raises(InputError, match=r"no such file, nor a shipped trace; .*give a CSV"):
        read_trace(f"{tmp_path}/{name}")


def test_shipped_traces_by_name() -> None:
    """288 times five minutes are a day."""
    assert "twitter-day" in shipped_traces()
    for name in shipped_traces():
        trace = so.read_trace(name)
        assert (trace.name, trace.seconds) == (name, 86400.0)
    with pytest.raises(InputError, match="did you mean twitter-day"):
        read_trace("twiter-day")


def test_a_folder_is_no_trace(tmp_path: Path) -> None:
    """A folder in the place of a file is refused in words."""
    with pytest.raises(InputError, match="cannot be read"):
        read_trace(tmp_path)


def test_random_texts_are_read_or_refused(tmp_path: Path) -> None:
    """Cells, commas, quotes and line ends of three good files, exchanged at random."""
    rng = np.random.default_rng(7)
    texts = [*STAMPED.values(), "second,requests,gap_seconds\n7,3,0\n8,0,0.5\n", "epoch_s\n1\n1.5\n7\n"]
    pieces = [
        "",
        "0",
        "-1",
        "1e300",
        "nan",
        "1e19",
        "inf",
        '"',
        ",",
        "\n",
        "time",
        "requests",
        "9999-12-31T23:59",
        "\0",
    ]
    pieces += ["0001-01-01T00:00+14:00", "2026-01-01T00:00-23:59"]
    for _ in range(400):
        text = list(texts[rng.integers(len(texts))])
        for _ in range(rng.integers(1, 5)):
            text[rng.integers(len(text))] = pieces[rng.integers(len(pieces))]
        file = written(tmp_path, "".join(text))
        with suppress(InputError):
            trace = read_trace(file)
            assert len(trace.counts) == len(trace.seen_s) > 0


def test_counts_beyond_all_reason() -> None:
    """Counts and factors that no machine could replay are refused where they come in."""
    with pytest.raises(InputError, match="at most 1e"):
        Trace.of([10**13], 60.0)
    with pytest.raises(InputError, match="altogether"):
        Trace.of([int(MOST_IN_A_PERIOD)] * 1001, 60.0)
    for factor in (1e9, -1.0, float("nan"), float("inf")):
        with pytest.raises(InputError, match="factor"):
            Trace.of([10**6], 60.0).scaled(factor)
