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
from serflow_opt.families.registry import get
from serflow_opt.problem.loader import find, read_toml

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
    problems = told(pair, tmp_path)
    for name in pair:
        assert any(FAULTS[name][1] in problem.place for problem in problems), (name, problems)
    assert len(problems) == 2, problems


@pytest.mark.parametrize("seed", range(10))
def test_many_are_told_in_one_round(seed: int, tmp_path: Path) -> None:
    """Six faults at once are mended after one reading."""
    names = tuple(random.Random(seed).sample(list(FAULTS), 6))
    problems = told(names, tmp_path)
    for name in names:
        assert any(FAULTS[name][1] in problem.place for problem in problems), (name, problems)
    assert len(problems) == 6, problems


@pytest.mark.parametrize(
    ("instance", "entry", "keys", "told"),
    [
        ("mobilenet-v3-edge-cloud", "tier.0", {"options": ["no-such"], "payload_max_bytes": -1, "keep_alive_s": 3.0},
         ["payload_max_bytes", "keep_alive_s", "flops_per_s_per_vcpu", "options"]),
        ("mobilenet-v3-edge-cloud", "tier.3", {"cold_share": 3.0, "workers": 2, "options": ["c6i.large"]},
         ["cold_share", "options", "workers"]),
        ("mobilenet-v3-edge-cloud", "tier.0.option.0", {"flops_per_s": "fast", "usd_per_gb_s": 1.0, "extra": 1},
         ["flops_per_s", "extra", "usd_per_gb_s"]),
        ("mobilenet-v3-edge-cloud", "link.0", {"from": "moon", "to": "mars", "round_trip_ms": -1.0},
         ["round_trip_ms", "link[1]", "link[1]"]),
        ("bert12-sst2-carbon", "tier.0", {"name": 3, "options": ["no-such"], "start_s": "soon"},
         ["name", "start_s", "options"]),
        ("vgg19-three-apps", "function.0", {"batch": ["all"], "times": "no.csv", "gb_per_vcpu_max": 0},
         ["batch[1]", "gb_per_vcpu_max", "no.csv"]),
        ("video-steps", "option.0", {"vm": "no-such", "memory_mb": "large", "extra": 1},
         ["memory_mb", "extra", "option[1]"]),
        ("resnet50-cluster", "model.0", {"slo_ms": -1, "profiles": "no.csv", "extra": 1},
         ["slo_ms", "extra", "no.csv"]),
        ("twitter-commitments", "plan.0", {"name": 3, "covers": ["moon"], "term": "ever"}, ["name", "covers", "term"]),
        ("higgs-lr", "platform.0", {"kind": "vmm", "channels": ["moon"], "extra": 1}, ["kind", "extra", "channels"]),
        ("higgs-lr", "limits", {"deadline_s": "soon", "budget_usd": "little", "extra": 1},
         ["deadline_s", "budget_usd", "extra"]),
        ("vgg16-pipeline", "worker.0", {"count": 10**7, "speed": 0, "extra": 1}, ["count", "speed", "extra"]),
        ("bert12-sst2-hours", "machine.0", {"watts": [9.0, 1.0], "pue": 0.5, "grid": "moon"}, ["pue", "grid", "watts"]),
        ("spot-v100", "offer.0", {"zone": "moon", "workers": 0, "extra": 1}, ["workers", "extra", "zone"]),
        ("criteo-workflow", "phase.1", {"after": ["moon"], "workers": "all", "updates": "no.csv"},
         ["workers", "after", "no.csv"]),
        ("digits-federated", "client.0", {"times": "no-such", "samples": 0, "extra": 1},
         ["samples", "extra", "client[1]"]),
    ],
)  # fmt: skip
def test_three_faults_of_one_entry_are_told(
    instance: str, entry: str, keys: Mapping[str, Any], told: Sequence[str]
) -> None:
    """In every family's files: what is wrong by itself, and behind it what does not go together, and nothing else."""
    path = find(instance)
    document = read_toml(path, [])
    assert document is not None
    table: Any = document
    for step in entry.split("."):
        table = table[int(step) if step.isdigit() else step]
    table.update(keys)
    problems: list[so.Problem] = []
    assert get(document.get("kind", "placement"), str(path)).resolve(document, path, (), problems) is None
    assert len(problems) == len(told), problems
    for own, name in zip(problems, told, strict=True):
        assert name in f"{own.file}: {own.place}", problems


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
