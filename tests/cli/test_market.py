"""`scale` and `compare` for spot pools, as functions."""

from __future__ import annotations

from pathlib import Path

import pytest

import serflow_opt as so
from serflow_opt.cli.market import in_market


def test_a_picture_is_refused(tmp_path: Path) -> None:
    """There is none; the message says what to do."""
    problem = so.load("spot-v100")
    with pytest.raises(so.InputError, match="no picture"):
        in_market(problem, tmp_path, 60.0, None, False, None, tmp_path / "x.png", rules=True)
