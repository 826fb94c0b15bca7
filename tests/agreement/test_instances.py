"""The shipped instances: known optima, the published figures they are made of, and that their tables can be rebuilt."""

from __future__ import annotations

import csv
import itertools
import json
import math
import os
import runpy
import shutil
import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from oracles.brute_force import enumerate_optimum
from support.helpers import run, validator

import serflow_opt as so
from serflow_opt.families.registry import family_of
from serflow_opt.plan.document import Plan
from serflow_opt.problem.loader import shipped_folder

NAMES = so.shipped()
DOCUMENTS = sorted(str(p.relative_to(shipped_folder())) for p in shipped_folder().glob("*/*.toml"))
KNOWN = json.loads((Path(__file__).parents[1] / "known_optima.json").read_text(encoding="utf-8"))
RAW = os.environ.get("SERFLOW_OPT_RAW_DATA")
"""Folder with the raw measurements behind the tables, under the names given in `NEEDS`; they may not be shipped."""
MEASURED = {name for name in NAMES if "[profile]" in (shipped_folder() / name / "instance.toml").read_text("utf-8")}
"""Those that `serflow-opt profile` wrote; profiling/test_shipped.py counts them again."""
NEEDS = {
    "a100-slices": "parvagpu_a100_mig.csv",
    "alexnet-cifar10": "results_ee_alexnet_for_ucb_3.csv",
    "bert12-sst2": "df.csv",
    "branchynet-alexnet": "experiment_alex_cifar10.ipynb",
    "branchynet-lenet": "experiment_lenet_mnist.ipynb",
    "diffusion-cascade": "diffserve_confidences.csv",
    "resnet50-cluster": "infless_profiles.csv",
    "resnet50-lambda": "perf-cost/result.csv",
    "spot-v100": "aws_gcp_runs.csv",
    "twitter-commitments": "twitter_per_minute.csv",
    "vgg16-cifar10-hybrid": "perf-cost",
    "vgg16-phones": "phones_ai_benchmark.csv",
}


CAUTIONED = {
    "bert12-sst2-carbon/hours.toml": "priced more than a year ago",
    "vgg16-phones/instance.toml": "the same rounds are taken for federated, split, hybrid",
}
"""Documents with old prices, or numbers that stand for others, which their READMEs say, too."""


@cache
def solved(name: str) -> Plan:
    return so.solve(so.load(shipped_folder() / name))


def decision_of(name: str) -> Any:
    """What is decided at the optimum."""
    problem = so.load(shipped_folder() / name)
    document = solved(name).plan
    said = document if isinstance(document, dict) else document.model_dump(mode="json")
    return family_of(problem).decision_of(problem, said)


def rows(path: str) -> list[dict[str, str]]:
    with (shipped_folder() / path).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def numbers(path: Path) -> list[dict[str, Any]]:
    """A table with its numbers read."""

    def cell(text: str) -> Any:
        try:
            return float(text) if "." in text or "e" in text else int(text)
        except ValueError:
            return text

    return [{key: cell(text) for key, text in row.items()} for row in rows(str(path.relative_to(shipped_folder())))]


def test_every_instance_has_a_known_optimum() -> None:
    """No instance is shipped without a value to hold its answer against."""
    assert sorted(name for name in KNOWN if not name.endswith(".toml")) == NAMES


@pytest.mark.parametrize("document", DOCUMENTS)
def test_documents_are_valid(document: str) -> None:
    """Shipped documents pass the loader and the published schema, with warnings only where their README warns."""
    ran = run("validate", shipped_folder() / document)
    assert ran.code == 0
    assert CAUTIONED.get(document, "") in ran.stderr
    assert ran.stderr.count("warning") == (document in CAUTIONED)
    with (shipped_folder() / document).open("rb") as file:
        said = tomllib.load(file)
    validator(said.get("kind", "instance")).validate(said)


