"""Reproduced figures as a document."""

from __future__ import annotations

from pathlib import Path

import pytest

from serflow_opt.claims.result import Judged, Reproduction
from serflow_opt.errors import InputError

ROW = Judged("a", "paper", "what", 1.5, 1.6, "s", "refuted", "why", 0.1)


def test_round_trip(tmp_path: Path) -> None:
    """What is saved is the same again; other documents are refused."""
    found = Reproduction((ROW,))
    found.save(tmp_path / "found.json")
    assert Reproduction.load(tmp_path / "found.json") == found
    assert found.verdicts == {"confirmed": 0, "refuted": 1, "not reproducible": 0}
    assert found.to_frame()["found"].tolist() == [1.6]
    with pytest.raises(InputError, match="reproduced"):
        Reproduction.from_dict({"claims": [{}]})
