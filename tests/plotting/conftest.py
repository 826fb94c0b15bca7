"""Fixtures: plans and fronts to draw, and what is read off pictures of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.helpers import changed, load, two_tiers

import serflow_opt as so
from serflow_opt.fronts.front import Front
from serflow_opt.plan.document import Plan


@pytest.fixture
def unsolvable(tmp_path: Path) -> Plan:
    return so.solve(load(changed(two_tiers(), workload={"latency_slo_ms": 1.0}), tmp_path))


@pytest.fixture
def front(tmp_path: Path) -> Front:
    """The four plans of `two_tiers` in cost, worst-case latency and accuracy; see test_label_setting.py."""
    return so.pareto(load(two_tiers(), tmp_path), ("cost", "latency", "accuracy"))
