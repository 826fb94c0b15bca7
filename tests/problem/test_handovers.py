"""Ways to hand over: compressions times protections, by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from serflow_opt.errors import Problem
from serflow_opt.problem.compression_table import CompressionRow, write_compression
from serflow_opt.problem.handovers import read_ways
from serflow_opt.problem.network import PLAIN
from serflow_opt.problem.privacy_table import PrivacyRow, write_privacy
from serflow_opt.problem.schema import InstanceDocument

AS_IT_IS = CompressionRow(1, "none", None, 1.0, 0.0, 0.9, 0.3, 0, 0, 0.0, 0.0, 0.0, 0.0, 10)
SMALL = replace(AS_IT_IS, method="quantise-8", kept_fraction=0.25, accuracy=0.88, cross_entropy=0.35, encode_flops=7)
OPEN = PrivacyRow(1, "none", 0.0, None, None, 0.5, None, None, None, 0.3, None, 0.9, None, 0.0, 1)
NOISY = replace(OPEN, protection="laplace", scale=1.0, mse=1.5, cross_entropy=0.5, accuracy=0.8, added_flops=3.0)


def read(folder: Path, document: dict[str, object]) -> tuple[list[tuple[object, ...]], list[Problem]]:
    """The ways before stage 2 of two, and what is wrong."""
    base = {
        "schema": 1,
        "name": "n",
        "network": {"stages": "s.csv", "input_bytes": 1},
        "tier": [{"name": "vm", "kind": "vm"}],
    }
    problems: list[Problem] = []
    ways = read_ways(InstanceDocument.model_validate(base | document), folder, 2, "f.toml", problems)
    return [list(own) for own in ways], problems


def test_each_compression_with_each_protection_adds_up(tmp_path: Path) -> None:
    """Losses and operations add, the leak is 1 - 1.5 / 2 under noise, and the plain way comes first."""
    write_compression([SMALL, AS_IT_IS], tmp_path / "c.csv")
    write_privacy([NOISY, OPEN], tmp_path / "p.csv")
    (first, second), problems = read(
        tmp_path, {"adaptation": {"handovers": "c.csv"}, "privacy": {"table": "p.csv", "baseline_mse": 2.0}}
    )
    assert problems == []
    assert list(first) == [PLAIN]
    names = [(way.compression, way.protection) for way in second]
    assert names == [("none", "none"), ("none", "laplace"), ("quantise-8", "none"), ("quantise-8", "laplace")]
    both = second[-1]
    assert (both.kept, both.encode_flops) == (0.25, 10.0)
    assert both.accuracy_loss == pytest.approx(0.02 + 0.1)
    assert both.cross_entropy == pytest.approx(0.3 + 0.05 + 0.2)
    assert both.leak == pytest.approx(1 - 1.5 / 2.0)
    assert second[0].leak == pytest.approx(1 - 0.5 / 2.0)


def test_sizes_that_vary_are_not_measured_under_noise(tmp_path: Path) -> None:
    """What noise does to a compression whose result varies is not known, so the pair is not offered."""
    write_compression([AS_IT_IS, replace(SMALL, kept_sd=0.1)], tmp_path / "c.csv")
    write_privacy([OPEN, NOISY], tmp_path / "p.csv")
    (_, second), _ = read(
        tmp_path, {"adaptation": {"handovers": "c.csv"}, "privacy": {"table": "p.csv", "baseline_mse": 2.0}}
    )
    assert ("quantise-8", "laplace") not in [(way.compression, way.protection) for way in second]


def test_what_the_tables_lack_is_told(tmp_path: Path) -> None:
    """A row to compare with, a method that is there, and the error of an attacker who sees nothing."""
    write_compression([SMALL], tmp_path / "c.csv")
    write_privacy([OPEN], tmp_path / "p.csv")
    assert [own.place for own in read(tmp_path, {"adaptation": {"handovers": "c.csv"}})[1]] == ["column method"]
    wrong = read(tmp_path, {"adaptation": {"handovers": "c.csv", "methods": ["quantise-9"]}})[1]
    assert wrong[0].place == "adaptation.methods"
    assert [own.place for own in read(tmp_path, {"privacy": {"table": "p.csv"}})[1]] == ["privacy.baseline_mse"]
