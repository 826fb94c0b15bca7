"""The commands `scale`, `simulate` and `compare`: what is printed and written, faults, and pictures."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest
from oracles.writing import write
from support.helpers import has_line, run
from support.service import COUNTS, LIBRA_CALL_USD, M4_USD_PER_S, service_document
from support.shown import text_of
from support.traffic_commands import TRACED, simulated, timeless

import serflow_opt as so
from serflow_opt.report.plan import usd


def test_no_time_is_4_for_schedules(trace: Path, tmp_path: Path) -> None:
    """A schedule without time is called feasible, and lies on the other side of the proven one than its bound."""
    file = write(service_document(large=True), tmp_path)
    ran = run("scale", file, "--trace", trace, "--time-limit", "0")
    assert ran.code == 4
    assert has_line(ran.stdout, "not proven")
    document = run("scale", file, "--trace", trace, "--time-limit", "0", "--json").document
    assert document["status"] == "feasible"
    assert document["bound"] < document["usd"]
    proven = run("scale", file, "--trace", trace, "--json")
    assert proven.code == 0
    assert document["bound"] <= proven.document["bound"] <= proven.document["usd"] <= document["usd"]


def test_steps_are_those_that_were_asked_for(tmp_path: Path) -> None:
    """Seven seconds though the trace has longer periods; where nobody says a minute, or such a period."""
    hourly = tmp_path / "hourly.csv"
    hourly.write_text("hour,requests\n0,900\n1,900\n", encoding="utf-8")
    for asked, step_s in ((("--step-s", "7"), 7.0), ((), 3600.0)):
        assert run("scale", "libra", "--trace", hourly, *asked, "--json").document["step_s"] == step_s


@pytest.mark.parametrize("command", TRACED)
def test_targets_out_of_reach_are_told(command: str, trace: Path) -> None:
    """A target below the work itself is told with the time the work takes."""
    ran = run(command, "libra", "--trace", trace, "--latency-slo-ms", "1")
    assert ran.code in (2, 3)
    assert has_line(ran.stdout + ran.stderr, "latency_slo_ms", "1000 ms")


def test_scale_says_what_the_function_returns(trace: Path) -> None:
    """Command and function give one schedule, shown with its cost and proof."""
    ran = run("scale", "libra", "--trace", trace, "--step-s", "30", "--json")
    assert (ran.code, ran.stderr) == (0, "")
    over = so.read_trace(trace)
    service = so.provision(so.load("libra"), over).service
    assert service is not None
    found = so.schedule(service, over, step_s=30.0)
    assert timeless(ran.document) == timeless(found.to_dict())
    assert ran.document["usd"] == pytest.approx(found.usd_machines + found.usd_functions, rel=1e-12)
    for shown in (
        text_of(found),
        found._repr_html_(),
        run("scale", "libra", "--trace", trace, "--step-s", "30").stdout,
    ):
        assert usd(found.usd) in shown
        assert "proven optimal" in shown


@pytest.mark.parametrize("split", [False, True])
def test_rows_of_a_schedule_add_up(split: bool, trace: Path, tmp_path: Path) -> None:
    """Rows of the table are the document's sums, by block and together."""
    file, out = write(service_document(split=split), tmp_path), tmp_path / "rows.csv"
    document = run("scale", file, "--trace", trace, "--json", "--out", out).document
    rows = pd.read_csv(out)
    assert len(document["blocks"]) == 1 + split
    for name in ("usd_machines", "usd_functions", "function_requests"):
        assert rows[name].sum() == pytest.approx(document[name], rel=1e-9)
    for block, share in zip(document["blocks"], (1.0, 0.3), strict=False):
        own = rows[rows["block"] == block["block"]]
        assert own["demand"].sum() == pytest.approx(sum(COUNTS) * share, rel=1e-9)
        assert own["usd_machines"].sum() + own["usd_functions"].sum() == pytest.approx(block["usd"], rel=1e-9)
    assert rows["start_s"].unique().tolist() == [0, 60, 120]


