"""Documents as instances, and bounds compared with what they bound."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from oracles.writing import write

import serflow_opt as so
from serflow_opt.problem.instance import Instance

ROUNDING = 1e-9


def loaded(document: Mapping[str, Any], folder: Path) -> Instance:
    """The instance of a document."""
    return so.load(write(document, folder))


def at_most(bound: float, true: float) -> bool:
    """The bound does not exceed the true value, but for rounding."""
    return bound <= true + ROUNDING * abs(true)
