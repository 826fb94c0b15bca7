"""A result of each kind, to be shown, saved and read again."""

from __future__ import annotations

import json
from typing import Any

import serflow_opt as so
from serflow_opt.ground.display import Displayed
from serflow_opt.sensitivity.explain import Explanation
from serflow_opt.traffic.control.compare import Comparison
from serflow_opt.traffic.provision.result import Deployment
from serflow_opt.traffic.schedule.result import Schedule
from serflow_opt.traffic.simulate.result import Simulation

COUNTS = (20, 40, 60, 40, 20, 0)
"""Requests by second."""
KINDS: dict[str, type[Displayed]] = {
    "plan": so.Plan,
    "valued": so.Plan,
    "front": so.Front,
    "explanation": Explanation,
    "fleet": so.Fleet,
    "policy": so.Policy,
    "deployment": Deployment,
    "schedule": Schedule,
    "simulation": Simulation,
    "comparison": Comparison,
}


def strict(document: Any) -> Any:
    """A document on its way through JSON, which knows neither infinity nor NaN."""
    return json.loads(json.dumps(document, allow_nan=False))
