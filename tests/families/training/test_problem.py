"""Rows of measured rounds."""

from __future__ import annotations

from serflow_opt.families.training.problem import MeasuredRounds


def test_rounds_fit_what_they_were_measured_with() -> None:
    """What was not varied fits anything; what was has to be called the same."""
    names = {"compression": "half", "dropout": "none"}
    assert MeasuredRounds(1, 5, {}, 0.7, 10.0).fits(names)
    assert MeasuredRounds(1, 5, {"compression": "half"}, 0.7, 10.0).fits(names)
    assert not MeasuredRounds(1, 5, {"compression": "half", "dropout": "0.5"}, 0.7, 10.0).fits(names)
