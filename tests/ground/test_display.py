"""What all results have in common: a table when printed, a line as repr, a document that gives back the same."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.helpers import GOOD, changed, load, run, two_tiers
from support.service import service_document, write_trace

import serflow_opt as so
from serflow_opt.ground.display import Displayed
from serflow_opt.ground.kept import decode, encode
from serflow_opt.sensitivity.explain import Explanation
from serflow_opt.traffic.control.compare import Comparison, service_for
from serflow_opt.traffic.provision.result import Deployment
from serflow_opt.traffic.schedule.result import Schedule
from serflow_opt.traffic.simulate.result import Simulation

COUNTS = (20, 40, 60, 40, 20, 0)
"""Requests by second."""


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Displayed]:
    folder = tmp_path_factory.mktemp("results")
    hybrid = load(changed(two_tiers(), workload={"latency_slo_ms": 900.0, "accuracy_min": 0.86}), folder / "hybrid")
    rented = load(
        changed(two_tiers(), workload={"rate_per_s": 5.0}, objective={"accounting": "reserved"}), folder / "rented"
    )
    (folder / "t.csv").parent.mkdir(exist_ok=True)
    trace = so.read_trace(write_trace(folder / "t.csv", COUNTS))
    traffic = load(service_document(), folder / "traffic")
    service = service_for(traffic, trace, blocks=2)
    return {
        "plan": so.solve(hybrid),
        "valued": so.solve(hybrid.with_limits(accuracy_min=0.99)),
        "front": so.pareto(hybrid),
        "explanation": so.explain(hybrid),
        "fleet": so.solve_fleet([rented], budget_usd_per_hour=100.0),
        "policy": so.Planner(rented).policy(rate_per_s=(1.0, 20.0), tolerance=0.1),
        "deployment": so.provision(traffic, 20.0),
        "schedule": so.schedule(service, trace, step_s=2.0),
        "simulation": so.simulate(service, trace, so.Controller(service), seed=1),
        "comparison": so.compare(traffic, trace, policies=["functions", "libra"]),
    }


KINDS: dict[str, type[Displayed]] = {
    "plan": so.Plan,
    "valued": so.Plan,
    "front": so.Front,
    "explanation": Explanation,
    "fleet": so.Fleet,
    "policy": so.Policy,
    "deployment": Deployment,
    "schedule": Schedule,
    "simulation": Simulation,
    "comparison": Comparison,
}
WHOLE = ("plan", "valued", "front", "explanation", "fleet", "policy")
"""Those whose document is all there is."""


def strict(document: Any) -> Any:
    """A document on its way through JSON, which knows neither infinity nor NaN."""
    return json.loads(json.dumps(document, allow_nan=False))


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_saved_comes_back_equal(kind: str, results: dict[str, Displayed], tmp_path: Path) -> None:
    """A file gives back a result that prints, tabulates and saves the same."""
    found = results[kind]
    assert isinstance(found, KINDS[kind])
    found.save(tmp_path / "kept.json")
    strict(json.loads((tmp_path / "kept.json").read_text(encoding="utf-8")))
    again = type(found).load(tmp_path / "kept.json")
    assert strict(again.to_dict()) == strict(found.to_dict())
    assert str(again) == str(found)
    assert again.to_frame().equals(found.to_frame())
    again.save(tmp_path / "twice.json")
    assert (tmp_path / "twice.json").read_text() == (tmp_path / "kept.json").read_text()


@pytest.mark.parametrize("kind", WHOLE)
def test_documents_are_enough(kind: str, results: dict[str, Displayed]) -> None:
    """Results whose document holds all are rebuilt from it, equal."""
    found = results[kind]
    assert type(found).from_dict(strict(found.to_dict())) == found


@pytest.mark.parametrize("kind", ["plan", "valued", "front", "fleet"])
def test_pydantic_reads_documents_too(kind: str, results: dict[str, Displayed]) -> None:
    """Whoever uses pydantic reads the documents without our loader."""
    found: Any = results[kind]
    assert type(found).model_validate(found.to_dict()) == found
    assert type(found).model_validate(found.model_dump()) == found


@pytest.mark.parametrize("kind", KINDS)
def test_print_gives_the_table_and_repr_a_line(kind: str, results: dict[str, Displayed]) -> None:
    """Printing shows a table, a list of results a line each."""
    found = results[kind]
    assert len(str(found).splitlines()) > 1
    assert "<" not in str(found).splitlines()[0]
    assert len(repr(found)) < 160
    assert repr(found).startswith(f"<{type(found).__name__} ")
    assert "\n" not in repr(found)


def test_a_simulation_read_again_has_every_latency(results: dict[str, Displayed], tmp_path: Path) -> None:
    """Latencies survive being saved, so that any percentile can be asked later."""
    found: Any = results["simulation"]
    found.save(tmp_path / "s.json")
    again = Simulation.load(tmp_path / "s.json")
    assert again.latency.dtype == found.latency.dtype
    assert (again.latency == found.latency).all()
    assert again.rentals == found.rentals
    assert again.percentile(99.9) == found.percentile(99.9)


def test_a_deployment_read_again_can_be_simulated(results: dict[str, Displayed], tmp_path: Path) -> None:
    """A saved deployment holds its service whole, to be simulated another day."""
    found: Any = results["deployment"]
    found.save(tmp_path / "d.json")
    again = Deployment.load(tmp_path / "d.json")
    assert again.service == found.service
    assert again.structure == found.structure
    assert (again.demand.rates == found.demand.rates).all()


def test_what_commands_write_can_be_read(tmp_path: Path) -> None:
    """Python reads what the command wrote."""
    run("solve", GOOD, "--out", tmp_path / "p.json")
    assert so.Plan.load(tmp_path / "p.json").status == "optimal"
    run("pareto", GOOD, "--out", tmp_path / "f.json")
    assert so.Front.load(tmp_path / "f.json").complete


@pytest.mark.parametrize("kind", ["deployment", "schedule", "simulation", "comparison"])
def test_a_digest_says_that_it_is_one(kind: str, results: dict[str, Displayed]) -> None:
    """A printed digest does not pretend to be a whole result: the cure names `save`."""
    with pytest.raises(so.InputError, match=r"digest.*save"):
        KINDS[kind].from_dict(results[kind].to_dict())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("text", ["", "{", "[]", "3", "null", "{}", '{"exact": {"is": "os"}}', "[" * 100_000])
def test_files_of_something_else_are_input_errors(kind: str, text: str, tmp_path: Path) -> None:
    """Any other file is refused with its name and a cure, never with a traceback."""
    (tmp_path / "x.json").write_text(text, encoding="utf-8")
    with pytest.raises(so.InputError) as caught:
        KINDS[kind].load(tmp_path / "x.json")
    for problem in caught.value.problems:
        assert problem.file.endswith("x.json")
        assert problem.found
        assert problem.cure
    with pytest.raises(so.InputError, match="no such file"):
        KINDS[kind].load(tmp_path / "absent.json")


def _damages(document: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The place of everything in a document."""
    entries: list[tuple[Any, Any]] = []
    if isinstance(document, dict):
        entries = list(document.items())
    elif isinstance(document, list):
        entries = list(enumerate(document[:3]))
    return [place for key, value in entries for place in [(*path, key), *_damages(value, (*path, key))]]


@pytest.mark.parametrize("kind", ["plan", "explanation", "policy", "deployment", "schedule", "simulation"])
@pytest.mark.parametrize("damage", [lambda value: "x", lambda value: None, lambda value: [[]], lambda value: -1])
def test_damage_is_an_input_error_or_harmless(
    kind: str, damage: Callable[[Any], Any], results: dict[str, Displayed], tmp_path: Path
) -> None:
    """Wherever a file is damaged it is refused, or read and shown."""
    results[kind].save(tmp_path / "k.json")
    whole = json.loads((tmp_path / "k.json").read_text(encoding="utf-8"))
    for *parents, last in _damages(whole)[::7]:
        copy = json.loads(json.dumps(whole))
        table = copy
        for key in parents:
            table = table[key]
        table[last] = damage(table[last])
        with contextlib.suppress(so.InputError):
            assert str(KINDS[kind].from_dict(copy))


def test_numbers_that_json_does_not_know_are_kept() -> None:
    """Infinities and NaN survive strict JSON."""
    kept = {1: float("inf"), 2: float("-inf"), "x": (1.5, None, True, "y")}
    assert decode(strict(encode(kept))) == kept
    nan = decode(strict(encode(float("nan"))))
    assert nan != nan
