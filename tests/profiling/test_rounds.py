"""Training among simulated clients: shares, averaging, hand-overs and rounds, on networks that learn fast."""

from __future__ import annotations

import csv
import itertools
from pathlib import Path

import pytest

pytest.importorskip("torch")

import torch
from support.helpers import run
from support.tiny_networks import clusters, learner, weights, write_data, write_network

from serflow_opt.errors import InputError
from serflow_opt.families.training.tables import read_leaks, read_rounds
from serflow_opt.problem.privacy_table import PrivacyRow
from serflow_opt.profiling.data.parts import Labelled, split
from serflow_opt.profiling.rounds.measure import STRAGGLERS, Federation, MeasuredTraining, measure_rounds, stragglers
from serflow_opt.profiling.rounds.shares import shares
from serflow_opt.profiling.rounds.table import phone_speeds, write_leaks_by_cut, write_rounds
from serflow_opt.profiling.rounds.turns import LocalSteps, RoundsSetting, accuracies, turn
from serflow_opt.profiling.rounds.updates import WAYS

STEPS = LocalSteps(batch=10, learning_rate=0.05)
DATA = clusters(120)
CLIENTS = [DATA.rows(torch.arange(begin, end)) for begin, end in ((0, 20), (20, 50), (50, 120))]


def order() -> torch.Generator:
    """What draws the order of data."""
    return torch.Generator().manual_seed(5)


def after(setting: RoundsSetting, clients: list[Labelled], rounds: int = 1) -> dict[str, torch.Tensor]:
    """Weights after some rounds."""
    network = learner()
    list(itertools.islice(accuracies(network, setting, clients, DATA, steps=STEPS, seed=3), rounds))
    return weights(network)


def test_shares_part_the_data_and_are_the_more_alike_the_larger_the_concentration() -> None:
    """Clients part the data without loss, the more evenly the larger the concentration."""
    labels = torch.arange(3000) % 3
    spread = {}
    for concentration in (0.3, 1000.0):
        own = shares(labels, 10, concentration, seed=1)
        assert torch.equal(torch.cat(own).sort().values, torch.arange(3000))
        assert all(torch.equal(a, b) for a, b in zip(own, shares(labels, 10, concentration, seed=1), strict=True))
        counts = torch.stack([torch.bincount(labels[rows], minlength=3) for rows in own])
        spread[concentration] = float(counts.double().std(0).mean())
    assert spread[1000.0] < 10 < 50 < spread[0.3]  # 100 of a class each when alike
    with pytest.raises(InputError, match="fewer clients"):
        shares(labels[:30], 20, 0.01, seed=1)


@pytest.mark.parametrize("cut", [0, 1, 2])
def test_hybrid_takes_the_steps_of_federated_wherever_it_is_cut(cut: int) -> None:
    """Where a network is cut changes where work is done, not what is learnt."""
    whole = after(RoundsSetting("federated", 3, 2, 2), CLIENTS, rounds=2)
    handed = after(RoundsSetting("hybrid", cut, 2, 2), CLIENTS, rounds=2)
    for name, tensor in whole.items():
        torch.testing.assert_close(handed[name], tensor, rtol=1e-5, atol=1e-6)


def test_a_round_is_the_mean_of_turns_by_samples_and_split_goes_on_from_the_last() -> None:
    """All three take part, in order: 20, 30 and 70 of 120 samples."""
    setting, apart, draws = RoundsSetting("federated", 3, 1, 3), [], order()
    draws.manual_seed(3)
    for own in CLIENTS:
        network = learner()
        turn(network, setting, own, STEPS, draws)
        apart.append(weights(network))
    found = after(setting, CLIENTS)
    for name in ("stages.0.0.weight", "stages.2.bias", "stages.1.1.running_mean"):
        mean = sum(own[name] * share / 120 for own, share in zip(apart, (20, 30, 70), strict=True))
        torch.testing.assert_close(found[name], mean, rtol=1e-5, atol=1e-6)
    network, draws = learner(), order().manual_seed(3)
    for _ in range(2):
        turn(network, RoundsSetting("split", 1, 1, 1), CLIENTS[1], STEPS, draws)
    alone = after(RoundsSetting("split", 1, 1, 1), [CLIENTS[1]], rounds=2)
    assert all(torch.equal(alone[name], tensor) for name, tensor in weights(network).items())


def test_updates_arrive_in_eight_bits_or_the_largest_tenth_of_them() -> None:
    """Compressed updates lose half a step, or all but the largest tenth."""
    update = torch.linspace(-1, 1, 201).view(3, 67)
    assert float((WAYS["int8"].does(update) - update).abs().max()) <= 0.5 / 127 + 1e-6
    largest = WAYS["tenth"].does(update)
    assert (largest != 0).sum() == 20  # a tenth of 201, and the ends are largest
    assert torch.equal(largest[largest != 0].abs() >= 0.9, torch.ones(20, dtype=torch.bool))
    assert torch.equal(WAYS["int8"].does(torch.zeros(3)), torch.zeros(3))


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
    assert [(r.setting.mode, r.setting.compression, r.selection) for r in runs[::2]] == [
        ("federated", "none", "none"),
        ("split", "none", "none"),
        ("federated", "int8", "none"),
        ("federated", "tenth", "none"),
        ("federated", "none", STRAGGLERS),
    ]
    for own in runs:
        assert all(accuracy < 0.5 for accuracy in own.accuracy[:-1])
        assert own.accuracy[-1] >= 0.5 or len(own.accuracy) == 6
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


def test_leaks_are_shares_of_what_guessing_misses(tmp_path: Path) -> None:
    """A leak is the share of the guess's error that the attack removes."""
    rest = (0.0, None, None, 0.0, 0.0, 0.9, 0.0, 0.0, 3)
    rows = [
        PrivacyRow(cut, protection, 0.0, None, None, error, *rest)
        for cut, error in enumerate((0.0, 0.02, 0.09))
        for protection in ("none", "laplace")
    ]
    write_leaks_by_cut(rows, 0.08, 3, tmp_path / "leaks.csv")
    assert [(own.cut, own.leak) for own in read_leaks(tmp_path / "leaks.csv", 3, [])] == [
        (0, 1.0),
        (1, 0.75),
        (2, 0.0),
        (3, 0.0),
    ]


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
