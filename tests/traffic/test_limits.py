"""Traffic that is more than can be worked on, and time that is too short: what was done is said, and nothing hangs."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracles.provisioned_instances import draw
from oracles.provisioned_reading import provisioned
from oracles.writing import write
from support.helpers import run
from support.service import service_document, write_trace

import serflow_opt as so
from serflow_opt.backend import highs
from serflow_opt.ground.deadline import Deadline, OutOfTime
from serflow_opt.traffic.control import compare as comparing
from serflow_opt.traffic.control import runs as running
from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.provision import counts, one_set, search
from serflow_opt.traffic.schedule.solve import evaluate_schedule, schedule
from serflow_opt.traffic.service import Block, Machine, Service
from serflow_opt.traffic.simulate import requests
from serflow_opt.traffic.simulate import simulate as simulating

LIBRA = so.load("libra")
SMALL = Trace.of([40] * 30, name="small")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "billion.csv"
    path.write_text("minute,requests\n0,10\n1,1000000000\n2,5\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("command", ["simulate", "compare"])
def test_more_requests_than_can_be_replayed_are_refused_at_once(command: str, file: Path) -> None:
    """A billion requests are refused before a replay begins, with a scale that can be replayed."""
    ran = run(command, "libra", "--trace", file)
    assert ran.code == 2
    assert "1,000,000,015 requests" in ran.stderr
    assert "--trace-scale 0.3" in ran.stderr


def test_more_machines_than_can_be_priced_are_refused_with_a_cure(file: Path) -> None:
    """A machine of libra serves 16 requests/s: 10^9 a minute are 1,041,667 of them, and 6 deviations more 1,043,199."""
    ran = run("scale", "libra", "--trace", file)
    assert ran.code == 2
    assert "1,043,199 machines of m4.large" in ran.stderr
    assert "machines_max" in ran.stderr
    with pytest.raises(so.InputError, match="scale the demand down"):
        so.provision(LIBRA, 1e12)


def test_machines_max_bounds_what_is_priced() -> None:
    """With three machines at most, all but a sliver goes to the function: 8.535e-6 USD a request."""
    tiers = tuple(replace(tier, scaling=replace(tier.scaling, machines_max=3)) for tier in LIBRA.tiers)
    found = so.provision(replace(LIBRA, tiers=tiers), 1e7, confirm=False)
    assert found.status == "optimal"
    assert found.usd_per_s == pytest.approx(1e7 * (0.5 * 0.00001667 + 0.0000002), rel=1e-4)


def test_many_machines_beside_a_function_are_found_without_counting(monkeypatch: pytest.MonkeyPatch) -> None:
    """The search used for many machines finds what counting each number finds."""
    counted = so.provision(LIBRA, 200.0)
    monkeypatch.setattr(counts, "COUNTED", 0)
    found = so.provision(LIBRA, 200.0)
    assert found.usd_per_s == pytest.approx(counted.usd_per_s, rel=1e-12)
    assert [part.count for part in found.parts] == [part.count for part in counted.parts]


def test_provision_without_time_has_no_proof() -> None:
    """Without time an answer is not called proven, and its bound is below it."""
    found = so.provision(LIBRA, 5000.0, time_limit=0.0)
    assert found.status in ("feasible", "no_solution")
    assert found.bound <= found.usd_per_s or math.isnan(found.usd_per_s)


@pytest.mark.parametrize("most", [None, 2])
def test_schedule_without_time_serves_all(most: int | None) -> None:
    """Four requests/s at the peak: four machines all the time, or two of the cheap and two of the dear type."""
    cheap = Machine("cheap", 1.0, 1, (1.0, 1.0), start_s=2.0, machines_max=most)
    dear = Machine("dear", 1.5, 1, (1.0, 1.0))
    service = Service("s", (Block(0, 0, (cheap, dear), None),), (1.0,), (0.9,))
    trace = Trace.of([1, 4, 2])
    found = schedule(service, trace, step_s=1.0, time_limit=0.0)
    assert found.status == "feasible"
    assert found.usd == (4 * 5.0 if most is None else 2 * 5.0 + 2 * 3 * 1.5)
    assert found.bound == 7.0  # a fluid of machines: seven requests on the cheap type
    value = evaluate_schedule(service, trace, [found.blocks[0].rentals])
    assert value[0].usd == found.usd


def test_simulation_without_time_says_how_far_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    """A simulation that is stopped says how many requests and seconds it had done."""
    service = so.provision(LIBRA, 40.0).service
    policy = so.Controller(service, every_s=10.0)
    with pytest.raises(OutOfTime, match=r"^0 of 1,200 requests were simulated, up to second 0 of 30"):
        so.simulate(service, SMALL, policy, time_limit=0.0)
    looked = iter([False] * 4)  # twice while requests are drawn, then once a decision
    monkeypatch.setattr(Deadline, "expired", property(lambda own: next(looked, True)))
    with pytest.raises(OutOfTime, match=r"^800 of 1,200 requests were simulated, up to second 20 of 30"):
        simulating.simulate(service, SMALL, policy)


def test_comparison_keeps_what_is_through(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second of two simulations is not through in time."""
    through = iter([running._simulate])
    monkeypatch.setattr(running, "_simulate", lambda given: next(through, lambda given: "3 of 1,200")(given))
    found = comparing.compare(LIBRA, SMALL, policies=["functions", "controller"])
    assert [row.policy for row in found.rows] == ["functions"]
    assert found.left_out == {"controller": "stopped: 3 of 1,200"}
    assert found.stopped
    assert found.to_dict()["stopped"] is True


