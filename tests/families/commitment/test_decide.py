"""Commitments in documents."""

from __future__ import annotations

import numpy as np
import pytest

import serflow_opt as so
from serflow_opt.families.commitment.decide import decided, others, told
from serflow_opt.families.commitment.problem import CommitmentPlan, Commitments

STEPPED = CommitmentPlan("machines", 12, 0.0, {0: 0.5}, 0.5)
DATA = Commitments(("a",), (1.0,), np.array([1.0, 1.0]), np.array([[1.0], [3.0]]), (STEPPED,))


def test_documents_and_back() -> None:
    """Two machines at 0.5 USD an hour are used for three quarters and save what 1.5 cost on demand, less 1."""
    document = told(DATA, (1.0,))
    (own,) = document["commitments"]
    assert (own["machines"], own["used"]) == (2.0, 0.75)
    assert own["usd_saved"] == pytest.approx(8760 * 0.5)
    assert document["usd_on_demand"] == pytest.approx(8760 * 0.5)
    assert decided(DATA, document) == (1.0,)
    assert decided(DATA, {"commitments": []}) == (0.0,)


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ({}, "commitments"),
        ({"commitments": [{"plan": "machine", "usd_per_hour": 1}]}, "commitments[1].plan"),
        ({"commitments": [{"plan": "machines", "usd_per_hour": 0.7}]}, "commitments[1].usd_per_hour"),
        ({"commitments": [{"plan": "machines", "usd_per_hour": -1}]}, "commitments[1].usd_per_hour"),
    ],
)
def test_what_cannot_be_bought(document: dict[str, object], place: str) -> None:
    """Unknown plans, parts of machines, less than nothing."""
    with pytest.raises(so.InputError) as error:
        decided(DATA, document)
    assert [problem.place for problem in error.value.problems] == [place]


def test_what_simpler_rules_come_to() -> None:
    """Nothing: 2 a machine-hour on average; the least, one: 0.5 + 1; the mean, two: 1 + 0.5."""
    assert [own.values["cost"] / 8760 for own in others(DATA)] == pytest.approx([2.0, 1.5, 1.5])
