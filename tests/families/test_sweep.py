"""Every combination of values, each solved: keys, places in files, and what is said of wrong ones."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from support.helpers import run

from serflow_opt.errors import InputError
from serflow_opt.families.sweep import SweptValues, document_with, read_values, sweep
from serflow_opt.problem.loader import shipped_folder


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("accuracy_min=0.8,0.9", ("accuracy_min", [0.8, 0.9])),
        ("workload.rate_per_s=1..3:5", ("workload.rate_per_s", [1, 1.5, 2, 2.5, 3])),
        ("a.b=1..9:3,20", ("a.b", [1, 5, 9, 20])),
        ("minimize=cost,latency", ("minimize", ["cost", "latency"])),
        ("a.b=true", ("a.b", [True])),
        ('a.b="0.5"', ("a.b", ["0.5"])),
    ],
)
def test_values_are_read_as_toml_has_them(text: str, expected: tuple[str, list[Any]]) -> None:
    """Numbers are numbers, what is no TOML is a word, and a span has both its ends."""
    assert read_values(text) == expected


@pytest.mark.parametrize("text", ["a", "=1", "a=", "a=1,,2", "a=1..2:1"])
def test_what_is_no_list_of_values_is_refused(text: str) -> None:
    """Half a key or half a list is an error, not one value less."""
    with pytest.raises(InputError, match="--set"):
        read_values(text)


def test_a_key_names_one_place_of_the_file() -> None:
    """Tables among several are named, or counted from 1; the parsed file itself stays as it is."""
    document = {"workload": {"rate": 1}, "tier": [{"name": "a", "x": 1}, {"name": "b", "x": 1}]}
    assert document_with(document, "tier.b.x", 2)["tier"] == [{"name": "a", "x": 1}, {"name": "b", "x": 2}]
    assert document_with(document, "tier.1.x", 2)["tier"][0]["x"] == 2
    assert document_with(document, "workload.new", 3)["workload"] == {"rate": 1, "new": 3}
    assert document["tier"][1]["x"] == 1
    for key, words in (
        ("tier.c.x", "no tier 'c'; known: a, b, 1, 2"),
        ("tear.a.x", "no table 'tear'; did you mean tier"),
        ("tier.x", "names one of several tables"),
        ("workload.rate.x", "no table 'rate'"),
    ):
        with pytest.raises(InputError, match=words):
            document_with(document, key, 0)


def test_all_combinations_are_solved() -> None:
    """LIBRA's break-even rate is 3.2546/s: below it the function is cheaper, above it the machine."""
    found = sweep("libra", {"workload.rate_per_s": [3.2, 3.3], "latency_slo_ms": [2000, 1]}, gap=0)
    keys = [(row["workload.rate_per_s"], row["latency_slo_ms"], row["status"]) for row in found.rows]
    assert keys == [(3.2, 2000, "optimal"), (3.2, 1, "infeasible"), (3.3, 2000, "optimal"), (3.3, 1, "infeasible")]
    assert ["lambda" in str(row["runs_on"]) for row in found.rows[::2]] == [True, False]
    again = SweptValues.from_dict(found.to_dict())
    assert again.to_dict() == found.to_dict()
    assert list(found.to_frame()["latency_slo_ms"]) == [2000, 1, 2000, 1]


def test_faults_are_told_with_their_combination() -> None:
    """All wrong values are named at once; nothing is solved."""
    with pytest.raises(InputError) as caught:
        sweep("libra", {"workload.rate_per_s": [-1, 2, "many"]})
    text = str(caught.value)
    assert "with workload.rate_per_s = -1" in text
    assert "with workload.rate_per_s = many" in text
    with pytest.raises(InputError, match="0 combinations"):
        sweep("libra", {})


def test_each_scenario_of_a_file_is_a_row(tmp_path: Path) -> None:
    """The file as it is comes first; `--scenario` of other commands asks for one of them."""
    folder = shutil.copytree(shipped_folder() / "libra", tmp_path / "libra")
    with (folder / "instance.toml").open("a", encoding="utf-8") as file:
        file.write("\n[scenario.busy]\nworkload.rate_per_s = 100.0\n")
    found = sweep(folder, {}, scenarios=True)
    assert [row["scenario"] for row in found.rows] == ["-", "busy"]
    asked = run("solve", folder, "--scenario", "busy", "--json").document
    assert asked["limits"]["rate_per_s"] == 100.0
    assert found.rows[1]["value"] == asked["objective"]["value"]
    assert run("solve", folder, "--scenario", "busi").code == 2
