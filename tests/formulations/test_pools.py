"""What blocks of machines are made of."""

from __future__ import annotations

from serflow_opt.formulations.pools import PoolSizes


def test_whether_what_is_carried_depends_on_the_work() -> None:
    """One line that slopes, or a wait, is enough; level lines alone do not need the work in the model."""
    level, sloping = ((((0.0, 1.0), (0.0, 2.0)),),), ((((0.0, 1.0), (-0.5, 2.0)),),)
    assert not PoolSizes((1, 2), level, 0.0, 1.0).sloping
    assert PoolSizes((1, 2), sloping, 0.0, 1.0).sloping
    assert PoolSizes((1, 2), level, 0.0, 1.0, waits=(((0.0, 1.0),),)).sloping
