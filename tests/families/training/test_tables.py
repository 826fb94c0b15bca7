"""Knobs of a training by hand: bytes, operations, rounds and noise."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.helpers import has_line, run
from support.small_training import best, federated, small

import serflow_opt as so


@pytest.mark.parametrize(
    ("keys", "round_s", "rounds", "megabytes"),
    [
        ('compression = "compression.csv"', 3.3 + 0.25 + 0.25, 10, 5 * 0.75),
        ('dropout = "dropout.csv"', 0.75 + 0.25 + 0.125, 15, 5 * 0.5),
        ('selection = "selection.csv"', 3 + 1.001 + 0.5, 8, 5 * 2.001),
        ('secure = "secure.csv"\nsecure_aggregation = "masks"', 3.04 + 1.004 + 0.502, 10, 5 * 2.008),
        ('secure = "secure.csv"\nsecure_aggregation = "verified"', 3.04 + 2.004 + 0.504, 10, 5 * 3.012),
        (
            '[[federated.topology]]\nname = "near"\nkind = "edge"\nedges = 2\ncloud_every = 5\nlan_mbit_s = 80\n'
            "wan_mbit_s = 40",
            3 + 0.2 + 2 / 25,
            10,
            2 * 2 / 5,
        ),
        ('[[federated.topology]]\nname = "r"\nkind = "ring"\nneighbours = 2\nrounds_factor = 2', 6, 20, 5 * 4),
    ],
)
def test_knobs_by_hand(tmp_path: Path, keys: str, round_s: float, rounds: int, megabytes: float) -> None:
    """Bytes, operations and rounds of each; in one setting whatever is the fastest."""
    found = best(small(tmp_path, *federated(keys)), "objective=time")
    assert found["rounds"] == rounds
    assert found["time"] * 3600 == pytest.approx(rounds * round_s)
    assert found["traffic"] == pytest.approx(rounds * megabytes / 1000)


def test_knobs_together_multiply_and_those_outclassed_are_left_out(tmp_path: Path) -> None:
    """Half the bytes of a part of the model: 0.25 x 0.25 up, 0.5 x 0.25 down, 0.275 of the operations."""
    keys = 'compression = "compression.csv"\ndropout = "dropout.csv"\nnoise = "noise.csv"'
    folder = small(tmp_path, *federated(keys))
    assert best(folder)["time"] * 3600 == pytest.approx(15 * (0.825 + 0.0625 + 0.0625))
    problem = so.load(folder)
    assert {own.knobs[2] for own in problem.data.settings} == {0}, (
        "noise only loses accuracy, where it is not asked for"
    )


def test_noise_leaves_no_more_open_than_is_allowed(tmp_path: Path) -> None:
    """Epsilon at most 2 takes the second multiplier, and 0.1 of the accuracy."""
    folder = small(tmp_path, *federated('noise = "noise.csv"\nepsilon_max = 2'))
    assert best(folder)["accuracy"] == pytest.approx(0.6)
    assert has_line(run("solve", folder).stdout, "noise 2")
    with pytest.raises(so.InputError, match="no noise leaves at most"):
        so.load(small(tmp_path, *federated('noise = "noise.csv"\nepsilon_max = 0.5')))