def test_the_instance_schema_refuses_what_the_loader_refuses() -> None:
    """Editors that check by the schema refuse what loading would."""
    with (shipped_folder() / "bert12-sst2" / "instance.toml").open("rb") as file:
        document = tomllib.load(file)
    check = validator("instance")
    for table, key, value in (
        ("workload", "accuracy_min", 2.0),
        ("workload", "latency_measure", "p101"),
        ("workload", "colour", "red"),
        ("objective", "accounting", "rented"),
        ("network", "input_bytes", "big"),
    ):
        assert not check.is_valid(document | {table: document[table] | {key: value}}), (table, key)
    assert not check.is_valid({key: value for key, value in document.items() if key != "tier"})


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_the_optimum_is_the_known_one(name: str) -> None:
    """Each shipped instance is solved to the value known from elsewhere, and its plan breaks no limit."""
    plan, known = solved(name), KNOWN[name]
    assert plan.status == "optimal"
    assert plan.objective.unit == known["unit"]
    assert plan.objective.value == pytest.approx(known["value"], rel=1e-6)
    valued = so.evaluate(so.load(shipped_folder() / name), decision_of(name))
    assert list(valued.breaches) == []


@pytest.mark.parametrize(
    "document",
    ["alexnet-cifar10/instance.toml", "branchynet-alexnet/notebook.toml"]
    + [f"branchynet-{name}/instance.toml" for name in ("lenet", "alexnet", "resnet110")],
)
def test_the_optimum_by_enumeration(document: str) -> None:
    """Where every option is written out in the instance, the oracle reads it as it is."""
    path = shipped_folder() / document
    content: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    files = [content["network"]["stages"], content["exits"]["table"]]
    files += [tier["stage_times"] for tier in content["tier"] if "stage_times" in tier]
    content["tables"] = {file: numbers(path.parent / file) for file in files}
    optimum = enumerate_optimum(content)
    assert optimum is not None
    plan = so.solve(so.load(path))
    assert plan.objective.value == pytest.approx(optimum.objective, rel=1e-7)
    if path.name == "instance.toml":
        assert optimum.objective == pytest.approx(KNOWN[path.parent.name]["value"], rel=1e-6)


@pytest.mark.parametrize("name", ["vgg16-cifar10", "resnet50", "mobilenet-v3-large", "bert-base"])
def test_measured_networks_by_enumeration(name: str) -> None:
    """Every way to cut the chain between the measured machine, a VM and a function, one option each; no exits."""
    folder = shipped_folder() / name
    document = tomllib.loads((folder / "instance.toml").read_text(encoding="utf-8"))
    stages = [(float(row["flops"]), float(row["activation_bytes"])) for row in rows(f"{name}/stages.csv")]
    options: dict[str, list[list[float]]] = {"here": []}
    for option in ("1-thread", "2-threads"):
        times = [float(row["mean_ms"]) for row in rows(f"{name}/times.csv") if row["option"] == option]
        options["here"].append(times)
    vcpus = {"vm": (2, 4), "function": (1, 2, 3)}  # c6i.large, c6i.xlarge; 1769, 3538, 5307 MB
    for tier in document["tier"][1:]:
        p, speed = tier["parallel_fraction"], tier["flops_per_s_per_vcpu"]
        options[tier["name"]] = [[f / speed * (1 - p + p / v) * 1000 for f, _ in stages] for v in vcpus[tier["name"]]]
    links = {(link["from"], link["to"]): link for link in document["link"]}
    cold_ms = document["tier"][2]["cold_start_ms"] * document["tier"][2]["cold_share"]
    best = math.inf
    count = len(stages)
    for a, b in itertools.combinations_with_replacement(range(count + 1), 2):
        parts = [("here", 0, a), ("vm", a, b), ("function", b, count)]
        total, at = 0.0, "here"
        for tier, begin, end in parts:
            if begin == end:
                continue
            if tier != at:
                size = document["network"]["input_bytes"] if begin == 0 else stages[begin - 1][1]
                link = links[at, tier]
                total += size * 8 / (link["bandwidth_mbit_s"] * 1000) + link["round_trip_ms"]
                at = tier
            total += min(sum(times[begin:end]) for times in options[tier]) + cold_ms * (tier == "function")
        best = min(best, total)
    assert solved(name).objective.value == pytest.approx(best, rel=1e-9)


