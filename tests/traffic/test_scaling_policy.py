"""What a policy is: anything with a name, an interval and decisions."""

from __future__ import annotations

import numpy as np
from support.policy_services import ONE_BLOCK

import serflow_opt as so
from serflow_opt.traffic.scaling_policy import Orders, ScalingPolicy, Seen


class Always:
    """Two small machines, and nobody waits."""

    name, every_s = "always", 60.0

    def decide(self, seen: Seen) -> Orders:
        """Order the same whatever was seen."""
        return Orders(({"small": 2},))


def test_a_class_without_a_base_is_a_policy() -> None:
    """Two machines of 1e-5 USD/s for three minutes, beginning with the first decision."""
    policy: ScalingPolicy = Always()
    run = so.simulate(ONE_BLOCK["both"], so.Trace.of([60] * 3, 60.0), policy)
    assert run.policy == "always"
    assert run.usd["machines"] == 2 * 180 * 1e-5
    assert Orders(({},)).queue_max == ()  # nobody waits, and no quota


def test_what_was_seen_has_an_entry_a_block() -> None:
    """Counts by second, and machines by type, of each block."""
    seen = Seen(60.0, (np.zeros(60, np.int64),) * 2, ({}, {"m": 1}), ({},) * 2, ({},) * 2, (0, 3))
    assert len({len(own) for own in (seen.counts, seen.ready, seen.starting, seen.failed, seen.throttled)}) == 1
