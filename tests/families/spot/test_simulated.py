"""A simulated pool as a document."""

from __future__ import annotations

from serflow_opt.families.spot.simulated import PoolSimulated


def test_it_is_kept_as_json() -> None:
    """It reads back as it was, and says in a line what was run."""
    found = PoolSimulated(
        kind="spot",
        instance="pool",
        days=2.0,
        seed=0,
        figures=[],
        shortages=3,
        shortage_mean_s=10.0,
        shortage_longest_s=20.0,
        requests=5,
        plan={},
        trace="m.csv",
    )
    assert PoolSimulated.model_validate(found.to_dict()) == found
    assert "3 shortages" in repr(found)
