"""What tests of fronts are given."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.helpers import load, two_tiers

from serflow_opt.fronts.front import Front
from serflow_opt.fronts.pareto import pareto


@pytest.fixture
def front(tmp_path: Path) -> Front:
    """The four plans of `two_tiers` in cost, worst-case latency and accuracy; see test_label_setting.py."""
    return pareto(load(two_tiers(), tmp_path), ("cost", "latency", "accuracy"))
