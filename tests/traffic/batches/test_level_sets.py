"""Sets of thresholds, split in two."""

from __future__ import annotations

from pathlib import Path

from oracles.batch_enumeration import drawn
from support.helpers import load

from serflow_opt.formulations.coefficients import Data
from serflow_opt.traffic.batches.level_sets import split


def test_halves_are_apart_and_all(tmp_path: Path) -> None:
    """Both parts have levels of every stage; together they have each level of the stage that is split once."""
    data = Data(load(drawn(0).document, tmp_path))
    for solution in (None, tuple(data.menu[s][data.levels[s][-1]].position for s in data.stages)):
        one, two = map(set, split(data, solution))
        every = {(s, level) for s in data.stages for level in data.levels[s]}
        assert one | two == every
        (stage,) = {s for s, _ in one ^ two}
        assert not {key for key in one & two if key[0] == stage}
        assert all({s for s, _ in part} == set(data.stages) for part in (one, two))
