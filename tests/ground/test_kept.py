"""Results as files: what is saved comes back, and damage is refused in words."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.kept_results import KINDS, strict

import serflow_opt as so
from serflow_opt.ground.display import Displayed
from serflow_opt.ground.kept import decode, encode
from serflow_opt.traffic.provision.result import Deployment
from serflow_opt.traffic.simulate.result import Simulation


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
