"""Policies by name on a service: the part of it that each uses, and what it keeps warm."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.policy_services import ONE_BLOCK

from serflow_opt.traffic.control.made_policies import policy_of
from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.scaling_policy import Seen

TRACE = Trace.of([600] * 4, 60.0)


def nothing_seen(names: list[str]) -> Seen:
    import numpy as np

    none = dict.fromkeys(names, 0)
    return Seen(0.0, (np.zeros(0),), (none,), (none,), (none,), (0,))


@pytest.mark.parametrize(
    ("name", "kept"),
    [("libra-mean", ()), ("libra-mean-warm", (3,)), ("controller", (3,)), ("foresight", (3,)), ("functions", ())],
)
def test_who_keeps_environments_warm(name: str, kept: tuple[int, ...]) -> None:
    """Ours and foresight what the service says, LIBRA where its name says so, others none."""
    own = replace(ONE_BLOCK["both"], keep_warm=(3,))
    policy, scaled = policy_of(name, own, TRACE, 60.0)
    assert policy.decide(nothing_seen([m.name for m in scaled.blocks[0].machines])).keep_warm == kept


@pytest.mark.parametrize(
    ("name", "machines", "function"), [("maximum", 1, False), ("libra", 1, True), ("whole", 2, True)]
)
def test_the_part_that_is_used(name: str, machines: int, function: bool) -> None:
    """Ours may use all types, others the first; who knows no functions gets none."""
    _, scaled = policy_of(name, ONE_BLOCK["both"], TRACE, 60.0)
    (block,) = scaled.blocks
    assert (len(block.machines), block.function is not None) == (machines, function)
