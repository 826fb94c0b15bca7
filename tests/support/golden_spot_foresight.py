"""Golden cases of markets, `formulations/spot_foresight.py`: see `test_formulations.py`."""

from __future__ import annotations

from typing import Any

import pyomo.core as pyo
from support.golden_parts import golden

from serflow_opt.formulations.spot_foresight import ForesightOffer, ForesightStretch, foresight_model

OFFERS = {0: ForesightOffer(0.003, 0.3, 1, 4), 1: ForesightOffer(0.001, 0.1, 2, 3)}
"""On demand at 0.003 USD a second, and spot machines of two workers at 0.001; starts of 100 s."""
LINES = ((1.0, 0.4), (0.2, 0.0))
STRETCHES = (
    ForesightStretch(600.0, 0.5, (0, 1), frozenset({0, 1}), 2.0, LINES),
    ForesightStretch(300.0, 0.25, (0,), frozenset({0}), 2.0, LINES),
    ForesightStretch(300.0, 0.25, (0, 1), frozenset({0}), 3.0, LINES),
)
"""Spot machines are there, vanish, and are back but not yet through their start."""


@golden("spot_foresight.foresight_model-enough")
def enough() -> Any:
    """Two workers, then two, then three serve at all times."""
    return foresight_model(STRETCHES, OFFERS, None)


@golden("spot_foresight.foresight_model-late")
def late() -> Any:
    """A quarter of the requests may be late: all with no worker, 0.4 less with each, a fifth at best."""
    return foresight_model(STRETCHES, OFFERS, 0.25)


def built_names() -> set[str]:
    """Names of the constraints."""
    return {own.local_name for made in (enough(), late()) for own in made.component_objects(pyo.Constraint)}
