"""Policies side by side: the same requests, the bound below all who keep the target, and the command `compare`."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from oracles.writing import write
from rich.console import Console
from support.helpers import has_line, run
from support.service import COUNTS, LIBRA_CALL_USD, M4_USD_PER_S, service_document, write_trace

import serflow_opt as so
from serflow_opt.report.plan import usd
from serflow_opt.traffic.control.compare import USUAL, Comparison
from serflow_opt.traffic.control.made_policies import PEAK_BUSY
from serflow_opt.traffic.demand.trace import Trace

LATE = ("maximum", "autoscaler", "tracking-70")
"""Those without a function."""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_trace(tmp_path_factory.mktemp("traffic") / "t.csv")


@pytest.fixture(scope="module")
def trace(file: Path) -> Trace:
    return so.read_trace(file)


@pytest.fixture(scope="module")
def two_stages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(service_document(), tmp_path_factory.mktemp("two"))


@pytest.fixture(scope="module")
def on_libra(trace: Trace) -> Comparison:
    return so.compare(so.load("libra"), trace)


@pytest.fixture(scope="module")
def on_two(two_stages: Path, trace: Trace) -> Comparison:
    return so.compare(so.load(two_stages), trace)


@pytest.fixture(params=["on_libra", "on_two"])
def compared(request: pytest.FixtureRequest) -> Comparison:
    found: Comparison = request.getfixturevalue(request.param)
    return found


def test_all_meet_the_same_requests(compared: Comparison) -> None:
    """Costs of policies can be compared only where each meets the same requests and none is lost unseen."""
    assert {row.simulation.arrivals for row in compared.rows} == {sum(COUNTS)}
    for row in compared.rows:
        assert row.simulation.served + sum(row.simulation.dropped.values()) == sum(COUNTS)
        assert row.simulation.policy == row.policy
        assert row.simulation.policy_errors == ()


def test_rows_are_in_order_and_say_nothing_twice(on_libra: Comparison, on_two: Comparison) -> None:
    """Of one stage, the mean run time is that of the whole network, and the whole network the only block."""
    assert [row.policy for row in on_libra.rows] == [p for p in USUAL if p not in ("libra-mean", "whole")]
    assert [row.policy for row in on_two.rows] == list(USUAL)


def test_libra_saves_nothing_over_itself(compared: Comparison) -> None:
    """Savings are shares of LIBRA's cost, so that its own are 0."""
    frame = compared.to_frame().set_index("policy")
    assert frame.loc["libra", "saving_over_libra"] == 0
    base = frame.loc["libra", "usd"]
    assert frame["saving_over_libra"].tolist() == pytest.approx((1 - frame["usd"] / base).tolist())


def test_nobody_in_time_is_below_the_bound(compared: Comparison) -> None:
    """No policy that keeps all promises is cheaper than perfect foresight: else the bound would be none."""
    frame = compared.to_frame()
    kept = frame[(frame["violations"] == 0) & (frame["dropped"] == 0) & ~frame["policy"].isin(LATE)]
    assert {"functions", "libra"} <= set(kept["policy"])
    assert (kept["above_bound"] >= -0.01).all(), kept
    for row in compared.rows:
        assert row.bound == compared.bounds[row.blocks].bound + row.simulation.usd["links"]


def test_rows_add_up(compared: Comparison) -> None:
    """Costs are the sums of their parts, percentiles rise, and machines alone pay for no function."""
    frame = compared.to_frame()
    parts = frame["usd_machines"] + frame["usd_functions"] + frame["usd_links"]
    assert frame["usd"].tolist() == pytest.approx(parts.tolist(), rel=1e-12)
    assert (frame["p50_ms"] <= frame["p95_ms"]).all()
    assert (frame["p95_ms"] <= frame["p99_ms"]).all()
    assert ((frame["utilisation"] >= 0) & (frame["utilisation"] <= 1 + 1e-9)).all()
    assert frame.set_index("policy").loc[list(LATE), "usd_functions"].tolist() == [0] * len(LATE)


