"""Rows of a setting as a block of the model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from support.small_training import small

import serflow_opt as so
from serflow_opt.families.training.blocks import block_of
from serflow_opt.families.training.rows import rows_of


def test_a_block_has_what_its_rows_have_and_a_time_that_bounds_them(tmp_path: Path) -> None:
    """No row that is offered lasts longer than the block's largest T, and one lasts as long."""
    data = so.load(small(tmp_path)).data
    for setting in data.settings:
        rows = rows_of(data, setting)
        block = block_of(rows)
        assert block.offered == [np.flatnonzero(own).tolist() for own in rows.offered]
        assert block.most_t == float(rows.lasts[rows.offered].max())
        assert not block.flows