def test_simulate_says_what_the_function_returns(trace: Path) -> None:
    """Command and function give one simulation, events included."""
    document = simulated("--trace", trace, "--seed", "3", "--times", "lognormal", "--cv", "0.3", "--timeout-s", "1")
    over = so.read_trace(trace)
    service = so.provision(so.load("libra"), over).service
    assert service is not None
    controller = so.Controller(service, 60.0)
    found = so.simulate(service, over, controller, seed=3, times="lognormal", cv=0.3, timeout_s=1.0)
    assert document == found.to_dict() | {"events": [str(event) for event in controller.events]}
    assert document["requests"]["arrived"] == sum(COUNTS)
    for shown in (text_of(found), found._repr_html_()):
        assert usd(found.usd_total) in shown
        assert f"{sum(COUNTS):,} came" in shown


@pytest.mark.parametrize("split", [False, True])
def test_rows_of_a_simulation_add_up(split: bool, trace: Path, tmp_path: Path) -> None:
    """Rows of the table are the document's sums: money, requests and machine hours."""
    file, out = write(service_document(split=split), tmp_path), tmp_path / "rows.csv"
    arguments = ("--trace", trace, "--timeout-s", "0.5", "--throttle", "0:60:0", "--out", out)
    document = run("simulate", file, *arguments, "--json").document
    rows = pd.read_csv(out)
    for part in ("machines", "functions", "links"):
        assert rows[f"usd_{part}"].sum() == pytest.approx(document["usd"][part], rel=1e-9, abs=1e-12)
    assert rows["dropped"].sum() == sum(document["requests"]["dropped"].values()) > 0
    assert len(document["blocks"]) == 1 + split
    for b, block in enumerate(document["blocks"]):
        own = rows[rows["block"] == b]
        columns = {"arrivals": "entered", "machine_requests": "on_machines", "function_requests": "on_function"}
        assert {own[name].sum() == block[key] for name, key in (columns | {"cold": "cold_starts"}).items()} == {True}
    hours = (rows["machines_billed"] * 60).sum() / 3600
    assert hours == pytest.approx(document["machine_hours"], rel=1e-9)


def test_functions_alone_cost_c_f_each(trace: Path) -> None:
    """Requests on functions alone cost the fee and a second each, and take that second."""
    document = simulated("--trace", trace, "--policy", "functions")
    assert document["usd"]["total"] == pytest.approx(sum(COUNTS) * LIBRA_CALL_USD, rel=1e-9)
    assert document["usd"]["machines"] == 0
    assert document["latency_ms"]["p99.9"] == pytest.approx(1000)


def test_the_seed_decides(trace: Path) -> None:
    """A simulation repeats itself by its seed alone."""
    arguments = ("--trace", trace, "--times", "lognormal", "--moments", "poisson")
    first, again, other = (simulated(*arguments, "--seed", seed) for seed in ("1", "1", "2"))
    assert first == again
    assert first != other
    assert first["requests"]["arrived"] != other["requests"]["arrived"]


@pytest.mark.parametrize("policy", ["functions", "maximum", "autoscaler", "libra", "serflow", "whole", "controller"])
def test_every_policy_answers_or_says_why_not(policy: str, trace: Path) -> None:
    """Each policy serves every request of the trace."""
    document = simulated("--trace", trace, "--policy", policy)
    assert document["policy"] == policy
    assert document["policy_errors"] == []
    assert document["requests"]["served"] == sum(COUNTS)


def test_machines_that_do_not_start(trace: Path) -> None:
    """While machines do not start all is paid on the function, and the events say why."""
    arguments = ("--trace", trace, "--every-s", "30")
    well = simulated(*arguments)
    assert well["machine_hours"] > 0
    ill = simulated(*arguments, "--no-start", "m4.large:0:1000")
    assert ill["machine_hours"] == 0
    assert any("m4.large did not start" in event for event in ill["events"])
    assert ill["requests"]["served"] == sum(COUNTS)
    assert ill["usd"]["total"] == pytest.approx(sum(COUNTS) * LIBRA_CALL_USD)
    table = run("simulate", "libra", *arguments, "--no-start", "m4.large:0:1000").stdout
    assert has_line(table, "m4.large did not start")


