"""Leaks by cut, as training instances read them."""

from __future__ import annotations

from pathlib import Path

import pytest

from serflow_opt.families.training.tables import read_leaks
from serflow_opt.problem.privacy_table import PrivacyRow

pytest.importorskip("torch")


from serflow_opt.profiling.rounds.table import write_leaks_by_cut


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
