"""Fixtures: a result of each kind, to be shown, saved and read again."""

from __future__ import annotations

import pytest
from support.helpers import changed, load, two_tiers
from support.kept_results import COUNTS
from support.service import service_document, write_trace

import serflow_opt as so
from serflow_opt.ground.display import Displayed
from serflow_opt.traffic.control.compare import service_for


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Displayed]:
    folder = tmp_path_factory.mktemp("results")
    hybrid = load(changed(two_tiers(), workload={"latency_slo_ms": 900.0, "accuracy_min": 0.86}), folder / "hybrid")
    rented = load(
        changed(two_tiers(), workload={"rate_per_s": 5.0}, objective={"accounting": "reserved"}), folder / "rented"
    )
    (folder / "t.csv").parent.mkdir(exist_ok=True)
    trace = so.read_trace(write_trace(folder / "t.csv", COUNTS))
    traffic = load(service_document(), folder / "traffic")
    service = service_for(traffic, trace, blocks=2)
    return {
        "plan": so.solve(hybrid),
        "valued": so.solve(hybrid.with_limits(accuracy_min=0.99)),
        "front": so.pareto(hybrid),
        "explanation": so.explain(hybrid),
        "fleet": so.solve_fleet([rented], budget_usd_per_hour=100.0),
        "policy": so.Planner(rented).policy(rate_per_s=(1.0, 20.0), tolerance=0.1),
        "deployment": so.provision(traffic, 20.0),
        "schedule": so.schedule(service, trace, step_s=2.0),
        "simulation": so.simulate(service, trace, so.Controller(service), seed=1),
        "comparison": so.compare(traffic, trace, policies=["functions", "libra"]),
    }