def test_figures_had_by_head(on_libra: Comparison) -> None:
    """Functions cost c^F a request; for the peak machines of 16 requests/s at 80 % are there all the time at least."""
    functions, maximum = on_libra.row("functions"), on_libra.row("maximum")
    assert functions is not None
    assert maximum is not None
    assert functions.usd == pytest.approx(sum(COUNTS) * LIBRA_CALL_USD, rel=1e-9)
    machines = math.ceil(max(COUNTS) / (PEAK_BUSY * 16))
    assert maximum.usd >= machines * len(COUNTS) * M4_USD_PER_S * (1 - 1e-9)
    assert on_libra.row("nobody") is None


def test_accuracy_is_what_the_exits_give(on_libra: Comparison, on_two: Comparison) -> None:
    """All 0.7 x 0.95 + 0.3 x 0.97 = 0.956, for they meet the same requests."""
    assert on_libra.to_frame()["accuracy"].isna().all()
    assert on_two.to_frame()["accuracy"].tolist() == pytest.approx([0.956] * len(USUAL), abs=0.01)
    assert on_two.to_frame()["accuracy"].nunique() == 1


def test_two_processes_find_the_same(on_libra: Comparison, trace: Trace) -> None:
    """Simulating in several processes changes no figure."""
    assert so.compare(so.load("libra"), trace, jobs=2).to_dict() == on_libra.to_dict()


def test_shown_in_terminals_and_notebooks(compared: Comparison) -> None:
    """Each policy and each bound stands with its cost in both views."""
    console = Console(width=300)
    with console.capture() as capture:
        console.print(compared)
    for shown in (capture.get(), compared._repr_html_()):
        for row in compared.rows:
            assert has_line(shown, row.policy, usd(row.usd))
        for bound in compared.bounds.values():
            assert has_line(shown, "with perfect foresight", usd(bound.bound))


def test_a_list_of_policies(trace: Trace) -> None:
    """However they are ordered or repeated; without LIBRA nothing is saved over it."""
    found = so.compare(so.load("libra"), trace, policies=["libra", "functions", "libra"])
    assert [row.policy for row in found.rows] == ["functions", "libra"]
    assert found.to_frame()["saving_over_libra"].notna().all()
    alone = so.compare(so.load("libra"), trace, policies=["whole"])
    assert [row.policy for row in alone.rows] == ["whole"]
    assert alone.to_frame()["saving_over_libra"].isna().all()
    assert alone.to_dict()["policies"][0]["saving_over_libra"] is None


def test_progress_is_told(trace: Trace) -> None:
    """Who waits is told what is being searched and simulated, in this order."""
    told: list[str] = []
    so.compare(so.load("libra"), trace, policies=["functions", "controller"], on_progress=told.append)
    assert [text for text in told if text.startswith("finding")] == [
        "finding what functions scales",
        "finding what controller scales",
    ]
    assert [text for text in told if text.startswith("simulating")] == ["simulating functions", "simulating controller"]


def test_unknown_policies_are_refused(trace: Trace) -> None:
    """A misspelt policy is answered with the name that was meant."""
    with pytest.raises(so.InputError, match="did you mean controller"):
        so.compare(so.load("libra"), trace, policies=["controler"])


def test_more_time_between_decisions_changes_the_controller_alone(trace: Trace) -> None:
    """The interval is the controller's: LIBRA keeps that of its authors."""
    names = ["libra", "controller"]
    often, rarely = (so.compare(so.load("libra"), trace, policies=names, every_s=every) for every in (30.0, 1000.0))
    assert often.rows[0].usd == rarely.rows[0].usd
    assert often.rows[1].usd != rarely.rows[1].usd
    assert rarely.rows[1].simulation.rentals == ()  # it decides once, and has seen nothing then


def test_blocks_only_for_those_who_know_them(file: Path, tmp_path: Path) -> None:
    """The second stage fits no machine: as one block, a function alone runs the network, and no machine does."""
    split = write(service_document(split=True), tmp_path)
    document = run("compare", split, "--trace", file, "--json").document
    blocks = {row["policy"]: row["blocks"] for row in document["policies"]}
    assert blocks == {"functions": 1, "serflow": 2, "whole": 1, "controller": 2, "foresight": 2}
    assert list(document["clairvoyant"]) == ["1", "2"]
    assert list(document["left_out"]) == ["maximum", "autoscaler", "tracking-70", "libra", "libra-mean"]
    assert "no type of machines runs the whole network" in document["left_out"]["maximum"]
    assert "no type of machines with a function runs" in document["left_out"]["libra"]
    rows = {row["policy"]: row for row in document["policies"]}
    assert rows["functions"]["dropped"] == rows["functions"]["usd_machines"] == 0