def test_functions_that_refuse(trace: Path) -> None:
    """Before the first machine is ordered nothing but the function is there: who comes then is dropped."""
    document = simulated("--trace", trace, "--throttle", "20:50:0")
    assert document["requests"]["dropped"]["throttled"] == sum(COUNTS[20:50])
    assert document["blocks"][0]["refused"] == sum(COUNTS[20:50])
    assert any(f"the function refused {sum(COUNTS[20:50])}" in event for event in document["events"])


def test_who_is_refused_waits_for_a_machine_that_starts(trace: Path) -> None:
    """Who is refused waits for a machine, or leaves at the timeout."""
    arguments = ("--trace", trace, "--every-s", "30", "--throttle", "60:90:0")
    patient, hasty = simulated(*arguments), simulated(*arguments, "--timeout-s", "5")
    for document in (patient, hasty):
        assert document["blocks"][0]["refused"] == sum(COUNTS[60:90])
    assert patient["requests"]["served"] == sum(COUNTS)
    assert patient["kept_share"] < 1 - 0.9 * sum(COUNTS[60:90]) / sum(COUNTS)
    assert hasty["requests"]["dropped"]["timeout"] > 0


def test_faults_repeat(trace: Path) -> None:
    """A fault can be given several times."""
    document = simulated("--trace", trace, "--policy", "functions", "--throttle", "10:20:0", "--throttle", "30:40:0")
    assert document["requests"]["dropped"]["throttled"] == sum(COUNTS[10:20]) + sum(COUNTS[30:40])


@pytest.mark.parametrize("command", TRACED)
def test_pictures(command: str, trace: Path, tmp_path: Path) -> None:
    """Each command draws beside its document."""
    plot = tmp_path / "picture.png"
    ran = run(command, "libra", "--trace", trace, "--plot", plot, "--json")
    assert (ran.code, ran.stderr) == (0, "")
    assert ran.document
    assert plot.read_bytes().startswith(b"\x89PNG")
    assert plot.stat().st_size > 5000


def test_pictures_of_two_blocks(trace: Path, tmp_path: Path) -> None:
    """Two blocks are drawn one below the other, in any format."""
    file, plot = write(service_document(split=True), tmp_path), tmp_path / "picture.svg"
    assert run("simulate", file, "--trace", trace, "--plot", plot).code == 0
    assert "<svg" in plot.read_text(encoding="utf-8")


def test_the_controller_comes_close_to_the_bound_where_nothing_changes(tmp_path: Path) -> None:
    """15 requests/s, evenly, are a machine's; at c a second it spares the function's f = 15 c^F a second.

    The clairvoyant orders at 0 s and pays c T + 100 f until the machine is there after 100 s. The controller orders
    when it has seen requests for two of its intervals, at the latest: that costs it 2 x 30 (f - c) more, which is 5 %
    of the bound when T = (20 x 60 (f - c) - 100 f) / c.
    """
    function = 15 * LIBRA_CALL_USD
    seconds = (20 * 60 * (function - M4_USD_PER_S) - 100 * function) / M4_USD_PER_S
    minutes = math.ceil(seconds / 60)
    file = tmp_path / "even.csv"
    file.write_text("minute,requests\n" + "".join(f"{m},900\n" for m in range(minutes)), encoding="utf-8")
    bound = run("scale", "libra", "--trace", file, "--json").document["bound"]
    assert bound == pytest.approx(M4_USD_PER_S * 60 * minutes + 100 * function, rel=1e-3)
    document = simulated("--trace", file, "--moments", "even", "--every-s", "30")
    assert document["kept_share"] == 1
    assert bound * (1 - 1e-9) <= document["usd"]["total"] <= 1.05 * bound


@pytest.mark.parametrize("command", ["simulate", "compare"])
def test_no_time_is_4_for_simulations(command: str, trace: Path) -> None:
    """Nothing is looked for when there is no time, which is said, also in a document."""
    call = command, "bert12-sst2", "--trace", trace, "--time-limit", "0"
    ran = run(*call)
    assert (ran.code, ran.stdout) == (4, "")
    assert has_line(ran.stderr, "stopped")
    document = run(*call, "--json").document
    assert document["status"] == "no_solution"
    assert document["reason"] in ran.stderr
