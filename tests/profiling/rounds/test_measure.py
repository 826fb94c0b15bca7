"""Whole trainings among simulated clients: who is drawn, when they end, and the command."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest
from support.helpers import run

from serflow_opt.families.training.tables import read_rounds

pytest.importorskip("torch")

import torch
from support.rounds import CLIENTS, STEPS, after
from support.tiny_networks import clusters, learner, write_data, write_network

from serflow_opt.profiling.data.parts import Labelled, split
from serflow_opt.profiling.rounds.measure import STRAGGLERS, Federation, MeasuredTraining, measure_rounds, stragglers
from serflow_opt.profiling.rounds.table import phone_speeds, write_rounds
from serflow_opt.profiling.rounds.turns import RoundsSetting


def test_stragglers_are_never_drawn() -> None:
    """What they hold is no number: it would show."""
    slow = stragglers(Federation(clients=3, stragglers=0.34), phone_speeds(), seed=0)
    assert len(slow) == 1
    poisoned = [Labelled(own.inputs * (torch.nan if k in slow else 1), own.labels) for k, own in enumerate(CLIENTS)]
    found = after(RoundsSetting("federated", 3, 1, 2, left_out=slow), poisoned, rounds=4)
    assert all(bool(torch.isfinite(tensor).all()) for tensor in found.values())


def test_trainings_end_where_they_are_good_enough_and_the_table_has_means(tmp_path: Path) -> None:
    """Rounds end at the accuracy asked for, and the table has means over seeds by hand."""
    asked = Federation(clients=4, drawn=(2,), local_epochs=(1,), enough=0.5, most=6, seeds=(0, 1), steps=STEPS)
    network = learner()
    runs = list(measure_rounds(network, split(clusters(240)), asked, phone_speeds()))
    assert [(r.setting.mode, r.setting.compression, r.selection) for r in runs[:5]] == [
        ("federated", "none", "none"),
        ("split", "none", "none"),
        ("federated", "int8", "none"),
        ("federated", "tenth", "none"),
        ("federated", "none", STRAGGLERS),
    ]
    for own in runs:
        assert all(accuracy < 0.5 for accuracy in own.accuracy[:-1])
        assert own.accuracy[-1] >= 0.5 or len(own.accuracy) == 6
    assert [r.seed for r in runs] == [0] * 5 + [1] * 5
    assert list(measure_rounds(network, split(clusters(240)), replace(asked, seconds=0), phone_speeds())) == []
    again = list(measure_rounds(network, split(clusters(240)), asked, phone_speeds()))
    assert again == runs
    first, other = RoundsSetting("federated", 3, 1, 2), RoundsSetting("split", 1, 1, 2)
    by_hand = [
        MeasuredTraining(first, "none", 0, (0.15, 0.45, 0.72)),
        MeasuredTraining(first, "none", 1, (0.35, 0.5, 0.6, 0.7)),
        MeasuredTraining(other, "none", 0, (0.05, 0.25)),
        MeasuredTraining(other, "none", 1, (0.05, 0.08)),
    ]
    write_rounds(by_hand, tmp_path / "rounds.csv")
    faults: list[object] = []
    measured = read_rounds(tmp_path / "rounds.csv", faults)  # type: ignore[arg-type]
    assert not faults
    known = {(own.by["mode"], own.accuracy): own.rounds for own in measured}
    means = {0.1: 1, 0.2: 1.5, 0.3: 1.5, 0.4: 2, 0.5: 2.5, 0.6: 3, 0.7: 3.5}
    assert known == {(mode, at): mean for mode in ("federated", "hybrid") for at, mean in means.items()}
    spread = [row["rounds_sd"] for row in csv.DictReader((tmp_path / "rounds.csv").open())]
    assert float(spread[2]) == pytest.approx(0.5**0.5)  # of 1 and 2


def test_the_command_writes_rounds_and_says_what_does_not_fit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command writes tables that training instances read, and refuses settings that do not fit."""
    monkeypatch.chdir(tmp_path)
    write_network(tmp_path)
    write_data(tmp_path / "data.npz")
    quick = ("--threads", "1", "--repeats", "2", "--warmup", "0", "--device", "cpu", "--data", "data.npz")
    few = ("--clients", "5", "--clients-per-round", "2", "--local-epochs", "1", "--rounds-max", "2", "--seeds", "1")
    ran = run("profile", "net.py:Net", *quick, "--rounds", *few, "--until", "0.2", "--out", "mine")
    assert ran.code == 0, ran.stderr
    assert "without-stragglers, seed 0" in ran.stderr
    assert {own.by["mode"] for own in read_rounds(tmp_path / "mine" / "rounds.csv", [])} == {
        "federated",
        "hybrid",
        "split",
    }
    assert (tmp_path / "mine" / "updates.csv").read_text().splitlines()[1:] == [
        "none,1,1",
        "int8,1,0.25",
        "tenth,1,0.2",
    ]
    wrong = run("profile", "net.py:Net", *quick, "--rounds", "--clients", "4", "--until", "1.5", "--out", "other")
    assert wrong.code == 2
    for said in ("--clients-per-round", "5", "at most 3", "--until", "1.5"):
        assert said in wrong.stderr
    idle = run("profile", "net.py:Net", *quick, "--rounds-max", "3", "--out", "other")
    assert idle.code == 2
    assert "--rounds-max" in idle.stderr