def without_tier(name: str, **keys: Any) -> dict[str, Any]:
    """The service with one tier of its two; keys of options replace those there are."""
    document = service_document()
    document["tier"] = [tier for tier in document["tier"] if tier["name"] != name]
    for tier in document["tier"]:
        tier["option"] = [option | keys for option in tier["option"]]
    return document | {"link": []}


def test_functions_only(file: Path, tmp_path: Path) -> None:
    """0.4 GB-s x 4 and 0.6 more for three of ten, and the fee; who rents machines is left out."""
    alone = write(without_tier("vm"), tmp_path)
    document = run("compare", alone, "--trace", file, "--json").document
    usd = sum(COUNTS) * 2e-7 + sum(COUNTS) * 4 * 1.667e-5 * (0.4 + 0.3 * 0.6)
    assert [row["policy"] for row in document["policies"]] == ["functions", "whole", "controller", "foresight"]
    for row in document["policies"]:
        assert row["usd"] == pytest.approx(usd, rel=0.01)
        assert (row["violations"], row["like_for_like"]) == (0, True)
        assert row["above_bound"] == pytest.approx(0, abs=1e-9)  # the exits that are drawn are those of the bound
    assert set(document["left_out"].values()) == {"there is no tier of machines"}
    assert run("simulate", alone, "--trace", file, "--policy", "functions", "--json").document["usd"]["machines"] == 0
    ran = run("simulate", alone, "--trace", file, "--policy", "serflow")
    assert (ran.code, ran.stdout) == (2, "")
    assert has_line(ran.stderr, "--policy serflow", "no tier of machines")


@pytest.mark.parametrize("rent", [0.1, 0.0])
def test_machines_only(rent: float, file: Path, tmp_path: Path) -> None:
    """Machines serve all, free ones, too; only who came before the first machine was there may be late."""
    alone = write(without_tier("fn", usd_per_hour=rent), tmp_path)
    document = run("compare", alone, "--trace", file, "--json").document
    names = [row["policy"] for row in document["policies"]]
    assert names == ["maximum", "autoscaler", "tracking-70", "whole", "controller", "foresight"]
    assert set(document["left_out"]) == {"functions", "libra", "libra-mean", "serflow"}
    for row in document["policies"]:
        assert (row["dropped"], row["usd_functions"]) == (0, 0)
        assert (row["usd"] > 0) == (rent > 0)
        assert not (row["like_for_like"] and row["violations"])
    ran = run("compare", alone, "--trace", file, "--policy", "libra", "--policy", "serflow")
    assert (ran.code, ran.stdout) == (2, "")
    assert has_line(ran.stderr, "--policy libra", "no tier of functions")


def test_machines_that_are_too_few_for_a_bound(tmp_path: Path) -> None:
    """Four machines serve 4 / 0.58 requests/s each. In one second 60 come: these wait, and no schedule serves all."""
    document = without_tier("fn")
    document["tier"][0]["machines_max"] = 4
    trace = so.Trace.of(([10] * 59 + [60]) * 3, name="bursts")
    found = so.compare(so.load(write(document, tmp_path)), trace, policies=["maximum", "foresight"])
    assert [row.simulation.served for row in found.rows] == [trace.requests] * 2
    assert not found.bounds
    assert found.to_frame()["above_bound"].isna().all()
    (note,) = found.notes
    assert "raise machines_max" in note


def test_free_machines_and_a_function(file: Path, tmp_path: Path) -> None:
    """Nobody who may choose pays for the function once free machines are there."""
    document = service_document()
    document["tier"][0]["option"][0]["usd_per_hour"] = 0.0
    found = so.compare(so.load(write(document, tmp_path)), so.read_trace(file))
    assert not found.left_out
    for row in found.rows:
        assert row.simulation.served == sum(COUNTS)
        assert row.simulation.usd["machines"] == 0


