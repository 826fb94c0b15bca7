"""The command: what is printed where, exit codes, files written, filters, and that nobody sees a traceback."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from oracles.random_instances import write
from support.helpers import BAD, GOOD, V, changed, has_line, islands, plan_of, run, run_for_real, two_tiers, validator
from typer.testing import CliRunner

from serflow_opt.cli.main import app
from serflow_opt.problem.loader import load, shipped, shipped_folder


@pytest.fixture(scope="module")
def solved() -> dict[str, Any]:
    """The document of the good instance, solved."""
    ran = run("solve", GOOD, "--json")
    assert ran.code == 0, ran.stderr
    document: dict[str, Any] = ran.document
    return document


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    """An instance that no plan is fast enough for: the fastest takes 300 ms."""
    return write(changed(two_tiers() | {"name": "slow"}, workload={"latency_slo_ms": 1.0}), tmp_path / "slow")


# --- solve: stdout, stderr, exit codes -----------------------------------------------------------------------


def test_json_is_one_valid_document_and_nothing_else(solved: dict[str, Any]) -> None:
    """A solved instance prints a document that the published schema accepts."""
    assert solved["status"] == "optimal"
    assert solved["instance"] == "good"
    validator("plan").validate(solved)


def test_several_instances_make_a_list_a_row_each_and_the_worst_exit_code(slow: Path) -> None:
    """Several files are a row each, and the code is that of the worst."""
    files = (GOOD, GOOD / "measured.toml", slow)
    ran = run("solve", *files, "--json")
    assert ran.code == 3
    assert [plan["status"] for plan in ran.document] == ["optimal", "optimal", "infeasible"]
    for plan in ran.document:
        validator("plan").validate(plan)
    table = run("solve", *files)
    assert table.code == 3
    assert has_line(table.stdout, "good", "optimal", "USD/request")
    assert has_line(table.stdout, "measured", "optimal", "ms")
    assert has_line(table.stdout, "slow", "infeasible")


def test_a_limit_is_worse_than_infeasible(tmp_path: Path) -> None:
    """Of a stopped and an infeasible instance the stopped one decides the code: nothing is proven of it."""
    file = write(islands(), tmp_path)
    ran = run("solve", file, GOOD, "--method", "milp", "--time-limit", "0", "--json")
    assert [plan["status"] for plan in ran.document] == ["infeasible", "no_solution"]
    assert ran.code == 4


def test_time_limit_zero_exits_4_with_a_valid_document() -> None:
    """No time is a valid document without a plan."""
    ran = run("solve", GOOD, "--time-limit", "0", "--method", "milp", "--json")
    assert ran.code == 4
    assert ran.document["status"] == "no_solution"
    assert ran.document["plan"] is None
    validator("plan").validate(ran.document)
    table = run("solve", GOOD, "--time-limit", "0", "--method", "milp")
    assert table.code == 4
    assert has_line(table.stdout, "good", "stopped")


def test_time_limit_zero_keeps_a_plan_that_the_bounds_found() -> None:
    """A plan found before the search is kept, and called what it is."""
    ran = run("solve", GOOD, "--time-limit", "0", "--json")
    validator("plan").validate(ran.document)
    assert ran.code == {"optimal": 0, "feasible": 4, "no_solution": 4}[ran.document["status"]]
    if ran.document["plan"] is not None:
        assert ran.document["bound"] <= ran.document["objective"]["value"]


def test_one_bad_file_among_good_ones_stops_everything() -> None:
    """Bad files are all told before anything is solved."""
    ran = run("solve", GOOD, BAD / "link-twice", BAD / "flops-text", "--json")
    assert (ran.code, ran.stdout) == (2, "")
    assert has_line(ran.stderr, "link-twice")
    assert has_line(ran.stderr, "flops-text")


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


def test_writing_a_weighted_model_is_no_internal_error(tmp_path: Path) -> None:
    """A model of a weighted objective is written, or refused in words."""
    ran = run("solve", GOOD / "adapted.toml", "--write-lp", tmp_path / "model.lp", "--json")
    assert ran.code in (0, 2), "written, or refused; no internal error"
    assert ran.code == 2 or "way(" in (tmp_path / "model.lp").read_text(encoding="utf-8")


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


# --- files -------------------------------------------------------------------------------------------------


def test_out_is_the_document_that_json_prints(solved: dict[str, Any], tmp_path: Path) -> None:
    """What is saved is what is printed, and no draft stays behind."""
    ran = run("solve", GOOD, "--out", tmp_path / "plan.json", "--json")
    written = json.loads((tmp_path / "plan.json").read_text(encoding="utf-8"))
    assert written == ran.document
    assert [path.name for path in tmp_path.iterdir()] == ["plan.json"]


@pytest.mark.parametrize("flag", ["--out", "--plot", "--write-lp"])
def test_a_target_that_cannot_be_written_exits_2(flag: str, tmp_path: Path) -> None:
    """A target that cannot be written is told by its path."""
    (tmp_path / "folder.png").mkdir()
    for target in (tmp_path / "absent" / "x.png", tmp_path / "folder.png"):
        ran = run("solve", GOOD, flag, target)
        assert ran.code == 2
        assert has_line(ran.stderr, str(target))


@pytest.mark.parametrize(("flag", "name"), [("--out", "plan.json"), ("--plot", "plan.png"), ("--write-lp", "model.lp")])
def test_a_failure_while_writing_leaves_the_old_file(
    flag: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk costs no old result."""
    target = tmp_path / name
    target.write_text("old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    ran = run("solve", GOOD, flag, target)
    assert ran.code in (1, 2)
    assert "No space left" in ran.stderr
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_plot_writes_a_picture(tmp_path: Path) -> None:
    """A picture of some size is written."""
    assert run("solve", GOOD, "--plot", tmp_path / "plan.png").code == 0
    picture = (tmp_path / "plan.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    width, height = int.from_bytes(picture[16:20], "big"), int.from_bytes(picture[20:24], "big")
    assert min(width, height) > 100
    assert len(picture) > 5000


@pytest.mark.parametrize("command", ["solve", "evaluate"])
def test_plot_with_a_wrong_ending_exits_2(command: str, solved: dict[str, Any], tmp_path: Path) -> None:
    """A format nobody writes is told with those that are."""
    (tmp_path / "plan.json").write_text(json.dumps(solved))
    more = [tmp_path / "plan.json"] if command == "evaluate" else []
    ran = run(command, GOOD, *more, "--plot", tmp_path / "plan.xyz")
    assert ran.code == 2
    assert has_line(ran.stderr, "plan.xyz", ".xyz", ".png")
    assert not (tmp_path / "plan.xyz").exists()


def test_plot_of_an_infeasible_instance_writes_nothing(slow: Path, tmp_path: Path) -> None:
    """Without a plan no picture is written, and that is said."""
    ran = run("solve", slow, "--plot", tmp_path / "plan.png")
    assert ran.code == 3
    assert "plan.png" in ran.stderr
    assert not (tmp_path / "plan.png").exists()


@pytest.mark.parametrize("thresholds", ["menu", "randomized"])
@pytest.mark.parametrize("accounting", ["per-request", "reserved", "as-printed"])
def test_the_written_lp_has_the_optimum_of_the_plan(accounting: str, thresholds: str, tmp_path: Path) -> None:
    """HiGHS finds in the written model the optimum that the command printed."""
    import highspy

    from serflow_opt.formulations.model import build

    document = changed(
        two_tiers(),
        workload={"accuracy_min": 0.9, "rate_per_s": 10.0},
        objective={"accounting": accounting},
        exits={"thresholds": thresholds},
    )
    file = write(document, tmp_path / "instance")
    ran = run("solve", file, "--write-lp", tmp_path / "model.lp", "--json")
    assert ran.code == 0, ran.stderr
    highs = highspy.Highs()
    highs.setOptionValue("output_flag", False)
    highs.setOptionValue("presolve", "off")
    highs.setOptionValue("mip_rel_gap", 0.0)
    assert highs.readModel(str(tmp_path / "model.lp")) == highspy.HighsStatus.kOk
    highs.run()
    assert highs.getModelStatus() == highspy.HighsModelStatus.kOptimal
    optimum = highs.getInfo().objective_function_value * build(load(file)).unit
    assert optimum == pytest.approx(ran.document["objective"]["value"], rel=1e-6)


def test_write_lp_of_an_instance_that_nothing_can_run_is_no_internal_error(tmp_path: Path) -> None:
    """A model without any placement is told, not crashed on."""
    file = write(islands(), tmp_path)
    assert run("solve", file).code == 3
    assert run("solve", file, "--write-lp", tmp_path / "model.lp").code in (2, 3)


# --- evaluate ----------------------------------------------------------------------------------------------


def test_evaluate_agrees_with_solve(solved: dict[str, Any], tmp_path: Path) -> None:
    """Valuing a solved plan gives its metrics again."""
    for name, document in (("whole", solved), ("inner", solved["plan"])):
        (tmp_path / name).write_text(json.dumps(document))
        ran = run("evaluate", GOOD, tmp_path / name, "--json")
        assert ran.code == 0
        assert ran.document["metrics"] == solved["metrics"]
        assert ran.document["plan"] == solved["plan"]
        assert ran.document["status"] == "feasible"
        validator("plan").validate(ran.document)


def good_plan(**changes: Any) -> dict[str, Any]:
    places = [("vm", "c6i.large"), ("vm", "c6i.large"), ("function", "lambda-1769MB")]
    return plan_of(places, {1: 0.9, 2: 0.9}) | changes


def placed(*names: str) -> list[dict[str, Any]]:
    tiers = {"c6i.large": "vm", "c6i.lrge": "vm"}
    return [{"stage": s, "tier": tiers.get(n, "function"), "option": n} for s, n in enumerate(names, start=1)]


@pytest.mark.parametrize(
    ("plan", "parts"),
    [
        (
            good_plan(placement=placed("c6i.large", "c6i.lrge", "lambda-1769MB")),
            ("stage 2", "c6i.lrge", "vm/c6i.large"),
        ),
        (
            good_plan(placement=placed("lambda-1769MB", "lambda-1769MB", "c6i.large")),
            ("stage 3", "up", "function", "vm"),
        ),
        (good_plan(placement=placed("lambda-1769MB", "lambda-3538MB", "lambda-3538MB")), ("stage 2", "stage_specific")),
        (good_plan(placement=placed("c6i.large", "c6i.large")), ("stages 1..2", "place the stages up to 3")),
        (good_plan(placement=placed("c6i.large", "c6i.large", "c6i.large", "c6i.large")), ("[1, 2, 3, 4]", "1..3")),
        (good_plan(placement=placed("c6i.large", "c6i.large", "c6i.large")[:2] * 2), ("placement", "1..3")),
        (good_plan(thresholds=[{"stage": 1, "threshold": 0.9}]), ("thresholds, stage 2", "0.6, 0.9")),
        (
            good_plan(thresholds=[{"stage": 1, "threshold": 0.7}, {"stage": 2, "threshold": 0.9}]),
            ("thresholds, stage 1", "0.7", "0.6, 0.9"),
        ),
        (
            good_plan(thresholds=[{"stage": s, "threshold": 0.9} for s in (1, 2, 4)]),
            ("thresholds, stage 4", "no such stage"),
        ),
        (
            good_plan(thresholds=[{"stage": s, "threshold": a} for s, a in ((1, 0.6), (1, 0.9), (2, 0.9))]),
            ("thresholds", "stage 1"),
        ),
        (good_plan(colour="red"), ("colour", "red")),
        ({"plan": None}, ("no plan",)),
        ({"placement": "everywhere"}, ("placement", "everywhere")),
        ({}, ("placement",)),
        ([], ("one plan",)),
    ],
    ids=lambda value: "" if isinstance(value, tuple) else None,
)
def test_a_plan_that_does_not_fit_exits_2(plan: Any, parts: tuple[str, ...], tmp_path: Path) -> None:
    """Each way in which a plan does not fit its instance is told with stage and choices."""
    (tmp_path / "plan.json").write_text(json.dumps(plan))
    ran = run("evaluate", GOOD, tmp_path / "plan.json")
    assert (ran.code, ran.stdout) == (2, "")
    assert has_line(ran.stderr, *parts), ran.stderr


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


def test_a_plan_that_breaks_a_limit_exits_3_and_is_shown_with_it(slow: Path, tmp_path: Path) -> None:
    """A plan beyond a limit is valued all the same, with how far beyond."""
    (tmp_path / "plan.json").write_text(json.dumps(plan_of([V, V], {1: 0.5})))
    ran = run("evaluate", slow, tmp_path / "plan.json", "--json")
    assert ran.code == 3
    validator("plan").validate(ran.document)
    (breach,) = ran.document["metrics"]["breaches"]
    assert (breach["limit"], breach["bound"]) == ("latency_slo_ms", pytest.approx(1.0))
    assert breach["value"] == pytest.approx(300.0)
    assert breach["excess"] == pytest.approx(299.0)
    assert has_line(run("evaluate", slow, tmp_path / "plan.json").stdout, "BROKEN", "latency_slo_ms", "300")


# --- new, catalog, schema, version -------------------------------------------------------------------------


def test_new_makes_a_copy_that_solves(tmp_path: Path) -> None:
    """A copied instance is the shipped one and solves to its plan."""
    folder = tmp_path / "mine"
    ran = run("new", folder, "--from", "resnet50-lambda")
    assert ran.code == 0
    assert str(folder) in ran.stdout
    assert (folder / "instance.toml").read_bytes() == (shipped_folder() / "resnet50-lambda/instance.toml").read_bytes()
    ran = run("solve", folder, "--json")
    assert ran.code == 0
    assert ran.document["plan"]["placement"][0]["option"] == "lambda-2048MB"


def test_new_never_touches_what_is_there(tmp_path: Path) -> None:
    """Nothing that exists is written over."""
    (tmp_path / "instance.toml").write_text("mine")
    ran = run("new", tmp_path, "--from", "resnet50-lambda")
    assert (ran.code, ran.stdout) == (2, "")
    assert has_line(ran.stderr, str(tmp_path), "exists")
    assert [path.name for path in tmp_path.iterdir()] == ["instance.toml"]
    ran = run("new", tmp_path / "instance.toml" / "below", "--from", "resnet50-lambda")
    assert ran.code == 2
    assert (tmp_path / "instance.toml").read_text() == "mine"


def test_new_from_an_unknown_name_suggests_one(tmp_path: Path) -> None:
    """A misspelt instance is answered with the right name."""
    ran = run("new", tmp_path / "mine", "--from", "resnet50-lamda")
    assert ran.code == 2
    assert has_line(ran.stderr, "resnet50-lamda", "did you mean resnet50-lambda")
    assert not (tmp_path / "mine").exists()


def test_catalog_lists_filters_and_refuses(tmp_path: Path) -> None:
    """Prices are listed with source and date, filtered, and from a table of one's own."""
    everything = run("catalog", "--json").document
    assert {"c6i.large", "m7i.large"} <= {vm["name"] for vm in everything["vms"]}
    assert all(row["source"] and row["as_of"] for row in everything["vms"] + everything["functions"])
    ran = run("catalog", "c6i.*", "--exclude", "*.large", "--json")
    names = [vm["name"] for vm in ran.document["vms"]]
    assert "c6i.xlarge" in names
    assert "c6i.large" not in names
    assert all(name.startswith("c6i.") for name in names)
    assert ran.document["functions"] == []
    table = run("catalog", "c6i.large")
    assert has_line(table.stdout, "c6i.large", "us-east-1", "0.085", "2026")
    assert "c6i.xlarge" not in table.stdout
    assert has_line(run("catalog", "aws-lambda").stdout, "us-east-1", "x86_64", "1.66667e-05", "0.2")
    own = tmp_path / "own.csv"
    own.write_text("name,vcpus,memory_mb,usd_per_hour,as_of\nbox,8,16384,0.25,2026-01-01\n")
    (box,) = run("catalog", "box", "--catalog", own, "--json").document["vms"]
    assert (box["usd_per_hour"], box["source"]) == (0.25, "own.csv")
    for arguments in (("c99.*",), ("colour=red",), ("box", "--catalog", tmp_path / "absent.csv")):
        ran = run("catalog", *arguments)
        assert (ran.code, ran.stdout) == (2, ""), arguments
        assert ran.stderr


def test_catalog_lists_the_shipped_instances() -> None:
    """Every shipped instance is listed."""
    assert [row["name"] for row in run("catalog", "--instances", "--json").document] == shipped()
    table = run("catalog", "--instances").stdout
    assert all(has_line(table, name) for name in shipped())


@pytest.mark.parametrize("what", ["instance", "plan"])
def test_schema_is_json_schema(what: str) -> None:
    """The schemas printed are JSON Schema."""
    assert run("schema", what).document["type"] == "object"
    validator(what)


def test_schema_of_something_else_exits_2() -> None:
    """An unknown schema is told with those there are."""
    ran = run("schema", "world")
    assert ran.code == 2
    assert has_line(ran.stderr, "world", "instance or plan")


def test_the_plan_schema_refuses_what_is_no_plan(solved: dict[str, Any]) -> None:
    """The schema of plans refuses other words, other keys and missing parts."""
    check = validator("plan")
    assert not check.is_valid({**solved, "status": "splendid"})
    assert not check.is_valid({**solved, "colour": "red"})
    assert not check.is_valid({key: value for key, value in solved.items() if key != "metrics"})


def test_plans_of_every_kind_are_valid_documents(tmp_path: Path) -> None:
    """Plans of each mode and objective pass the schema, infeasible ones included."""
    check = validator("plan")
    changes: list[dict[str, Any]] = [
        {"exits": {"thresholds": "randomized"}, "workload": {"accuracy_min": 0.9}},
        {"exits": {"thresholds": "interpolated"}, "workload": {"accuracy_min": 0.9}},
        {"objective": {"accounting": "reserved"}, "workload": {"rate_per_s": 5.0}},
        {"objective": {"minimize": "latency"}, "workload": {"latency_measure": "p97.5"}},
        {"workload": {"accuracy_min": 0.99}},
    ]
    for number, change in enumerate(changes):
        ran = run("solve", write(changed(two_tiers(), **change), tmp_path / str(number)), "--json")
        check.validate(ran.document)
        assert ran.code == (3 if number == 4 else 0)
    assert "latency_p97.5_ms" in run("solve", tmp_path / "3", "--json").document["metrics"]
    for objective in ("cost", "privacy", "energy", "weighted"):
        ran = run("solve", GOOD / "adapted.toml", "--objective", objective, "--json")
        check.validate(ran.document)
        assert ran.code == 0


def test_version_is_that_of_the_package() -> None:
    """The version printed is the installed one."""
    ran = run("--version")
    assert (ran.code, ran.stdout.strip()) == (0, f"serflow-opt {metadata.version('serflow-opt')}")


@pytest.mark.parametrize("command", ["solve", "evaluate", "validate", "new", "catalog", "schema"])
def test_every_command_explains_itself(command: str) -> None:
    """Each command has help and is listed."""
    assert run(command, "--help").code == 0
    assert command in run("--help").stdout


# --- when something goes wrong inside ----------------------------------------------------------------------


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


@pytest.mark.parametrize("flags", [(), ("--json",)])
def test_a_reader_that_closes_early_causes_no_fuss(flags: tuple[str, ...]) -> None:
    """`| head` ends the command silently."""
    command = [sys.executable, "-m", "serflow_opt.cli", "catalog", *flags]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    complaints = process.stderr.read()
    process.stderr.close()
    assert process.wait(60) != 1
    assert complaints == ""


# --- what users may well do ----------------------------------------------------------------------------------


def oddly_named(folder: Path, name: str) -> Path:
    document = changed(two_tiers() | {"name": name, "description": name}, workload={"latency_slo_ms": 400.0})
    document["tier"][0]["name"] = document["link"][0]["from"] = name
    document["tier"][0]["option"][0]["name"] = name
    return write(document, folder)


@pytest.mark.parametrize("name", ["[eu]", "[/vm]", "[bold]x", "a_{b}$^{", "größe 1 :smile:", "%s {0}"])
def test_names_are_shown_as_they_are(name: str, tmp_path: Path) -> None:
    """Names with brackets, dollars and braces are shown as they are written."""
    file = oddly_named(tmp_path / "instance", name)
    assert run("validate", file).code == 0
    one = run("solve", file)
    assert (one.code, one.stderr) == (0, "")
    assert has_line(one.stdout, f"{name}: {name}")
    several = run("solve", file, file)
    assert (several.code, several.stderr) == (0, "")
    assert has_line(several.stdout, name, "optimal")
    (tmp_path / "plan.json").write_text(json.dumps(plan_of([(name, name), (name, name)], {1: 0.5})))
    valued = run("evaluate", file, tmp_path / "plan.json")
    assert (valued.code, valued.stderr) == (0, "")
    assert has_line(valued.stdout, f"{name}: {name}")


@pytest.mark.parametrize("name", ["[eu]", "a_{b}$^{", "$x_{$", "größe"])
def test_names_can_be_drawn(name: str, tmp_path: Path) -> None:
    """Names with signs of formulas can be drawn."""
    ran = run("solve", oddly_named(tmp_path / "instance", name), "--plot", tmp_path / "plan.png", "--json")
    assert (ran.code, ran.stderr) == (0, "")
    assert (tmp_path / "plan.png").stat().st_size > 5000


def test_more_threads_than_any_machine_has_do_not_abort() -> None:
    """A million threads end in words, not in an abort of the process."""
    ran = run_for_real("solve", GOOD, "--json", "--method", "milp", "--threads", "1000000")
    assert ran.code in (0, 2)


def test_times_beyond_all_numbers_are_bad_input(tmp_path: Path) -> None:
    """Times that overflow are bad input."""
    document = two_tiers()
    document["tables"]["stages.csv"][0]["flops"] = 1e300
    document["tier"][0]["option"][0]["flops_per_s"] = 1e-100
    assert run("solve", write(document, tmp_path)).code == 2
