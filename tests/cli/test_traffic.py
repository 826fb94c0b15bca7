"""The commands `provision`, `scale`, `simulate`: what is printed and written, exit codes, and what is refused."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from oracles.random_instances import write
from rich.console import Console
from support.helpers import Ran, has_line, run
from support.service import COUNTS, LIBRA_CALL_USD, M4_USD_PER_S, service_document, write_trace

import serflow_opt as so
from serflow_opt.ground.display import Displayed
from serflow_opt.report.plan import usd

TRAFFIC = ("provision", "scale", "simulate", "compare")
TRACED = TRAFFIC[1:]


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_trace(tmp_path_factory.mktemp("traffic") / "t.csv")


def timeless(document: dict[str, Any]) -> dict[str, Any]:
    """A document without the seconds its search took."""
    return {key: value for key, value in document.items() if key != "seconds"}


def text_of(result: Displayed) -> str:
    """What a terminal shows."""
    console = Console(width=300)
    with console.capture() as capture:
        console.print(result)
    return capture.get()


def refused(ran: Ran, *parts: str) -> bool:
    """Whether a command ended with exit code 2, nothing on stdout, and these words in a line on stderr."""
    return (ran.code, ran.stdout) == (2, "") and has_line(ran.stderr, *parts)


# --- exit codes ----------------------------------------------------------------------------------------------


def test_proven_is_0(tmp_path: Path) -> None:
    """Scripts tell a proven deployment by exit code 0; people by the table, which has the bound, too."""
    ran = run("provision", write(service_document(), tmp_path), "--rate-per-s", "20", "--exclude", "vm")
    assert (ran.code, ran.stderr) == (0, "")
    assert has_line(ran.stdout, "made", "20 requests/s", "proven optimal")
    assert has_line(ran.stdout, "no deployment is below", "USD/h")


def test_infeasible_is_3_and_says_why(tmp_path: Path) -> None:
    """400 and 600 ms of work cannot be done in 1 ms: the limit is named beside the least that can be kept."""
    file = write(service_document(), tmp_path)
    ran = run("provision", file, "--latency-slo-ms", "1")
    assert (ran.code, ran.stderr) == (3, "")
    assert has_line(ran.stdout, "proven infeasible")
    assert has_line(ran.stdout, "latency_slo_ms", "out of reach", "--latency-slo-ms 1000")
    document = run("provision", file, "--latency-slo-ms", "1", "--json").document
    assert (document["status"], document["blocks"], document["objective"]["value"]) == ("infeasible", [], None)
    assert "latency_slo_ms" in document["reason"]


def test_no_time_is_4() -> None:
    """Without time the command ends with code 4, and its bound is not above its cost."""
    ran = run("provision", "bert12-sst2", "--time-limit", "0", "--json")
    assert ran.code == 4
    document = ran.document
    assert document["status"] in ("feasible", "no_solution")
    if document["blocks"]:
        assert document["bound"] <= document["objective"]["value"]


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


@pytest.mark.parametrize("command", TRACED)
def test_targets_out_of_reach_are_told(command: str, trace: Path) -> None:
    """A target below the work itself is told with the time the work takes."""
    ran = run(command, "libra", "--trace", trace, "--latency-slo-ms", "1")
    assert ran.code in (2, 3)
    assert has_line(ran.stdout + ran.stderr, "latency_slo_ms", "1000 ms")


# --- what is refused -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", TRAFFIC)
def test_no_such_trace(command: str, tmp_path: Path) -> None:
    """A missing trace is told by each command alike."""
    assert refused(run(command, "libra", "--trace", tmp_path / "none.csv"), "none.csv", "no such file")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("day,requests\n0,1\n", ("first column", "'day'", "second, minute, hour")),
        ("second,count\n0,1\n", ("add a column requests",)),
        ("second,requests\n", ("no rows",)),
        ("", ("cannot be read",)),
        ("second,requests\n0,1\n2,1\n", ("row 3", "2 after 0", "0 where none came")),
        ("second,requests\n0,x\n", ("row 2, requests", "'x'")),
        ("second,requests\n0,-1\n", ("row 2, requests", "-1")),
        ("second,requests\n0,1.5\n", ("row 2, requests", "1.5", "a whole number")),
        ("second,requests,gap_seconds\n0,1,2\n", ("row 2, gap_seconds", "2")),
        ("second,requests\n0,0\n1,0\n", ("no request at all",)),
    ],
)
def test_bad_traces(text: str, parts: tuple[str, ...], tmp_path: Path) -> None:
    """Faults of traces are told with row and column on standard error."""
    file = tmp_path / "bad.csv"
    file.write_text(text, encoding="utf-8")
    for command in ("provision", "scale"):
        assert refused(run(command, "libra", "--trace", file), "bad", *parts)


def test_all_bad_rows_are_told_at_once(tmp_path: Path) -> None:
    """All bad rows of a trace are told in one go."""
    file = tmp_path / "bad.csv"
    file.write_text("second,requests\n0,1\n1,x\n2,-3\n", encoding="utf-8")
    ran = run("simulate", "libra", "--trace", file)
    assert [line.split(": ")[2] for line in ran.stderr.splitlines()] == ["row 3, requests", "row 4, requests"]


@pytest.mark.parametrize(
    ("command", "arguments", "parts"),
    [
        ("simulate", ("--policy", "autoscalr"), ("--policy", "autoscalr", "autoscaler", "controller")),
        ("compare", ("--policy", "magic"), ("--policy", "magic", "controller")),
        *((command, ("--from-s", "500"), ("--from-s", "180 s")) for command in TRACED),
        *((command, ("--from-s", "50", "--to-s", "20"), ("--from-s, --to-s", "50 to 20")) for command in TRACED),
        *((command, ("--trace-scale", "0"), ("no request at all",)) for command in TRACED),
        *((command, ("--plot", "picture.txt"), ("--plot", "'.txt'", ".png")) for command in TRACED),
        ("simulate", ("--no-start", "m5.large:0:10"), ("--no-start", "'m5.large:0:10'", "TYPE:FROM:TO", "m4.large")),
        ("simulate", ("--no-start", "m4.large:0"), ("--no-start", "TYPE:FROM:TO")),
        ("simulate", ("--no-start", "m4.large:-5:10"), ("--no-start", "TYPE:FROM:TO")),
        ("simulate", ("--no-start", "m4.large:a:b"), ("--no-start", "TYPE:FROM:TO")),
        ("simulate", ("--no-start", "m4.large:nan:5"), ("--no-start", "TYPE:FROM:TO")),
        ("simulate", ("--throttle", "0:10"), ("--throttle", "'0:10'", "FROM:TO:LIMIT")),
        ("simulate", ("--throttle", "0:10:1.5"), ("--throttle", "FROM:TO:LIMIT")),
        ("simulate", ("--throttle", "0:10:-1"), ("--throttle", "FROM:TO:LIMIT")),
        ("simulate", ("--throttle", "often"), ("--throttle", "FROM:TO:LIMIT")),
        ("simulate", ("--factors", "none.csv"), ("none.csv", "no such file")),
        ("scale", ("--step-s", "0"), ("--step-s",)),
        ("simulate", ("--every-s", "-1"), ("--every-s",)),
        ("compare", ("--jobs", "0"), ("--jobs",)),
        ("scale", ("--blocks", "0"), ("--blocks",)),
    ],
)
def test_bad_flags(command: str, arguments: tuple[str, ...], parts: tuple[str, ...], trace: Path) -> None:
    """Each wrong flag is told by its name with what it takes."""
    ran = run(command, "libra", "--trace", trace, *arguments)
    assert refused(ran, *parts), ran.stderr


def test_all_bad_faults_are_told_at_once(trace: Path) -> None:
    """All malformed faults are told in one go."""
    ran = run("simulate", "libra", "--trace", trace, "--no-start", "a", "--no-start", "b", "--throttle", "c")
    assert ran.code == 2
    assert len(ran.stderr.splitlines()) == 3


def test_rate_and_trace(trace: Path) -> None:
    """A rate and a trace together, and rates that are none, are refused."""
    assert refused(run("provision", "libra", "--rate-per-s", "3", "--trace", trace), "--rate-per-s", "--trace", "both")
    for rate in ("0", "-1", "nan", "inf"):
        assert refused(run("provision", "libra", "--rate-per-s", rate), "demand", "rate")


@pytest.mark.parametrize("command", TRACED)
@pytest.mark.parametrize("key", ["start_s", "keep_alive_s"])
def test_how_machines_come_and_go_must_be_said(command: str, key: str, trace: Path, tmp_path: Path) -> None:
    """Start and keep-alive are needed over time, and asked for by their key."""
    document = service_document()
    vm, function = document["tier"]
    function["cold_start_ms"] = 100.0
    del (vm if key == "start_s" else function)[key]
    ran = run(command, write(document, tmp_path), "--trace", trace)
    assert refused(ran, f"{key}: missing", "seconds"), ran.stderr


def test_keep_alive_does_not_matter_without_cold_starts(trace: Path, tmp_path: Path) -> None:
    """A key that changes nothing is not asked for."""
    document = service_document()
    del document["tier"][1]["keep_alive_s"]
    assert run("scale", write(document, tmp_path), "--trace", trace).code == 0


def test_tiers_left_out(tmp_path: Path) -> None:
    """Free phones take all in 4 and 10 s; without them, or without functions, machines are rented."""
    file = write(service_document(device=True), tmp_path)
    slow = ("--latency-slo-ms", "20000", "--json")
    phones = run("provision", file, *slow).document
    assert [block["machine_tier"] for block in phones["blocks"]] == ["phone"]
    assert phones["metrics"]["usd_per_hour"] == 0
    for flags in (("--exclude", "phone"), ("--exclude", "phone", "--exclude", "function")):
        document = run("provision", file, *slow, *flags).document
        assert document["status"] == "optimal"
        assert {block["machine_tier"] for block in document["blocks"]} == {"vm"}
        assert {block["function_tier"] for block in document["blocks"]} <= {"fn" if len(flags) == 2 else None, None}
    assert run("provision", file, *slow, "--include", "m9").code == 2


@pytest.mark.parametrize("command", TRACED)
@pytest.mark.parametrize(("option", "name"), [("--out", "rows.csv"), ("--plot", "picture.png")])
def test_files_that_cannot_be_written(command: str, option: str, name: str, trace: Path, tmp_path: Path) -> None:
    """A target that cannot be written is told before the search."""
    ran = run(command, "libra", "--trace", trace, option, tmp_path / "none" / name)
    assert refused(ran, name, "cannot write there")


# --- documents and tables ------------------------------------------------------------------------------------


def test_provision_says_what_the_function_returns(trace: Path, tmp_path: Path) -> None:
    """Command, file and function give one deployment, and its table shows its cost and proof."""
    out = tmp_path / "deployment.json"
    ran = run("provision", "libra", "--trace", trace, "--json", "--out", out)
    found = so.provision(so.load("libra"), so.read_trace(trace))
    assert timeless(ran.document) == timeless(found.to_dict())
    saved = json.loads(out.read_text(encoding="utf-8"))
    assert saved.pop("exact"), "what is saved can be loaded again"
    assert saved.pop("check")
    assert saved == ran.document
    assert ran.document["demand"]["mean_per_s"] == pytest.approx(sum(COUNTS) / len(COUNTS))
    hourly = ran.document["objective"]["value"]
    assert ran.document["objective"]["unit"] == "USD/hour"
    assert hourly == pytest.approx(
        math.fsum(math.fsum(block["usd_per_hour"].values()) for block in ran.document["blocks"]), rel=1e-12
    )
    for shown in (text_of(found), found._repr_html_()):
        assert usd(hourly) in shown
        assert "proven optimal" in shown


def test_provision_for_a_rate() -> None:
    """At 3 requests/s, less than the 3.25 from which a machine pays, the function has all: c^F for each."""
    ran = run("provision", "libra", "--rate-per-s", "3", "--json")
    assert ran.document["metrics"]["usd_per_hour"] == pytest.approx(3 * 3600 * LIBRA_CALL_USD, rel=1e-9)
    (block,) = ran.document["blocks"]
    assert (block["count"], block["function_requests_per_s"]) == (0, pytest.approx(3))
    instance = so.load("libra")
    assert timeless(ran.document) == timeless(so.provision(instance, 3.0).to_dict())
    plain = run("provision", "libra", "--json").document
    assert plain["demand"]["mean_per_s"] == instance.rate_per_s


def test_smooth_arrivals_cost_no_more() -> None:
    """Evenly spaced requests need no more machines than random ones."""
    random, smooth = (
        run("provision", "libra", "--rate-per-s", "60", "--arrivals", arrivals, "--json").document
        for arrivals in ("random", "smooth")
    )
    assert smooth["objective"]["value"] <= random["objective"]["value"]


def test_a_deployment_is_exported(tmp_path: Path) -> None:
    """A saved deployment is exported with its instance and rate."""
    out = tmp_path / "deployment.json"
    assert run("provision", "libra", "--out", out).code == 0
    exported = run("export", out, "--format", "json")
    assert (exported.code, exported.stderr) == (0, "")
    assert exported.document["instance"] == "libra"
    assert exported.document["requests_per_s"] == 143.0


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


def simulated(*arguments: str | Path) -> dict[str, Any]:
    """The document of a simulation of libra; nothing is lost in it."""
    ran = run("simulate", "libra", *arguments, "--json")
    assert (ran.code, ran.stderr) == (0, "")
    document: dict[str, Any] = ran.document
    requests = document["requests"]
    assert requests["arrived"] == requests["served"] + sum(requests["dropped"].values())
    runs = sum(block["on_machines"] + block["on_function"] for block in document["blocks"])
    assert sum(block["entered"] for block in document["blocks"]) == runs + sum(requests["dropped"].values())
    assert document["usd"]["total"] == pytest.approx(
        math.fsum(document["usd"][part] for part in ("machines", "functions", "links")), rel=1e-12
    )
    return document


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


def test_measured_factors(trace: Path, tmp_path: Path) -> None:
    """Factors of one change nothing; no time at all and other columns are refused."""
    factors = tmp_path / "factors.csv"
    factors.write_text("factor\n1\n1\n", encoding="utf-8")
    plain = simulated("--trace", trace, "--policy", "functions")
    assert simulated("--trace", trace, "--policy", "functions", "--factors", factors) == plain
    factors.write_text("factor\n0\n", encoding="utf-8")
    assert refused(run("simulate", "libra", "--trace", trace, "--factors", factors), "factor", "no time at all")
    factors.write_text("time\n1\n", encoding="utf-8")
    assert refused(run("simulate", "libra", "--trace", trace, "--factors", factors), "factor")


@pytest.mark.parametrize("policy", ["functions", "maximum", "autoscaler", "libra", "serflow", "whole", "controller"])
def test_every_policy_answers_or_says_why_not(policy: str, trace: Path) -> None:
    """Each policy serves every request of the trace."""
    document = simulated("--trace", trace, "--policy", policy)
    assert document["policy"] == policy
    assert document["policy_errors"] == []
    assert document["requests"]["served"] == sum(COUNTS)


# --- faults --------------------------------------------------------------------------------------------------


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


# --- parts of traces, pictures -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "counts"),
    [
        (("--from-s", "100"), COUNTS[100:]),
        (("--to-s", "70"), COUNTS[:70]),
        (("--from-s", "30", "--to-s", "90"), COUNTS[30:90]),
        (("--trace-scale", "0.5"), np.rint(np.array(COUNTS) * 0.5).astype(int).tolist()),
        (("--trace-scale", "2", "--from-s", "30", "--to-s", "90"), [2 * count for count in COUNTS[30:90]]),
    ],
)
def test_parts_of_a_trace(arguments: Sequence[str], counts: Sequence[int], trace: Path, tmp_path: Path) -> None:
    """Every command takes the same part and scale of a trace."""
    document = simulated("--trace", trace, "--policy", "functions", *arguments)
    assert document["requests"]["arrived"] == sum(counts)
    out = tmp_path / "rows.csv"
    assert run("scale", "libra", "--trace", trace, "--out", out, *arguments).code == 0
    assert pd.read_csv(out)["demand"].sum() == pytest.approx(sum(counts))
    compared = run("compare", "libra", "--trace", trace, "--policy", "functions", *arguments, "--json").document
    assert compared["policies"][0]["usd"] == pytest.approx(sum(counts) * LIBRA_CALL_USD)


def test_minutes_and_hours_are_traces_too(tmp_path: Path) -> None:
    """Requests by minute are rates by second."""
    file = tmp_path / "m.csv"
    file.write_text("minute,requests\n0,600\n1,1200\n", encoding="utf-8")
    document = run("provision", "libra", "--trace", file, "--json").document
    demand = document["demand"]
    assert (demand["mean_per_s"], demand["peak_per_s"]) == (pytest.approx(15), pytest.approx(20))
    assert simulated("--trace", file, "--from-s", "60")["requests"]["arrived"] == 1200


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


# --- against the bound ---------------------------------------------------------------------------------------


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