def test_what_the_readmes_say_of_the_optima() -> None:
    """Machines and thresholds that READMEs name are those of the optimum."""

    def used(name: str) -> list[str]:
        return [place.option for place in solved(name).placement]

    assert used("resnet50-lambda") == ["lambda-2048MB"]
    assert used("alexnet-cifar10") == ["raspberry-pi-4b"] * 2 + ["jetson-tx2-nx"] * 4
    assert solved("alexnet-cifar10").thresholds[0].threshold == pytest.approx(0.772849)
    for name in ("bert12-sst2", "vgg16-cifar10-hybrid"):
        assert {place.tier for place in solved(name).placement} == {"vm", "function"}
    faster = so.load("resnet50-lambda").with_limits(latency_slo_ms=400)
    assert so.solve(faster).placement[0].option == "lambda-3008MB"
    free = so.load("resnet50-lambda").with_limits(latency_slo_ms=None)
    assert so.solve(free).placement[0].option == "lambda-2048MB"


# --- BranchyNet, Table I ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "shares", "milliseconds", "baseline", "speed_up", "accuracy"),
    [  # shares in %, printed times in ms, the network without branches, printed speed-up, accuracy in %
        ("branchynet-lenet", (94.3, 5.63), 0.62, 3.37, 5.4, 99.25),
        ("branchynet-alexnet", (65.6, 25.2, 9.2), 6.32, 9.56, 1.5, 79.19),
        ("branchynet-resnet110", (41.5, 13.8, 44.7), 73.5, 137.2, 1.9, 79.17),
    ],
)
def test_branchynet_table_1(
    name: str, shares: tuple[float, ...], milliseconds: float, baseline: float, speed_up: float, accuracy: float
) -> None:
    """The thresholds of BranchyNet's Table I give its printed shares, times, speed-ups and accuracies."""
    ran = run("evaluate", name, shipped_folder() / name / "table1-plan.json", "--json")
    assert ran.code == 0, ran.stderr
    metrics = ran.document["metrics"]
    # to the digits printed; 94.3 stands beside 5.63, so it is 94.37 cut off
    for found, printed in zip(metrics["exit_share"], shares, strict=True):
        assert 100 * found == pytest.approx(printed, abs=0.08 if printed == 94.3 else 0.006)
    assert metrics["latency_mean_ms"] == pytest.approx(milliseconds, rel=1e-5)
    assert round(baseline / metrics["latency_mean_ms"], 1) == speed_up
    assert 100 * metrics["accuracy"] == pytest.approx(accuracy, abs=0.006)


