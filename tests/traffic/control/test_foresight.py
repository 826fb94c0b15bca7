"""The policy that knows the rates: machines in time, and no more than pay."""

from __future__ import annotations

import pytest
from support.policy_services import ONE_BLOCK, SMALL, TWO_BLOCKS, longer, served, service

from serflow_opt.traffic.demand.trace import Trace


@pytest.mark.parametrize("kind", ["machines", "free machines only", "machines, then functions"])
def test_foresight_with_machines_alone_keeps_the_target(kind: str) -> None:
    """10/s of 0.14 s on two workers a machine: once machines are there, at 60 s at the latest, few are late."""
    own = ONE_BLOCK.get(kind) or TWO_BLOCKS[kind]
    trace = Trace.of([0] * 2 + [600] * 20, 60.0)
    run = served("foresight", own, trace)
    assert run.violations <= 0.02 * run.arrivals
    assert run.by_machine[0] == run.arrivals


def test_foresight_whose_machines_start_later_than_it_wished() -> None:
    """Ordered at 0 s instead of -50 s they serve at 200 s who came at 150 s, and are not stopped before."""
    own = service(((longer(SMALL, start_s=200.0),), None))
    assert served("foresight", own, Trace.of([0] * 150 + [3] + [0] * 49)).served == 3
