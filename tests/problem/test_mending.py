"""All that is wrong with an instance in one round: in the document, in the tables, and in what does not go together."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from oracles.writing import write
from support.helpers import load, two_tiers

import serflow_opt as so

Fault = tuple[Callable[[dict[str, Any]], Any], str]


def put(*keys: Any, value: Any) -> Callable[[dict[str, Any]], Any]:
    """Something that sets a value deep in a document."""

    def change(document: dict[str, Any]) -> None:
        *parents, last = keys
        table: Any = document
        for key in parents:
            table = table.setdefault(key, {}) if isinstance(table, dict) else table[key]
        table[last] = value

    return change


FAULTS: dict[str, Fault] = {
    "unknown key": (put("workload", "rate_per_seconds", value=1.0), "workload.rate_per_seconds"),
    "below 0": (put("workload", "latency_slo_ms", value=-1.0), "workload.latency_slo_ms"),
    "text": (put("network", "input_bytes", value="many"), "network.input_bytes"),
    "word": (put("objective", "minimize", value="speed"), "objective.minimize"),
    "tier key": (put("tier", 1, "cold_share", value=2.0), "tier[2].cold_share"),
    "option key": (put("tier", 0, "option", 0, "flops_per_s", value=-2.0), "tier[1].option[1].flops_per_s"),
    "link": (put("link", 0, "bandwidth_mbit_s", value=0.0), "link[1].bandwidth_mbit_s"),
    "stages": (put("tables", "stages.csv", 1, "flops", value=-5), "line 3, column flops"),
    "exits": (put("tables", "exits.csv", 0, "accuracy", value=7), "line 2, column accuracy"),
    "measure": (put("workload", "tail", value="any"), "workload.tail"),
    "source": (put("workload", "source", value="moon"), "workload.source"),
    "kind": (put("tier", 0, "memory_mb", value=[512]), "memory_mb"),
    "name": (put("tier", 0, "options", value=["c6i.larg"]), "options"),
}
"""Each with a word of the place where it is told. `name` and `kind` are of the first tier, so is `option key`."""


def told(names: tuple[str, ...], folder: Path) -> list[so.Problem]:
    document = deepcopy(two_tiers())
    document["tier"][0]["flops_per_s_per_vcpu"] = 2e10
    for name in names:
        FAULTS[name][0](document)
    with pytest.raises(so.InputError) as caught:
        so.load(write(document, folder))
    return list(caught.value.problems)


def test_each_alone_is_told_once(tmp_path: Path) -> None:
    """Each fault by itself makes one problem, at its place."""
    for name, (_, place) in FAULTS.items():
        (problem,) = told((name,), tmp_path / name)
        assert place in problem.place, name


@pytest.mark.parametrize("pair", list(itertools.combinations(FAULTS, 2)), ids="-".join)
def test_two_are_told_together_and_nothing_else(pair: tuple[str, str], tmp_path: Path) -> None:
    """Two faults are both told, and neither breeds a third."""
    if set(pair) <= {"option key", "kind", "name", "link"} and "link" not in pair:
        pytest.skip("of one tier, the one hides the other")
    problems = told(pair, tmp_path)
    for name in pair:
        assert any(FAULTS[name][1] in problem.place for problem in problems), (name, problems)
    assert len(problems) == 2, problems


@pytest.mark.parametrize("seed", range(10))
def test_many_are_told_in_one_round(seed: int, tmp_path: Path) -> None:
    """Six faults at once are mended after one reading."""
    names = tuple(random.Random(seed).sample([name for name in FAULTS if name not in ("kind", "name")], 6))
    problems = told(names, tmp_path)
    for name in names:
        assert any(FAULTS[name][1] in problem.place for problem in problems), (name, problems)
    assert len(problems) == 6, problems


STEPS = [{"up_to_gb": 50.0, "usd_per_gb": 0.2}, {"up_to_gb": 5.0, "usd_per_gb": 0.1}, {"usd_per_gb": 0.05}]


@pytest.mark.parametrize(
    ("tariff", "places"),
    [
        ({"fre_gb": 1.0, "other_gb_per_month": -1.0, "tiers": STEPS}, ["other_gb_per_month", "fre_gb", "out"]),
        ({"tiers": [*STEPS[:2], {"usd_per_g": 0.05}]}, ["usd_per_gb", "usd_per_g", "out"]),
        ({"free_gb": -1, "price": "aws-intrnet"}, ["free_gb", "out"]),
        ({"tiers": [{"up_to_gb": "x", "usd_per_gb": 1.0}]}, ["up_to_gb"]),
        ({"tiers": [7]}, ["tiers[1]"]),
        ({"price": 7}, ["price"]),
    ],
)
def test_what_else_is_wrong_with_a_tariff_is_told(
    tariff: Mapping[str, Any], places: Sequence[str], tmp_path: Path
) -> None:
    """Keys that are wrong do not hide tiers out of order, and that a tariff is left out is no fault of its link."""
    document = two_tiers()
    document["egress"] = [{"name": "out", **tariff}]
    document["workload"]["rate_per_s"] = 1.0
    for link in document["link"]:
        link["egress"] = "out"
    with pytest.raises(so.InputError) as raised:
        load(document, tmp_path)
    told = [problem.place for problem in raised.value.problems]
    assert len(told) == len(places)
    assert all(name in place for name, place in zip(places, told, strict=True)), told


def test_tariffs_of_faulty_links_are_read(tmp_path: Path) -> None:
    """That the link is wrong is told, and that the tiers are out of order, but not that no link names them."""
    document = two_tiers()
    document["egress"] = [{"name": "out", "tiers": STEPS}]
    document["link"] = [{**link, "egress": "out", "bandwidth_mbit_s": -5.0} for link in document["link"]]
    with pytest.raises(so.InputError) as raised:
        load(document, tmp_path)
    places = [problem.place for problem in raised.value.problems]
    assert places[-1] == 'egress "out"'
    assert [place.split(".")[-1] for place in places[:-1]] == ["bandwidth_mbit_s"] * len(document["link"])


def test_documents_of_which_little_is_left_are_told_too(tmp_path: Path) -> None:
    """A document with almost nothing in it is bad input, not a crash."""
    for number, text in enumerate(
        ("", "tier = 3", "network = 1\ntier = []", '[[tier]]\nname = 3\n[[link]]\nfrom = "x"')
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "instance.toml").write_text(text, encoding="utf-8")
        with pytest.raises(so.InputError):
            so.load(folder)