def test_late_requests_are_marked(tmp_path: Path) -> None:
    """Nothing for 100 s, then 40/s: machines start in 30 s, and who came before them is late."""
    trace = so.Trace.of([0] * 100 + [40] * 80, name="burst")
    found = so.compare(so.load(write(service_document(), tmp_path)), trace, policies=["functions", "autoscaler"])
    frame = found.to_frame().set_index("policy")
    assert frame["like_for_like"].tolist() == [True, False]
    shown = Console(width=300)
    with shown.capture() as capture:
        shown.print(found)
    lines = {line.split()[0]: line.rstrip() for line in capture.get().splitlines() if line}
    assert lines["autoscaler"].endswith(f"{frame.loc['autoscaler', 'above_bound']:.1%}*")
    assert lines["functions"].endswith(f"{frame.loc['functions', 'above_bound']:.1%}")
    assert "late or dropped" in lines["*"]
    assert "multiples of 60 s" in lines["proof"]


def test_who_saves_by_waiting_is_marked(tmp_path: Path) -> None:
    """Without a target nobody is late; free machines that start in 30 s serve for nothing all who have waited."""
    made = service_document()
    del made["workload"]["latency_slo_ms"]
    made["tier"][0]["option"][0]["usd_per_hour"] = 0.0
    found = so.compare(so.load(write(made, tmp_path)), so.Trace.of([5] * 120), policies=["functions", "maximum"])
    frame = found.to_frame().set_index("policy")
    assert frame["violations"].tolist() == [0, 0]
    assert frame.loc["maximum", "usd"] == 0 < found.rows[0].bound
    assert frame["like_for_like"].tolist() == [True, False]


def test_the_bound_decides_whenever_a_policy_does(tmp_path: Path) -> None:
    """An hour is a period; a controller that decides every 30 s beside LIBRA's 300 is bounded in steps of 30 s."""
    trace = so.Trace.of([36000], 3600.0)
    found = so.compare(so.load("libra"), trace, policies=["libra", "controller"], every_s=30.0)
    assert found.bounds[1].step_s == 30
    assert "30 s" in found.to_dict()["clairvoyant"]["1"]["scope"]


# --- the command ---------------------------------------------------------------------------------------------


def test_the_command_says_what_the_function_returns(on_libra: Comparison, file: Path, tmp_path: Path) -> None:
    """Command and function give one document and one table, so that either can be trusted for the other."""
    out = tmp_path / "table.csv"
    ran = run("compare", "libra", "--trace", file, "--json", "--out", out)
    assert (ran.code, ran.stderr) == (0, "")
    assert ran.document == on_libra.to_dict()
    written = pd.read_csv(out)
    pd.testing.assert_frame_equal(written, on_libra.to_frame(), rtol=1e-12)


def test_the_document(two_stages: Path, file: Path) -> None:
    """The document names instance, trace and bound, and each row's distance is reckoned from that bound."""
    ran = run("compare", two_stages, "--trace", file, "--policy", "libra", "--policy", "whole", "--json")
    document: dict[str, Any] = ran.document
    assert (document["instance"], document["trace"]) == ("made", "t")
    assert [row["policy"] for row in document["policies"]] == ["libra", "whole"]
    (bound,) = document["clairvoyant"].values()
    assert bound["usd"] <= bound["attained"]
    assert bound["status"] == "optimal"
    for row in document["policies"]:
        assert row["above_bound"] == pytest.approx(row["usd"] / (bound["usd"] + row["usd_links"]) - 1)


def test_the_table(on_libra: Comparison, file: Path) -> None:
    """The printed table has a line for each policy, in the order of the document."""
    ran = run("compare", "libra", "--trace", file, "--jobs", "2")
    assert (ran.code, ran.stderr) == (0, "")
    lines = [line.split()[0] for line in ran.stdout.splitlines()]
    assert lines[2 : 2 + len(on_libra.rows)] == [row.policy for row in on_libra.rows]
    for row in on_libra.rows:
        assert has_line(ran.stdout, row.policy, usd(row.usd))