@pytest.mark.parametrize("command", ["simulate", "compare"])
def test_commands_that_are_stopped_say_so(command: str, tmp_path: Path) -> None:
    """A command that has nothing when its time is up ends with code 4, a document and a line on standard error."""
    ran = run(command, "libra", "--trace", write_trace(tmp_path / "t.csv"), "--time-limit", "0", "--json")
    assert ran.code == 4
    assert json.loads(ran.stdout)["status"] == "no_solution"
    assert ran.stderr.startswith("stopped: ")


def test_scale_without_time_has_the_simplest_schedule(tmp_path: Path) -> None:
    """Without time there still is a schedule that serves all, called feasible."""
    ran = run("scale", "libra", "--trace", write_trace(tmp_path / "t.csv"), "--time-limit", "0", "--json")
    assert ran.code == 4
    assert '"status": "feasible"' in ran.stdout or ran.stderr.startswith("stopped: ")


def test_deployments_tell_the_solvers_word_from_what_was_checked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """HiGHS is believed, but where multipliers show less that is said, too."""
    solve = highs.HighsModel.solve

    def unchecked(own: highs.HighsModel, **given: Any) -> highs.Outcome:
        return replace(solve(own, **given), checked=-math.inf)

    proven = so.provision(so.load(write(service_document(large=True), tmp_path)), 30.0)
    assert proven.bound * (1 - 1e-5) <= proven.checked_bound <= proven.bound
    monkeypatch.setattr(one_set.OneSet, "bound", lambda own, enough: None)  # leave all of it to the solver
    case = draw(14)  # the solver is asked, and what it says is needed
    checked = provisioned(case, tmp_path, gap=1e-4)
    monkeypatch.setattr(highs.HighsModel, "solve", unchecked)
    found = provisioned(case, tmp_path, gap=1e-4)
    assert (found.status, found.bound) == (checked.status, pytest.approx(checked.bound, rel=1e-6))
    assert 0 < found.checked_bound < found.bound
    assert "by the solver's word" in " ".join(str(found).split())
    assert found.to_dict()["checked_bound"] == found.checked_bound * 3600


def test_doubt_is_the_reason_of_no_deployment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A solver's doubtful "infeasible" is no proof: the answer is no solution, with the doubt as reason."""
    doubtful = highs.Outcome("no_solution", math.nan, -math.inf, {}, 0, 0, 0, doubt="not confirmed")
    monkeypatch.setattr(highs.HighsModel, "solve", lambda own, **given: doubtful)
    monkeypatch.setattr(search.ProvisionSearch, "offer", lambda own, structure, levels: math.inf)
    found = so.provision(LIBRA, 30.0)
    assert (found.status, found.reason) == ("no_solution", "not confirmed")
    monkeypatch.setattr(highs.HighsModel, "solve", lambda own, **given: replace(doubtful, doubt=""))
    assert "--time-limit" in so.provision(LIBRA, 30.0).reason


@pytest.mark.parametrize("arrivals", ["spread", "poisson"])
def test_requests_drawn_in_parts_are_those_drawn_at_once(arrivals: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing in parts spares memory and changes no moment."""
    service = so.provision(LIBRA, 40.0).service
    assert service is not None
    trace = Trace.of([3, 0, 50, 0, 7, 1])
    whole = requests.draw(service, trace, 1, arrivals)
    monkeypatch.setattr(requests, "AT_ONCE", 5)
    parts = requests.draw(service, trace, 1, arrivals)
    assert whole.times.tolist() == parts.times.tolist()
    assert (np.diff(parts.times) >= 0).all()
    if arrivals == "spread":
        assert np.bincount(parts.times.astype(int), minlength=6).tolist() == [3, 0, 50, 0, 7, 1]
