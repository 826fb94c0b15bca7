"""What a confirmation found, as JSON has it."""

from __future__ import annotations

import json
import math

from serflow_opt.traffic.confirm.result import Confirmation, LatencyTarget


def test_the_limit_is_that_of_the_measure() -> None:
    """A promise on a share is held to the share, one on the mean to its seconds."""
    assert LatencyTarget("share", 2.0, 0.01).limit == 0.01
    assert LatencyTarget("mean", 2.0, 0.01).limit == 2.0


def test_what_is_not_known_is_null() -> None:
    """Strict JSON has no NaN and no infinity: both are unknown there."""
    nothing = Confirmation(
        "undecided", LatencyTarget("mean", 1.0), math.nan, math.nan, math.inf, 0.99, 0, 0, 0, math.nan, ()
    )
    document = json.loads(json.dumps(nothing.to_dict(), allow_nan=False))
    assert [document[key] for key in ("value", "low", "high", "waited_s")] == [None] * 4
    assert (document["confidence"], document["on_function"], document["target"]["slo_s"]) == (0.99, [], 1.0)
