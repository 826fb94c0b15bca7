"""The committed exit tables are what the raw samples give with the settings their READMEs state."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from support.raw_data import DATA

from serflow_opt.problem.exits import derive_menus
from serflow_opt.problem.loader import shipped_folder
from serflow_opt.problem.network import Samples


def derived(raw: Path, exits: list[int], stages: list[int], levels: int, earlier: float) -> list[list[float]]:
    """The rows of an exit table, rounded as the derive scripts round."""
    if not raw.exists():
        pytest.skip(f"raw samples {raw.name} are not here (set SERFLOW_OPT_DATA)")
    with raw.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    confidence = np.array([[float(row[f"conf_exit{k}"]) for k in exits] for row in rows])
    correct = np.array([[row[f"correct_exit{k}"] == "1" for k in exits] for row in rows])
    samples = Samples(confidence, correct, tuple(stages), np.zeros(len(rows), dtype=bool))
    table: list[list[float]] = []
    for stage, menu in enumerate(derive_menus(samples, stages[-1], levels, earlier), start=1):
        for row in zip(menu.thresholds, menu.exit_rates, menu.accuracies, strict=bool(menu.thresholds)):
            table.append([stage, *(round(value, 6) for value in row)])
    return table


def committed(instance: str) -> list[list[float]]:
    with (shipped_folder() / instance / "exits.csv").open(newline="", encoding="utf-8") as file:
        return [[float(cell) for cell in row] for row in list(csv.reader(file))[1:]]


def test_bert_exits() -> None:
    """The shipped BERT table can be made again from its samples, byte by byte."""
    raw = DATA / "exits" / "sst2_bert_12exits.csv"
    stages = list(range(2, 13))
    assert derived(raw, stages, stages, levels=10, earlier=0.7) == committed("bert12-sst2")


def test_alexnet_exits() -> None:
    """The shipped AlexNet table can be made again from its samples, byte by byte."""
    raw = DATA / "exits" / "cifar10_alexnet_2exits.csv"
    assert derived(raw, [1, 2], [1, 6], levels=20, earlier=0.8) == committed("alexnet-cifar10")
