"""What plans come to, beside the sums of placements by numpy."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.rented_chains import searches

from serflow_opt import kernels
from serflow_opt.search.enumerate import placed_at
from serflow_opt.search.placed import columns_of

pytestmark = pytest.mark.skipif(not kernels.compiled, reason="kernels are not compiled here")


def test_columns_and_times_are_those_of_the_placement_and_its_thresholds(tmp_path: Path) -> None:
    """Rents are paid for machines: at fractional rents of no machine the columns of the chain come out."""
    seen = 0
    for search, groups in searches(range(8), tmp_path):
        chain, columns = search.chain, groups.columns
        rng = np.random.default_rng(seen)
        for _ in range(3):
            value, column, plan, whole = groups.routes.least(rng.uniform(0.1, 1.0, len(columns.order)))
            if not np.isfinite(value):
                continue
            again, times = groups.routes.columns_of(plan[None])
            assert again[0].tolist() == pytest.approx(column.tolist(), rel=1e-12)
            assert times[0] == pytest.approx(whole) if np.isfinite(chain.whole_limit) else True
            lines = np.where(plan[:, 3] >= 0, chain.flat.lines.level[plan[:, 3]], 0)
            those = placed_at(chain, plan[None, :, :3].copy(), times)
            expected = columns_of(chain, those, lines[None])[0, columns.order] / columns.scale
            free = [k for k in range(len(expected)) if k not in (0, columns.limited_money)]
            assert column[free].tolist() == pytest.approx(expected[free].tolist(), rel=1e-9, abs=1e-12)
            seen += 1
    assert seen > 9
