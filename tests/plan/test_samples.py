"""What thresholds of a plan do on the samples behind its tables."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.few_samples import with_holdout

import serflow_opt as so


def test_a_plan_says_what_its_thresholds_do_on_the_samples(tmp_path: Path) -> None:
    """A plan tells who leaves and who is right on the samples of the table and on those held out."""
    plan = so.solve(with_holdout(tmp_path, 0.25, 3))
    table, held_out = plan.samples
    assert (table.part, table.samples) == ("table", 30)
    assert (held_out.part, held_out.samples) == ("held-out", 10)
    for part in plan.samples:
        assert sum(part.exit_share) == pytest.approx(1)
        assert part.accuracy_low <= part.accuracy <= part.accuracy_high
    # with all samples in every table and one classifier before the last, table and replay agree on who leaves
    assert plan.metrics is not None
    assert table.exit_share[0] == pytest.approx(plan.metrics.exit_share[0], rel=1e-9)
