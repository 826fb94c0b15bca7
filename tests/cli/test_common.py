"""What commands share: flags that override the file, and what happens when something goes wrong inside."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

import pytest
import typer
from support.helpers import GOOD, has_line, run
from typer.testing import CliRunner

from serflow_opt.cli.common import finish
from serflow_opt.cli.main import app
from serflow_opt.ground import stopping
from serflow_opt.ground.deadline import OutOfTime


@pytest.fixture(scope="module")
def solved() -> dict[str, Any]:
    """The document of the good instance, solved."""
    ran = run("solve", GOOD, "--json")
    assert ran.code == 0, ran.stderr
    document: dict[str, Any] = ran.document
    return document


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (("--accuracy-min", "1.5"), ("accuracy_min", "1.5", "0 to 1")),
        (("--latency-slo-ms", "0"), ("latency_slo_ms", "0")),
        (("--latency-slo-ms", "-5"), ("latency_slo_ms: -5;",)),
        (("--latency-slo-ms", "nan"), ("latency_slo_ms", "nan")),
        (("--latency-measure", "p101"), ("latency_measure", "p101", "p50 to p99.9")),
        (("--rate-per-s", "-3"), ("rate_per_s", "-3")),
        (("--accounting", "reserved"), ("accounting", "reserved", "rate_per_s")),
        (("--include", "gpu*"), ("--include", "gpu*", "c6i.large")),
        (("--exclude", "gpu*"), ("--exclude", "gpu*", "c6i.large")),
        (("--exclude", "*"), ("--exclude", "no option is left")),
        (("--catalog", "absent.csv"), ("absent.csv", "no such file")),
        (("--highs-option", "mip_rel_gp=1"), ("mip_rel_gp", "unknown", "did you mean mip_rel_gap")),
        (("--highs-option", "mip_rel_gap=small"), ("mip_rel_gap", "small")),
        (("--highs-option", "threads=[1]"), ("threads", "[1]")),
        (("--highs-option", "threads"), ("threads", "NAME=VALUE")),
        (("--highs-option", "output_flag=true"), ("output_flag", "would mix with the results", "--verbose")),
        (("--objective", "beauty"), ("--objective", "beauty")),
        (("--objective", "weighted"), ("objective.weights", "without weights")),
        (("--cost-max-usd", "0"), ("cost_max_usd", "0")),
        (("--energy-max-j", "nan"), ("energy_max_j", "nan")),
        (("--privacy-max", "-1"), ("privacy_max", "-1")),
        (("--weight", "beauty=1"), ("--weight", "beauty=1", "cost")),
        (("--weight", "cost=-1"), ("--weight", "cost=-1", "above 0")),
        (("--weight", "cost=inf"), ("--weight", "cost=inf", "above 0")),
        (("--weight", "cost"), ("--weight", "cost", "OBJECTIVE=WEIGHT")),
        (("--then", "beauty"), ("then", "beauty", "cost")),
        (("--then", "latency", "--weight", "cost=1"), ("objective.then", "weighted")),
        (("--gap", "-1"), ("--gap",)),
        (("--time-limit", "soon"), ("--time-limit",)),
        (("--no-such-flag",), ("--no-such-flag",)),
    ],
)
def test_bad_flags_exit_2_and_say_why(arguments: tuple[str, ...], parts: tuple[str, ...]) -> None:
    """Each wrong flag is told with its value and what it takes."""
    ran = run("solve", GOOD, *arguments)
    assert (ran.code, ran.stdout) == (2, "")
    assert has_line(ran.stderr, *parts), ran.stderr


@pytest.mark.parametrize("arguments", [("solve",), ("frobnicate",), ("evaluate", "good"), ("new",)])
def test_usage_errors_exit_2(arguments: tuple[str, ...]) -> None:
    """Missing arguments and unknown commands are usage errors, on standard error alone."""
    ran = run(*arguments)
    assert (ran.code, ran.stdout) == (2, "")
    assert ran.stderr


def test_flags_override_the_file(solved: dict[str, Any], tmp_path: Path) -> None:
    """Flags go before the file, prices of a table of one's own included."""
    ran = run("solve", GOOD, "--objective", "latency", "--accuracy-min", "0.9", "--latency-measure", "mean", "--json")
    assert ran.code == 0
    assert ran.document["objective"]["name"] == "latency"
    assert ran.document["limits"]["accuracy_min"] == 0.9
    assert ran.document["metrics"]["accuracy"] >= 0.9 - 1e-9
    assert ran.document["objective"]["value"] == pytest.approx(ran.document["metrics"]["latency_mean_ms"])
    # a tenth of the price makes the VM alone a tenth as dear
    prices = tmp_path / "prices.csv"
    prices.write_text("name,vcpus,memory_mb,usd_per_hour,as_of\nc6i.large,2,4096,0.0085,2026-01-01\n")
    alone = [
        run("solve", GOOD, "--exclude", "function", *more, "--json").document for more in ((), ("--catalog", prices))
    ]
    cost = [plan["metrics"]["cost_usd_per_request"] for plan in alone]
    assert cost[1] == pytest.approx(cost[0] / 10, rel=1e-12)


