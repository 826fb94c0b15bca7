"""The command `provision`: exit codes, tiers left out, and what the function returns."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from oracles.writing import write
from support.helpers import has_line, run
from support.service import COUNTS, LIBRA_CALL_USD, service_document
from support.shown import text_of
from support.traffic_commands import refused, timeless

import serflow_opt as so
from serflow_opt.report.plan import usd


def test_proven_is_0(tmp_path: Path) -> None:
    """Scripts tell a proven deployment by exit code 0; people by the table, which has the bound, too."""
    ran = run("provision", write(service_document(), tmp_path), "--rate-per-s", "20", "--exclude", "vm")
    assert (ran.code, ran.stderr) == (0, "")
    assert has_line(ran.stdout, "made", "20 requests/s", "proven optimal")
    assert has_line(ran.stdout, "no deployment is below", "USD/h")


def test_uncertainty_is_left_aside_with_a_warning(tmp_path: Path) -> None:
    """It says who holds it and how to be ready for more; `explain` holds it and warns of nothing."""
    document = service_document()
    document["uncertainty"] = {"budget": 1, "times": 0.1}
    file = write(document, tmp_path)
    ran = run("provision", file, "--exclude", "vm")
    assert has_line(ran.stderr, "[uncertainty] is left aside", "`solve`", "--rate-per-s")
    assert "left aside" not in run("explain", file, "--exclude", "vm").stderr


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


def test_rate_and_trace(trace: Path) -> None:
    """A rate and a trace together, and rates that are none, are refused."""
    assert refused(run("provision", "libra", "--rate-per-s", "3", "--trace", trace), "--rate-per-s", "--trace", "both")
    for rate in ("0", "-1", "nan", "inf"):
        assert refused(run("provision", "libra", "--rate-per-s", rate), "demand", "rate")


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
