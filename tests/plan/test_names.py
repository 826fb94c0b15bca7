"""Plans by names: what is read back, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from support import tiny
from support.a_plan import halfway
from support.helpers import V, changed, load, plan_of, two_tiers

import serflow_opt as so


@pytest.mark.parametrize(
    "thresholds",
    [
        [],
        [{"stage": 1}],
        [{"stage": 1, "threshold": 0.7}],
        [{"stage": 1, "threshold": 0.5}, {"stage": 1, "threshold": 0.9}],
        [{"stage": 1, "threshold": 0.5, "mix": [{"threshold": 0.9, "probability": 1.0}]}],
        [{"stage": 1, "mix": [{"threshold": 0.5, "probability": 0.5}]}],
        [{"stage": 1, "mix": [{"threshold": 0.5, "probability": 1.5}, {"threshold": 0.9, "probability": -0.5}]}],
        [{"stage": 1, "mix": [{"threshold": 0.7, "probability": 1.0}]}],
        [{"stage": 1, "threshold": 0.5}, {"stage": 3, "threshold": 0.5}],
        [{"stage": 1, "threshold": float("nan")}],
    ],
)
def test_thresholds_that_mean_nothing_are_refused(thresholds: list[dict[str, Any]], tmp_path: Path) -> None:
    """Thresholds that are missing, doubled, off the menu or no probabilities are not valued as if they were others."""
    instance = load(changed(two_tiers(), exits={"thresholds": "randomized"}), tmp_path)
    with pytest.raises(so.InputError, match="thresholds"):
        so.evaluate(instance, plan_of([V, V]) | {"thresholds": thresholds})


def test_a_threshold_where_there_is_no_classifier_is_refused(tmp_path: Path) -> None:
    """A threshold behind a stage that nobody can leave is a mistake of the user, not a number to ignore."""
    document = two_tiers()
    document["tables"]["exits.csv"] = document["tables"]["exits.csv"][-1:]
    with pytest.raises(so.InputError, match="no classifier"):
        so.evaluate(load(document, tmp_path), plan_of([V, V], {1: 0.5}))


def test_all_faults_of_a_plan_are_told_together(tmp_path: Path) -> None:
    """Wrong options and wrong thresholds are told in one round."""
    with pytest.raises(so.InputError) as caught:
        so.evaluate(load(two_tiers(), tmp_path), plan_of([("vm", "x"), ("fn", "y")], {1: 0.7}))
    assert {problem.place for problem in caught.value.problems} == {"stage 1", "stage 2", "thresholds, stage 1"}


def test_what_is_not_named_happens_as_it_is() -> None:
    """Data cross a link plain unless the plan says otherwise."""
    plain = so.evaluate(tiny.adapted(), halfway(handovers=[], variants=[]))
    assert [stage.coding_ms for stage in plain.stages] == [0.0, 0.0]
    assert plain.cost_usd_per_request == pytest.approx(0.625 + 1.625 * 0.5, rel=1e-12)
    assert plain.privacy_loss == pytest.approx(0.75, rel=1e-12)
    named = halfway(handovers=[{"before_stage": 2, "compression": "none", "protection": "none"}], variants=[])
    assert so.evaluate(tiny.adapted(), named) == plain


@pytest.mark.parametrize(
    ("changes", "place", "words"),
    [
        ({"handovers": [{"before_stage": 2, "compression": "quantise-9"}]}, "before stage 2", "quantise-8"),
        ({"handovers": [{"before_stage": 2, "protection": "laplace", "scale": 2.0}]}, "before stage 2", "1.0"),
        ({"handovers": [{"before_stage": 2, "compression": "quantise-8"}] * 2}, "before stage 2", "given twice"),
        ({"handovers": [{"before_stage": 3}]}, "before stage 3", "nothing crosses"),
        ({"handovers": [{"before_stage": 0}]}, "handovers[1].before_stage", "greater than or equal to 1"),
        ({"variants": [{"stages": [1, 1], "variant": "int8"}]}, "variants", "of stages [1, 1]"),
        ({"variants": [{"stages": [1, 2], "variant": "int4"}]}, "variants", "'int8' of [1, 2]"),
        ({"variants": [{"stages": [1, 2], "variant": "int8"}] * 2}, "variants", "given twice"),
        ({"variants": [{"stages": [1], "variant": "int8"}]}, "variants[1].stages", "at least 2"),
    ],
)
def test_adaptations_that_mean_nothing_are_refused(changes: dict[str, Any], place: str, words: str) -> None:
    """An unknown way to hand over, or a variant of other stages, is named with those there are."""
    with pytest.raises(so.InputError) as caught:
        so.evaluate(tiny.adapted(), halfway(**changes))
    (problem,) = caught.value.problems
    assert place in problem.place
    assert words in f"{problem.found} {problem.cure}"


def test_nothing_is_handed_over_in_a_tier() -> None:
    """Compression between stages of one machine is refused: nothing crosses a link there."""
    places = [{"stage": s, "tier": "vm", "option": "v"} for s in (1, 2)]
    with pytest.raises(so.InputError, match="nothing crosses a link there"):
        so.evaluate(tiny.adapted(), halfway(placement=places))


def test_a_document_that_is_no_plan_is_told_in_words(tmp_path: Path) -> None:
    """What is missing and what is too much, each with what to do about it."""
    file = tmp_path / "plan.json"
    file.write_text('{"x": 1}', encoding="utf-8")
    with pytest.raises(so.InputError) as raised:
        so.evaluate(tiny.two_stages(), file)
    told = [str(problem) for problem in raised.value.problems]
    assert told[0] == "plan: placement: missing; give a plan as `solve --out` writes it"
    assert "plan: x: unknown key" in told[1]
