"""Fixtures: plans to export, and readers of what comes out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from oracles.writing import write
from support.exported import document, save
from support.helpers import plan_of

import serflow_opt as so
from serflow_opt.plan.valuation import value_plan
from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.provision.solve import provision


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An instance, and what the commands say of it: solved.json (a stage each) and provisioned.json."""
    folder = tmp_path_factory.mktemp("export")
    instance = so.load(write(document(), folder / "instance"))
    placed = plan_of([("vm", "c6i.large"), ("fn", "lambda-arm64-1769MB")], {1: 0.5})
    save(folder / "solved.json", value_plan(instance, placed).to_dict())
    demand = Rates(np.array([6.0, 30.0]), np.array([0.75, 0.25]))
    save(folder / "provisioned.json", provision(instance, demand, gap=1e-3).to_dict())
    return folder
