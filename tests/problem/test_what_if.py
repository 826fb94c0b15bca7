"""Limits by their keys in files, and what is said of other keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.helpers import GOOD, load, two_tiers

import serflow_opt as so


def test_limits_go_by_their_keys_in_files(tmp_path: Path) -> None:
    """Limits have one name and unit, in files and in calls, and None takes them away."""
    instance = load(two_tiers(), tmp_path)
    held = instance.with_limits(
        latency_slo_ms=300, mse_min=0.5, cross_entropy_max=2.0, accuracy_min=0.8, then="latency"
    )
    assert held.latency_slo_s == 0.3
    assert held.latency_slo_ms == 300
    assert (held.privacy.mse_min, held.privacy.cross_entropy_max) == (0.5, 2.0)
    assert held.then == ("latency",)
    free = held.with_limits(latency_slo_ms=None, mse_min=None)
    assert free.latency_slo_ms is None
    assert (free.privacy.mse_min, free.privacy.cross_entropy_max) == (None, 2.0)
    assert instance.with_limits(latency_slo_ms=np.float32(250.0)).latency_slo_s == 0.25


def test_weights_make_the_objective_and_another_objective_drops_them(tmp_path: Path) -> None:
    """Weights mean a weighted objective and do not outlive it."""
    instance = load(two_tiers(), tmp_path)
    both = instance.with_limits(weights={"latency": 1, "cost": 2.0})
    assert both.minimize == "weighted"
    assert both.weights == (("cost", 2.0), ("latency", 1.0))
    assert both.with_limits(minimize="latency").weights == ()


def test_the_old_key_in_seconds_still_works_and_says_so(tmp_path: Path) -> None:
    """A renamed key keeps working for a release, with a warning at the caller's line."""
    instance = load(two_tiers(), tmp_path)
    with pytest.warns(DeprecationWarning, match="latency_slo_ms") as told:
        assert instance.with_limits(latency_slo_s=0.3).latency_slo_ms == 300
    assert told[0].filename == __file__


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"latency_slo": 3}, "latency_slo_ms"),
        ({"acuracy_min": 0.5}, "accuracy_min"),
        ({"minimize": "speed"}, "cost"),
        ({"accounting": "reservd"}, "reserved"),
        ({"tail": "fat"}, "fixed"),
        ({"then": ["costs"]}, "cost"),
        ({"then": 3}, "list"),
        ({"weights": {"costs": 1.0}}, "cost"),
        ({"weights": {"cost": "1"}}, "number"),
        ({"weights": 3}, "dict"),
        ({"minimize": None}, "always"),
        ({"latency_measure": "p42"}, "percentile"),
    ],
)
def test_other_keys_and_words_are_told(changes: dict[str, Any], word: str) -> None:
    """A misspelt key or word is refused with what was probably meant."""
    with pytest.raises(so.InputError, match=word):
        so.load(GOOD).with_limits(**changes)