def test_the_table_1_plan_is_found_beside_its_instance(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan shipped beside an instance is found by its name from any folder."""
    monkeypatch.chdir(tmp_path)
    assert run("evaluate", "branchynet-lenet", "table1-plan.json").code == 0


# --- VGG16 on 32 x 32 ---------------------------------------------------------------------------------------


def test_vgg16_sizes_and_operations() -> None:
    """Published: KiB in fp32 and 2 x MAC in MFLOP of the 13 convolutions, pooling merged into the one before it."""
    kib = [256, 64, 128, 32, 64, 64, 16, 32, 32, 8, 8, 8, 2]
    mflop = [3.5, 75.5, 37.7, 75.5, 37.7, 75.5, 75.5, 37.7, 75.5, 75.5, 18.9, 18.9, 18.9]
    stages = rows("vgg16-cifar10-hybrid/stages.csv")
    assert [int(row["activation_bytes"]) / 1024 for row in stages[:13]] == kib
    assert [round(int(row["flops"]) / 1e6, 1) for row in stages[:13]] == mflop
    for one, batch in zip(stages, rows("vgg16-cifar10-hybrid/stages-batch16.csv"), strict=True):
        assert int(batch["flops"]) == 16 * int(one["flops"])
        assert int(batch["activation_bytes"]) == 16 * int(one["activation_bytes"])
        assert batch["parameter_bytes"] == one["parameter_bytes"]


@pytest.mark.parametrize(
    ("document", "stages", "rate", "bound_s"),
    [("instance.toml", "stages-batch16.csv", 2.5, 0.29), ("single-image.toml", "stages.csv", 40.0, 0.019)],
)
def test_vgg16_by_enumeration(document: str, stages: str, rate: float, bound_s: float) -> None:
    """Every VM, function size and cut, rented at 80 % load; nothing but prices and the documented formulas."""
    table = rows(f"vgg16-cifar10-hybrid/{stages}")
    flops = [float(row["flops"]) for row in table]
    sent = [float(row["activation_bytes"]) for row in table]
    memory = [float(row["parameter_bytes"]) for row in table]

    def seconds(vcpus: float, operations: list[float]) -> float:
        return sum(operations) * ((1 - 0.944) + 0.944 / vcpus) / 1.68e10

    best = math.inf
    for (vcpus, rent), size, cut in itertools.product(
        [(2, 0.085), (4, 0.17)], [1769, 3538, 5307, 7076, 8845, 10240], range(15)
    ):
        vm, function = seconds(vcpus, flops[:cut]), seconds(size / 1769, flops[cut:])
        wait = sent[cut - 1] * 8 / 500e6 + 0.002 if 0 < cut < 14 else 0.0
        if vm + wait + function > bound_s or sum(memory) > size * 2**20:
            continue
        machines = math.ceil(rate * (vm + wait) / 0.8 - 1e-9)
        cost = machines * rent / 3600 / rate
        if cut < 14:
            cost += 2e-7 + 0.0000166667 * size / 1024 * function
        best = min(best, cost)
    plan = so.solve(so.load(shipped_folder() / "vgg16-cifar10-hybrid" / document))
    assert plan.status == "optimal"
    assert plan.objective.value == pytest.approx(best, rel=1e-7)
    if document == "instance.toml":
        assert best == pytest.approx(KNOWN["vgg16-cifar10-hybrid"]["value"], rel=1e-6)


# --- where the tables come from -----------------------------------------------------------------------------


def derived(name: str, folder: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> dict[str, bytes]:
    """Run a copy of derive.py in an empty folder and return the files it wrote."""
    script = shutil.copy(shipped_folder() / name / "derive.py", folder)
    monkeypatch.setattr(sys, "argv", [str(script), *arguments])
    runpy.run_path(str(script), run_name="__main__")
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix in (".csv", ".json")}


def committed(name: str) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in (shipped_folder() / name).iterdir() if p.suffix in (".csv", ".json")}


@pytest.mark.parametrize("name", sorted({*NAMES} - MEASURED))
def test_tables_that_need_no_raw_data_are_derived_again(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scripts beside the tables make these tables, byte by byte."""
    written = derived(name, tmp_path, monkeypatch)
    shipped_files = committed(name)
    assert written or name in NEEDS
    for file, content in written.items():
        assert content == shipped_files[file], file
    if name not in NEEDS:
        assert set(written) == set(shipped_files)


@pytest.mark.parametrize("name", sorted(NEEDS))
def test_all_tables_are_derived_again_from_raw_data(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the raw measurements the scripts make every shipped table again."""
    raw = Path(RAW or "absent") / NEEDS[name]
    if not raw.exists():
        pytest.skip(f"needs {NEEDS[name]} in the folder that SERFLOW_OPT_RAW_DATA names; it may not be shipped")
    written = derived(name, tmp_path, monkeypatch, "--data", str(raw))
    assert written == committed(name)


@pytest.mark.parametrize("name", NAMES)
def test_every_folder_says_where_its_numbers_come_from(name: str) -> None:
    """No number is shipped without saying where it comes from."""
    text = (shipped_folder() / name / "README.md").read_text(encoding="utf-8")
    assert "## Where each number comes from" in text
    assert (f"serflow-opt profile {name}" if name in MEASURED else "derive.py") in text
