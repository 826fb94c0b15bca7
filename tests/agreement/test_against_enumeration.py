"""A few draws of `oracles.enumeration_draws` by both methods; `oracles/compare_enumeration.py` takes thousands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from oracles.compare_enumeration import Method, compare, judge
from oracles.enumeration import best
from oracles.enumeration_draws import Draw, draw
from oracles.enumeration_questions import emitting, late, rented
from oracles.enumeration_reading import read


@pytest.mark.parametrize("method", ["auto", "milp"])
@pytest.mark.parametrize("seed", range(24))
def test_the_best_of_all_decisions_is_found(tmp_path: Path, seed: int, method: Method) -> None:
    """Status, value and every figure of the plan are those of the enumeration."""
    outcome = compare(draw(seed, tmp_path), method)
    assert outcome.verdict == "agreed", outcome.words


@pytest.mark.parametrize(
    ("seed", "method"), [(s, "evaluate") for s in range(40, 64)] + [(s, "front") for s in range(12)]
)
def test_decisions_are_valued_and_fronts_found_as_enumerated(tmp_path: Path, seed: int, method: Method) -> None:
    """Any decision has the figures of the enumeration; fronts miss no plan and keep no beaten one."""
    outcome = compare(draw(seed, tmp_path), method)
    assert outcome.verdict == "agreed", outcome.words


@pytest.mark.parametrize("method", ["auto", "milp"])
@pytest.mark.parametrize(("seed", "change"), [(2000878, None), (1000263, late), (500266, rented)])
def test_numbers_of_any_size(tmp_path: Path, seed: int, change: Callable[[Draw], bool] | None, method: Method) -> None:
    """Neither 1e9 USD a request hides what 1e-5 USD are, nor 1e9 ms minutes; thousands of free machines are no work."""
    path = draw(seed, tmp_path, without=("tail",) if change else (), change=change)
    outcome = compare(path, method)
    assert outcome.verdict == "agreed", outcome.words


@pytest.mark.parametrize("method", ["auto", "milp", "evaluate"])
@pytest.mark.parametrize("seed", [1, 67, 76, 169])
def test_machines_that_are_counted(tmp_path: Path, seed: int, method: Method) -> None:
    """No more machines of a type are rented than there are; 76 has no plan."""
    path = draw(seed, tmp_path, change=rented)
    doc = replace(read(path), counted=True)
    right = best(doc)
    assert not all(worth.machines for worth in right.worths), "some decisions rent too many"
    outcome = judge(path, doc, right, method)
    assert outcome.verdict == "agreed", outcome.words


@pytest.mark.parametrize("method", ["auto", "milp", "evaluate", "front"])
@pytest.mark.parametrize("seed", range(6))
def test_carbon(tmp_path: Path, seed: int, method: Method) -> None:
    """Carbon is valued, minimised and limited as enumerated, by use and with machines rented whole."""
    outcome = compare(draw(seed, tmp_path, change=emitting), method)
    assert outcome.verdict == "agreed", outcome.words


def written(folder: Path, exits: str, question: str) -> Path:
    """Two stages of 1e9 and 3e9 operations on a VM of 1e10/s at 3.6 USD/h and a function of 2e10/s."""
    (folder / "stages.csv").write_text(
        "stage,flops,activation_bytes,parameter_bytes\n1,1e9,1000000,0\n2,3e9,0,0\n", encoding="utf-8"
    )
    (folder / "exits.csv").write_text(f"stage,threshold,exit_rate,accuracy\n{exits}2,0,1,0.9\n", encoding="utf-8")
    path = folder / "instance.toml"
    path.write_text(
        f"""schema = 1
name = "by hand"
[network]
stages = "stages.csv"
input_bytes = 0
[exits]
table = "exits.csv"
[[tier]]
name = "vm"
kind = "vm"
[[tier.option]]
name = "v"
flops_per_s = 1e10
usd_per_hour = 3.6
[[tier]]
name = "fn"
kind = "function"
cold_start_ms = 500.0
cold_share = 0.1
[[tier.option]]
name = "f"
flops_per_s = 2e10
memory_mb = 1024
usd_per_gb_s = 0.0001
usd_per_request = 0.00001
[[link]]
from = "vm"
to = "fn"
bandwidth_mbit_s = 80.0
{question}""",
        encoding="utf-8",
    )
    return path


@pytest.mark.parametrize(
    ("exits", "question", "value"),
    [
        # the function alone: 1e-5 + 1e-4 x (0.1 x 0.5 + 0.05 + 0.5 x 0.15) = 2.75e-5 USD
        ("1,0.5,0.5,0.8\n", '[workload]\n[objective]\nminimize = "cost"\n', 2.75e-5),
        # the VM alone: 100 + 300 ms; the function alone would take 50 + 150 + 500, both 100 + 100 + 150 + 500
        ("1,0.5,0.5,0.8\n", '[workload]\n[objective]\nminimize = "latency"\n', 400.0),
        # the function alone: 50 + 0.1 x 500 + 0.5 x 150 = 175; the VM alone 100 + 0.5 x 300 = 250
        ("1,0.5,0.5,0.8\n", '[workload]\nlatency_measure = "mean"\n[objective]\nminimize = "latency"\n', 175.0),
        # a tenth meets the cold start, so 90 % are through after 200 ms: half after 50, as much as 0.45 more after 200
        ("1,0.5,0.5,0.8\n", '[workload]\nlatency_measure = "p90"\n[objective]\nminimize = "latency"\n', 200.0),
        # everybody leaves after stage 1 on the VM: nobody runs stage 2
        ("1,0.5,1,0.8\n", '[workload]\n[objective]\nminimize = "latency"\n', 100.0),
        # ... but then 0.85 are not right, so half must go on or all: 0.5 x 0.8 + 0.5 x 0.9 = 0.85
        (
            "1,0.5,1,0.8\n1,0.6,0.5,0.8\n",
            '[workload]\naccuracy_min = 0.85\n[objective]\nminimize = "latency"\n',
            400.0,
        ),
        # ten requests a second keep a VM 1 + 0.5 x 3 = 2.5 seconds busy each second: 4 VMs at 0.8 for 4 x 0.001 USD/s
        (
            "1,0.5,0.5,0.8\n",
            '[workload]\nrate_per_s = 10\nlatency_slo_ms = 400\n[objective]\naccounting = "reserved"\n',
            4e-4,
        ),
        ("1,0.5,0.5,0.8\n", "[workload]\nlatency_slo_ms = 399\n[objective]\n", None),
    ],
)
def test_the_enumeration_finds_what_was_worked_out_by_hand(
    tmp_path: Path, exits: str, question: str, value: float | None
) -> None:
    """Arithmetic alone; the package has no part in it."""
    found = best(read(written(tmp_path, exits, question)))
    assert found.value == (None if value is None else pytest.approx(value, rel=1e-12))
