"""Problems of several kinds solved together."""

from __future__ import annotations

from pathlib import Path

from support.sacks import drawn, write

import serflow_opt as so


def test_several_solve_together_with_placements(tmp_path: Path) -> None:
    """Kinds may be mixed where each is answered alone."""
    sack = write(tmp_path, "sack", drawn(4), "weight_max = 2000")
    answers = so.solve_all([so.load(sack), "libra", sack])
    assert [own.status for own in answers] == ["optimal"] * 3
    assert [own.kind for own in answers] == ["knapsack", "placement", "knapsack"]