def test_limits_and_goals_by_flag() -> None:
    """data/good/adapted.toml on the device alone, both variants: 5 + 10 + 22.5 ms, reach 1, 0.55, 0.22 at the least.

    Energy 1e-10 J x (0.5e9 + 0.55 x 1e9 + 0.22 x 2.25e9) = 0.1545 J, and 5e-5 J for decoding a quantised input. That
    takes 100 ms as it is, 12.5 ms quantised, and 0.005 ms for 5e5 FLOP at 6e9 FLOP / 60 ms.
    """
    alone = ("solve", GOOD / "adapted.toml", "--exclude", "vm", "--json")
    fast = run(*alone, "--objective", "latency").document
    assert fast["objective"] == {"name": "latency", "value": pytest.approx(50.005, rel=1e-9), "unit": "ms"}
    assert (fast["payoff"], fast["metrics"]["privacy_loss"]) == ([], pytest.approx(0.01, rel=1e-9))
    sparing = run(*alone, "--objective", "latency", "--energy-max-j", "0.1545").document
    assert sparing["limits"]["energy_max_j"] == 0.1545
    assert sparing["objective"]["value"] == pytest.approx(137.5, rel=1e-9)
    private = run(*alone, "--objective", "latency", "--privacy-max", "0").document
    assert private["objective"]["value"] == pytest.approx(137.5, rel=1e-9)
    too_little = run(*alone, "--objective", "cost", "--energy-max-j", "0.1")
    assert too_little.code == 3
    (clash,) = too_little.document["infeasible_because"]
    assert (clash["limit"], clash["best"]) == ("energy_max_j", pytest.approx(0.1545, rel=1e-6))
    free = run(*alone, "--objective", "cost", "--then", "energy").document  # the device costs nothing
    assert free["metrics"]["energy_j_per_request"] == pytest.approx(0.1545, rel=1e-6)
    weighted = run("solve", GOOD, "--weight", "cost=1", "--weight", "latency=2", "--json").document
    assert weighted["objective"]["name"] == "weighted"
    assert [set(row) for row in weighted["payoff"]] == [{"cost", "latency"}] * 2


def test_include_and_exclude_limit_the_options() -> None:
    """Patterns leave only the options they name."""
    for arguments in (("--include", "lambda-1769MB", "--exclude", "vm"), ("--exclude", "c6i.*", "--exclude", "*3538*")):
        plan = run("solve", GOOD, *arguments, "--latency-slo-ms", "5000", "--json").document["plan"]
        assert {place["option"] for place in plan["placement"]} == {"lambda-1769MB"}
    plan = run("solve", GOOD, "--exclude", "function", "--json").document["plan"]
    assert {place["tier"] for place in plan["placement"]} == {"vm"}


def test_highs_options_reach_highs() -> None:
    """Options of HiGHS are passed on."""
    assert run("solve", GOOD, "--highs-option", "mip_max_nodes=100", "--highs-option", "parallel=off").code == 0


@pytest.mark.parametrize(
    ("content", "parts"), [(b"{", ("line 1", "JSON")), (b"\xff", ("UTF-8",)), (None, ("no such file",))]
)
def test_a_plan_file_that_cannot_be_read_exits_2(content: bytes | None, parts: tuple[str, ...], tmp_path: Path) -> None:
    """A file that is no plan is told by its name and place."""
    if content is not None:
        (tmp_path / "plan.json").write_bytes(content)
    ran = run("evaluate", GOOD, tmp_path / "plan.json")
    assert (ran.code, ran.stdout) == (2, "")
    assert has_line(ran.stderr, "plan.json", *parts)


def test_an_internal_error_exits_1_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of ours is one line with code 1, and a traceback on request."""
    import serflow_opt.solving

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr(serflow_opt.solving, "solve", fail)
    ran = run("solve", GOOD, "--json")
    assert (ran.code, ran.stdout) == (1, "")
    assert has_line(ran.stderr, "internal error", "boom", "--debug")
    result = CliRunner().invoke(app, ["solve", str(GOOD), "--debug"])
    assert isinstance(result.exception, RuntimeError)


def test_ctrl_c_is_no_internal_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """An interruption is called one, with the shell's code."""
    import serflow_opt.solving

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(serflow_opt.solving, "solve", interrupt)
    ran = run("solve", GOOD)
    assert ran.code == 130
    assert "interrupted" in ran.stderr


@pytest.mark.parametrize(("pressed", "word"), [(False, "stopped"), (True, "interrupted")])
def test_work_without_an_answer_says_what_ended_it(
    pressed: bool, word: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The time limit stops it, Ctrl-C interrupts it; the code is the same."""
    monkeypatch.setattr(stopping, "_last_press", time.monotonic() if pressed else -math.inf)

    def work() -> int:
        raise OutOfTime("half of it was done")

    with pytest.raises(typer.Exit) as left:
        finish(work, False)
    assert (left.value.exit_code, capsys.readouterr().err) == (4, f"{word}: half of it was done\n")
