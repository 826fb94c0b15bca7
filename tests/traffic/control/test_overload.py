"""The second menu of thresholds: who is served with it, and when the controller switches to it and back."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from oracles.writing import write
from support.helpers import has_line, run
from support.service import service_document, write_trace
from support.serving import counted

import serflow_opt as so
from serflow_opt.errors import InputError
from serflow_opt.traffic.control.controller import Controller
from serflow_opt.traffic.control.overload import Overload, check_second_menu, with_lower_floor
from serflow_opt.traffic.scaling_policy import Orders, Seen
from serflow_opt.traffic.service import Block, Draws, Function, Machine, Service

if TYPE_CHECKING:
    from serflow_opt.serving.loop import ControlLoop

MACHINE = Machine("m", 1e-5, 1, (0.1, 0.3, 0.3), start_s=30.0, machines_max=4)
CALL = Function("f", (0.1, 0.3, 0.3), usd_per_s=1e-4, usd_per_request=0.0, concurrency_max=2)


def service(function: Function | None = None) -> Service:
    """Half leave after 0.1 s, by the second menu nine of ten; the early answers are worse."""
    block = (Block(0, 1, (MACHINE,), function),)
    second = Service("net", block, (0.9, 0.1), (0.8, 1.0), 1.0, 0.95)
    return replace(second, shares=(0.5, 0.5), accuracies=(0.9, 1.0), degraded=second)


class Switches:
    """Two machines, and the second menu between two moments."""

    name, every_s = "switches", 10.0

    def decide(self, seen: Seen) -> Orders:
        """Switch."""
        return Orders(({"m": 2},), degraded=100 <= seen.now_s < 200)


def test_requests_leave_by_the_menu_in_force() -> None:
    """3/s of 0.2 s for 300 s: of the 300 that come in the middle nine of ten leave early, of the others half."""
    own = service()
    run = so.simulate(own, so.Trace.of([3] * 300), Switches(), seed=1)
    assert (run.degraded, run.degraded_s) == (300, 100.0)
    assert run.busy_worker_s == pytest.approx(600 * 0.2 + 300 * 0.12, rel=0.05)
    assert run.accuracy == pytest.approx((600 * 0.95 + 300 * 0.82) / 900, abs=0.03)
    assert run.to_dict()["degraded"] == {"requests": 300, "seconds": 100.0}
    plain = so.simulate(replace(own, degraded=None), so.Trace.of([3] * 300), Switches(), seed=1)
    assert plain.degraded == 0
    assert plain.busy_worker_s == pytest.approx(900 * 0.2, rel=0.05)


def test_the_same_samples_leave_by_both_menus() -> None:
    """Two samples: the first is right and leaves late by the first menu alone, the second is wrong and always early."""
    own = service()
    first = Draws(np.array([1, 0]), np.array([True, False]))
    second = Draws(np.array([0, 0]), np.array([True, False]))
    assert own.degraded is not None
    own = replace(own, draws=first, degraded=replace(own.degraded, draws=second))
    runs = [so.simulate(own, so.Trace.of([3] * 300), Switches(), seed=2) for _ in range(2)]
    alike = so.simulate(replace(own, degraded=None), so.Trace.of([3] * 300), Switches(), seed=2)
    assert runs[0].accuracy == runs[1].accuracy == alike.accuracy, "requests are the same samples"
    assert runs[0].busy_worker_s < alike.busy_worker_s


@pytest.mark.parametrize("function", [None, CALL])
def test_accuracy_goes_before_requests_do(function: Function | None) -> None:
    """Four machines serve 20/s of the first menu and 33/s of the second; 28/s come for ten minutes."""
    trace = so.Trace.of([600] * 5 + [1680] * 10 + [600] * 15, 60.0)
    own = service(function)
    controller = Controller(own)
    run = so.simulate(own, trace, controller, seed=3, timeout_s=3.0)
    before = so.simulate(replace(own, degraded=None), trace, Controller(own), seed=3, timeout_s=3.0)
    assert not run.policy_errors
    assert sum(run.dropped.values()) < sum(before.dropped.values())
    assert run.violations < 0.5 * before.violations
    assert run.accuracy is not None
    assert before.accuracy is not None
    assert 0.82 < run.accuracy < before.accuracy
    assert 500 <= run.degraded_s <= 1500
    said = [event.text for event in controller.events if "menu" in event.text]
    assert "overloaded: served with the second menu, accuracy 0.82" in said[0]
    assert said[-1] == "back to the first menu, accuracy 0.95"


def test_without_overload_and_without_a_second_menu_nothing_changes() -> None:
    """The second menu costs accuracy: it is used in overload alone, and only where there is one."""
    trace = so.Trace.of([600] * 15, 60.0)
    own = service(replace(CALL, concurrency_max=None))
    assert so.simulate(own, trace, Controller(own)).degraded == 0
    tight = replace(service(), degraded=None)
    assert so.simulate(tight, trace.scaled(3), Controller(tight)).degraded == 0
    assert Overload(tight, lambda text: None).decide([0]) is False


def test_the_menu_in_force_is_saved() -> None:
    """A controller restarted in overload goes on with the second menu, and leaves it when traffic falls."""
    controller = Controller(service())
    ready = ({"m": 4},)
    none: tuple[dict[str, int], ...] = ({},)
    first = controller.decide(Seen(60.0, (np.full(60, 28),), ready, none, none, (0,)))
    assert first.degraded
    again = Controller(service())
    again.restore(json.loads(json.dumps(controller.state())))
    assert again.decide(Seen(120.0, (np.full(60, 28),), ready, none, none, (0,))).degraded
    for minute in range(3, 10):
        orders = again.decide(Seen(60.0 * minute, (np.full(60, 5),), ready, none, none, (0,)))
    assert not orders.degraded


def test_the_second_menu_of_an_instance(tmp_path: Path) -> None:
    """Two thresholds: 0.8 sends 70 % out at 0.95, 0.5 sends 90 % out at 0.90; a floor of 0.90 allows the latter."""
    made = service_document()
    made["workload"]["accuracy_min"] = 0.95
    made["tables"]["exits.csv"].insert(0, {"stage": 1, "threshold": 0.5, "exit_rate": 0.9, "accuracy": 0.90})
    instance, trace = so.load(write(made, tmp_path)), so.Trace.of([40] * 60)
    found = so.service_for(instance, trace, blocks=1, degraded_accuracy=0.90)
    assert found.degraded is not None
    assert found.shares == pytest.approx((0.7, 0.3))
    assert found.degraded.shares == pytest.approx((0.9, 0.1))
    assert found.degraded.blocks == found.blocks


def without_function(folder: Path) -> Path:
    """Write an instance with two menus: 14 machines take 96/s, and 121/s by the second one, and no function helps."""
    made = service_document()
    made["workload"]["accuracy_min"] = 0.95
    made["tables"]["exits.csv"].insert(0, {"stage": 1, "threshold": 0.5, "exit_rate": 0.9, "accuracy": 0.90})
    made["tier"], made["link"] = [made["tier"][0] | {"machines_max": 14}], []
    return write(made, folder)


def test_the_commands_show_it(tmp_path: Path) -> None:
    """150/s come for 20 s, more than either menu takes."""
    folder = without_function(tmp_path)
    trace = write_trace(tmp_path / "flood.csv", [50] * 130 + [150] * 20 + [50] * 150)
    asked = ("--trace", trace, "--blocks", "1", "--every-s", "5", "--degraded-accuracy-min", "0.9")
    ran = run("simulate", folder, *asked)
    assert ran.code == 0, ran.stderr
    assert has_line(ran.stdout, "degraded", "second menu")
    assert "never overloaded" not in ran.stdout
    table = tmp_path / "table.csv"
    compared = run("compare", folder, *asked, "--policy", "controller", "--policy", "maximum", "--out", table)
    assert compared.code == 0, compared.stderr
    assert has_line(compared.stdout, "policy", "degraded", "accuracy")
    rows = {row["policy"]: row for row in csv.DictReader(table.open(encoding="utf-8"))}
    assert float(rows["controller"]["degraded"]) > 0.05
    assert float(rows["maximum"]["degraded"]) == 0


def test_it_is_said_that_nothing_was_overloaded(tmp_path: Path) -> None:
    """5/s come for three minutes, which machines and the function take; the second menu is right 9.07 times of 10."""
    made = service_document()
    made["workload"]["accuracy_min"] = 0.95
    made["tables"]["exits.csv"].insert(0, {"stage": 1, "threshold": 0.5, "exit_rate": 0.9, "accuracy": 0.90})
    trace = write_trace(tmp_path / "calm.csv", [5] * 180)
    asked = ("--trace", trace, "--blocks", "1", "--degraded-accuracy-min", "0.9")
    ran = run("simulate", write(made, tmp_path), *asked, "--json")
    assert ran.code == 0, ran.stderr
    said = "never overloaded: the second menu, accuracy 0.907, was not used"  # 0.9 of 0.90, 0.1 of 0.97
    assert said in json.loads(ran.stdout)["events"]


@pytest.mark.parametrize("command", ["simulate", "compare"])
def test_a_policy_that_would_ignore_a_second_menu_is_refused(command: str, tmp_path: Path) -> None:
    """Target tracking knows one menu; in Python `compare` says the same, and one that uses it is enough."""
    trace = write_trace(tmp_path / "calm.csv", [5] * 60)
    refused = "--degraded-accuracy-min: with --policy tracking-70; take --policy controller or whole: no other serves"
    ran = run(command, "bert12-sst2", "--trace", trace, "--policy", "tracking-70", "--degraded-accuracy-min", "0.8")
    assert (ran.code, ran.stdout) == (2, "")
    assert refused in " ".join(ran.stderr.split())
    check_second_menu(["tracking-70", "whole"], 0.8)
    check_second_menu(["tracking-70"], None)


def test_a_service_serves_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All 14 machines are there and 110/s come: `serve` answers with the second menu's threshold, 0.5 after stage 1."""
    pytest.importorskip("starlette")
    from serflow_opt.serving import server

    orders = list[dict[str, Any]]()

    async def told(loop: ControlLoop, *_: object, **__: object) -> None:
        machines = [{"block": 1, "type": "m", "ready": 14, "starting": 0}]
        loop.take([counted(loop.service, *[110.0] * 10, machines=machines)])
        orders.append(loop.decide())

    monkeypatch.setattr(server, "run", told)
    folder, state = without_function(tmp_path), tmp_path / "s.db"
    trace = write_trace(tmp_path / "usual.csv", [50] * 60)
    asked = ("--trace", trace, "--blocks", "1", "--settle-s", "0", "--state", state, "--degraded-accuracy-min", "0.9")
    ran = run("serve", folder, *asked)
    assert (ran.code, ran.stdout) == (0, ""), ran.stderr
    assert orders[0]["thresholds"] == [{"stage": 1, "threshold": 0.5}]


@pytest.mark.parametrize("floor", [0.88, 0.99])
def test_a_second_menu_is_less_accurate_than_the_first(floor: float) -> None:
    """`bert12-sst2` keeps 0.88: a second floor there or above is refused, with the one to stay below."""
    with pytest.raises(InputError, match=r"degraded accuracy.*less than accuracy_min, 0\.88"):
        with_lower_floor(so.load("bert12-sst2"), floor)
    assert with_lower_floor(so.load("bert12-sst2"), 0.85).accuracy_min == 0.85
