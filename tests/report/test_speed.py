"""What a fit of measured times says to people and programs."""

from __future__ import annotations

import tomllib

import pytest

from serflow_opt.report.speed import FittedPoints, as_document, toml_lines
from serflow_opt.speed.fit import fit_speed
from serflow_opt.speed.points import Point

POINTS = (Point(1769, 1.0), Point(3538, 0.7), Point(7076, 0.55))
"""One second of work on a vCPU, of which 60 % run in parallel."""


def test_lines_to_paste_are_toml_with_the_fitted_law() -> None:
    """Of 2e10 FLOP the law is 2e10 FLOP/s on a vCPU and a fraction of 0.6."""
    measured = FittedPoints("p.csv", POINTS, fit_speed(POINTS, 1769), None, 2e10)
    text = toml_lines(measured)
    assert tomllib.loads(text if isinstance(text, str) else "\n".join(text)) == {
        "flops_per_s_per_vcpu": 2e10,
        "parallel_fraction": 0.6,
    }


def test_without_operations_there_is_no_speed() -> None:
    """Nobody said what work was timed: the document has times, and no FLOP/s."""
    document = as_document(FittedPoints("p.csv", POINTS, fit_speed(POINTS, 1769), None, None))
    assert document["fit"]["vcpu_ms"] == pytest.approx(1000, rel=1e-6)
    assert document["fit"]["flops_per_s_per_vcpu"] is None
    assert [point["memory_mb"] for point in document["points"]] == [1769, 3538, 7076]
