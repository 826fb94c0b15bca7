"""Settings on offer, by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.small_training import federated, small

import serflow_opt as so


def test_settings_that_others_beat_are_left_out(tmp_path: Path) -> None:
    """Of 4 rounds for 0.5, 10 for 0.7 and 7 of two epochs for 0.7 none beats another; a compression beats none."""
    folder = small(tmp_path, *federated('compression = "compression.csv"'))
    settings = so.load(folder).data.settings
    assert {(own.epochs, own.rounds, own.accuracy) for own in settings} == {(1, 4, 0.5), (1, 10, 0.7), (2, 7, 0.7)}
    assert {own.knobs[0] for own in settings} == {0, 1}


def test_clients_beyond_those_there_are_told(tmp_path: Path) -> None:
    """Ten phones cannot be eleven a round, and what was not measured is told."""
    with pytest.raises(so.InputError, match="at most 10"):
        so.load(small(tmp_path, 'rounds = "rounds.csv"', 'rounds = "rounds.csv"\nclients_per_round = [11]'))
    with pytest.raises(so.InputError, match="no rounds of 3 local epochs"):
        so.load(small(tmp_path, 'rounds = "rounds.csv"', 'rounds = "rounds.csv"\nlocal_epochs = [3]'))
