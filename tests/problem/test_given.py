"""What functions take in place of an instance, a plan, a trace; keys of limits; and what they say of anything else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support.helpers import GOOD, changed, load, two_tiers
from support.service import service_document, write_trace

import serflow_opt as so
from serflow_opt.traffic.control.compare import service_for

ANY: Any = None
RENTED = changed(two_tiers(), workload={"rate_per_s": 5.0}, objective={"accounting": "reserved"})
VERBS: dict[str, Callable[[Any], Any]] = {
    "solve": so.solve,
    "pareto": so.pareto,
    "explain": so.explain,
    "relax": lambda given: so.relax(given, "accuracy_min", [0.5]),
    "Planner": lambda given: so.Planner(given).plan(),
    "solve_all": lambda given: so.solve_all([given]),
    "evaluate": lambda given: so.evaluate(given, so.solve(GOOD)),
}
TRAFFIC: dict[str, Callable[[Any], Any]] = {
    "provision": lambda given: so.provision(given, 20.0),
    "compare": lambda given: so.compare(given, so.Trace.of([5, 5]), policies=["functions"]),
    "service_for": lambda given: service_for(given, so.Trace.of([5, 5]), 1),
    "solve_fleet": lambda given: so.solve_fleet([given], budget_usd_per_hour=1.0),
}


@pytest.mark.parametrize("verb", VERBS)
def test_names_and_paths_are_loaded(verb: str) -> None:
    """Each verb takes a path as well as an instance."""
    for given in (GOOD, str(GOOD)):
        VERBS[verb](given)


def test_so_are_those_of_traffic_and_of_fleets(tmp_path: Path) -> None:
    """Traces and instances of the traffic verbs may be paths, too."""
    from oracles.writing import write

    folder, trace = write(service_document(), tmp_path / "t"), write_trace(tmp_path / "t.csv", (5, 5, 5))
    assert so.provision(folder, str(trace)).status == "optimal"
    service = service_for(str(folder), trace, 1)
    assert so.compare(folder, trace, policies=["functions"]).rows
    assert so.schedule(service, trace, step_s=1.0).status == "optimal"
    assert so.simulate(service, str(trace), so.Controller(service)).arrivals == 15
    assert so.solve_fleet([write(RENTED, tmp_path / "f")], budget_usd_per_hour=100.0).status == "optimal"


@pytest.mark.parametrize(
    "given", [3, None, {"name": "x"}, ["bert12-sst2"], np.zeros(3), "no-such-instance", Path("/no")]
)
@pytest.mark.parametrize("verb", [*VERBS, *TRAFFIC])
def test_anything_else_is_an_input_error(verb: str, given: Any) -> None:
    """What cannot be an instance is refused with a cure by every verb, never with a traceback."""
    with pytest.raises(so.InputError) as caught:
        (VERBS | TRAFFIC)[verb](given)
    (problem,) = caught.value.problems
    assert problem.cure


def test_lists_are_asked_for_where_there_are_several() -> None:
    """A verb for many instances asks for a list instead of taking a name apart."""
    for verb in (so.solve_all, lambda given: so.solve_fleet(given, budget_usd_per_hour=1.0)):
        for given in ("bert12-sst2", so.load(GOOD), 3):
            with pytest.raises(so.InputError, match="list of instances"):
                verb(given)  # type: ignore[no-untyped-call]


def test_plans_may_be_paths(tmp_path: Path) -> None:
    """A saved plan is valued like the one in memory."""
    plan = so.solve(GOOD)
    plan.save(tmp_path / "p.json")
    assert so.evaluate(GOOD, tmp_path / "p.json") == so.evaluate(GOOD, str(tmp_path / "p.json")) == plan.metrics
    for given in (3, None, [1], "absent.json", {"placement": 3}):
        with pytest.raises(so.InputError):
            so.evaluate(GOOD, given)  # type: ignore[arg-type]


def test_services_traces_and_policies_of_other_kinds(tmp_path: Path) -> None:
    """A service, trace or policy of another kind is refused before anything runs."""
    service = service_for(load(service_document(), tmp_path), so.Trace.of([5]), 1)
    trace = so.Trace.of([5])
    for ask in (
        lambda: so.simulate("tagger", trace, ANY),  # type: ignore[arg-type]
        lambda: so.simulate(service, 3, so.Controller(service)),  # type: ignore[arg-type]
        lambda: so.simulate(service, "absent.csv", so.Controller(service)),
        lambda: so.simulate(service, trace, "controller"),  # type: ignore[arg-type]
        lambda: so.schedule(GOOD, trace),  # type: ignore[arg-type]
        lambda: so.schedule(service, None),  # type: ignore[arg-type]
        lambda: so.provision(GOOD, "absent.csv"),
    ):
        with pytest.raises(so.InputError):
            ask()
