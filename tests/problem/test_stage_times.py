"""Tables of stage times: of one request, by batch, and as parts."""

from __future__ import annotations

from pathlib import Path

import pytest

from serflow_opt.errors import Problem
from serflow_opt.problem.stage_times import read_times


def read(folder: Path, text: str) -> tuple[dict[tuple[int, str], object], list[Problem]]:
    """What a table of two stages says, and what is wrong with it."""
    (folder / "t.csv").write_text(text, encoding="utf-8")
    problems: list[Problem] = []
    return dict(read_times(folder / "t.csv", 2, problems)), problems


def test_milliseconds_become_seconds(tmp_path: Path) -> None:
    """Means, deviations and the way back; what is not measured is 0, or none."""
    times, problems = read(tmp_path, "stage,option,mean_ms,sd_ms,backward_ms\n1,v,10,2,30\n2,v,20,,\n")
    assert problems == []
    one, two = times[1, "v"], times[2, "v"]
    assert (one.mean, one.sd, one.backward) == (0.01, 0.002, 0.03)  # type: ignore[attr-defined]
    assert (two.mean, two.sd, two.backward) == (0.02, 0.0, None)  # type: ignore[attr-defined]


def test_a_batch_of_one_is_what_a_request_takes_alone(tmp_path: Path) -> None:
    """Measured by size, or as a fixed part and one for each request."""
    times, _ = read(tmp_path, "stage,option,batch,mean_ms\n1,v,4,16\n1,v,1,10\n2,v,1,5\n")
    assert times[1, "v"].mean == 0.01  # type: ignore[attr-defined]
    assert times[1, "v"].by_batch.sizes == (1, 4)  # type: ignore[attr-defined]
    parts, _ = read(tmp_path, "stage,option,fixed_ms,per_request_ms\n1,v,5,1\n2,v,0,3\n")
    assert parts[1, "v"].mean == pytest.approx(0.006)  # type: ignore[attr-defined]


def test_a_time_that_stands_twice_is_told(tmp_path: Path) -> None:
    """Which of the two is meant is for the user to say; other batches are other times."""
    _, problems = read(tmp_path, "stage,option,mean_ms\n1,v,10\n1,v,11\n2,v,20\n")
    assert [(own.place, own.found) for own in problems] == [("line 3", "stage 1 on 'v' stands twice")]
    _, problems = read(tmp_path, "stage,option,batch,mean_ms\n1,v,1,10\n1,v,2,11\n1,v,2,12\n")
    assert [own.found for own in problems] == ["stage 1 on 'v' with batch 2 stands twice"]
    _, problems = read(tmp_path, "stage,option,mean_ms\n3,v,10\n")
    assert [own.place for own in problems] == ["line 2, column stage"]
