"""Whole models, written into files that a person can check by hand."""

from __future__ import annotations

import pytest
from support.golden_parts import GOLDEN, cases_of, holds


@pytest.mark.parametrize("name", cases_of("model"))
def test_golden(name: str) -> None:
    """Put together, the parts make the models whose optima were worked out by hand."""
    holds(name)


@pytest.mark.parametrize(
    ("name", "optimum"),
    [
        ("model.build", 1.4375),
        ("model.build-reserved", 1.625),
        ("model.build-percentile", 0.75),
        ("model.build-weighted", -1.905),
        ("model.build-adapted", 1.25),
    ],
)
def test_golden_optimum(name: str, optimum: float) -> None:
    """The file alone, read and solved by HiGHS, has the optimum worked out in its head."""
    import highspy

    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    assert solver.readModel(str(GOLDEN / f"{name}.lp")) == highspy.HighsStatus.kOk
    solver.run()
    assert solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
    assert solver.getInfo().objective_function_value == pytest.approx(optimum, rel=1e-6)
