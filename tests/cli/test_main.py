"""The commands `solve` and `evaluate`: what is printed where, exit codes, files written."""

from __future__ import annotations

import json
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from oracles.writing import write
from support.helpers import GOOD, V, changed, has_line, islands, plan_of, run, run_for_real, two_tiers, validator
from typer.testing import CliRunner

from serflow_opt.cli.main import app
from serflow_opt.problem.loader import load


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


def test_json_is_one_valid_document_and_nothing_else(solved: dict[str, Any]) -> None:
    """A solved instance prints a document that the published schema accepts."""
    assert solved["status"] == "optimal"
    assert solved["instance"] == "good"
    validator("plan").validate(solved)


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


def test_writing_a_weighted_model_is_no_internal_error(tmp_path: Path) -> None:
    """A model of a weighted objective is written, or refused in words."""
    ran = run("solve", GOOD / "adapted.toml", "--write-lp", tmp_path / "model.lp", "--json")
    assert ran.code in (0, 2), "written, or refused; no internal error"
    assert ran.code == 2 or "way(" in (tmp_path / "model.lp").read_text(encoding="utf-8")


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


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("serflow-opt so", "solve"),
        ("serflow-opt solve --latency-s", "--latency-slo-ms"),
        ("serflow-opt solve bert12-sst2-h", "bert12-sst2-hours"),
    ],
)
def test_shells_complete_words(words: str, completed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands, options and names of shipped instances, as bash asks for them."""
    monkeypatch.setenv("_SERFLOW_OPT_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))
    ran = CliRunner().invoke(app, prog_name="serflow-opt")
    assert ran.output.split() == [completed]
