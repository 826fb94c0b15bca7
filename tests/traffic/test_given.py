"""What functions on traffic are given: traces, or files that are read as one."""

from __future__ import annotations

from pathlib import Path

import pytest

import serflow_opt as so
from serflow_opt.traffic.given import service_of, trace_of


def test_a_trace_or_its_file_will_do(tmp_path: Path) -> None:
    """A trace is taken as it is, and a path is read."""
    trace = so.Trace.of([1, 2])
    assert trace_of(trace) is trace
    (tmp_path / "t.csv").write_text("second,requests\n0,5\n1,7\n")
    assert trace_of(tmp_path / "t.csv").counts.tolist() == [5, 7]
    assert trace_of(str(tmp_path / "t.csv")).counts.tolist() == [5, 7]


def test_anything_else_is_refused_with_what_to_give() -> None:
    """A list of numbers is no trace, and a deployment is no service: the cure shows where one comes from."""
    with pytest.raises(so.InputError, match="read_trace"):
        trace_of([1, 2, 3])
    with pytest.raises(so.InputError, match="service_for"):
        service_of("libra")
