"""Parts that may deviate, and cases in which they do."""

from __future__ import annotations

from serflow_opt.problem.uncertainty import UncertainPart, Uncertainty

ASKED = Uncertainty(budget=1, times=(0.5, 0.0), exits=(0.25, 0.0), prices=(0.0, 1.0), rate=0.5)


def test_parts_are_those_with_a_share() -> None:
    """Stages, classifiers and tiers that deviate by nothing are no parts."""
    assert [(part.kind, part.at) for part in ASKED.parts] == [("times", 0), ("exits", 0), ("prices", 1), ("rate", 0)]


def test_a_case_has_the_factors_of_its_parts() -> None:
    """What is not among the parts stays as believed; fewer leave, all else is more."""
    case = ASKED.case([UncertainPart("exits", 0), UncertainPart("prices", 1)], ("vm", "fn"))
    assert case.name == "exits of stage 1, prices of fn"
    assert (case.rate, case.times, case.exits, case.prices) == (1.0, (), (0.75, 1.0), (1.0, 2.0))
    assert ASKED.case([], ("vm", "fn")).name == "as believed"
