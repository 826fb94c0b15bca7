"""Structures: what can run a block, what is beaten, and how long the way through takes, by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.provision_by_head import BOTH, CALLS, MACHINES, pricing, structure_of, whole

from serflow_opt.traffic.provision.structures import BlockChoice, Structures, plainness


def test_a_block_runs_on_machines_functions_or_both() -> None:
    """One of each makes three choices; what is as good in nothing is beaten, and of equals the first stays."""
    instance = whole()
    assert [(c.machine, c.function) for c in Structures(instance, 1).choices(0, 1)] == [MACHINES, CALLS, BOTH]
    v, f = instance.options
    worse, same = replace(v, name="worse", usd_per_s=0.6), replace(v, name="same")
    quick = replace(v, name="quick", usd_per_s=0.6, stage_seconds=(0.5, 1.0))
    more = replace(instance, options=(v, f, worse, same, quick))
    machines = [c.machine for c in Structures(more, 1).choices(0, 1) if c.function is None]
    assert machines == [0, 4]


def test_what_does_not_fit_runs_nowhere() -> None:
    """Stages hold 2 and 6 B of parameters and 4 B of activation: 12 B for both, 6 and 10 for each."""
    instance = whole()
    v, f = instance.options
    for memory, spans in ((12.0, [(0, 0), (0, 1), (1, 1)]), (10.0, [(0, 0), (1, 1)]), (6.0, [(0, 0)])):
        structures = Structures(replace(instance, options=(replace(v, memory_bytes=memory), f)), 2)
        fits = [span for span in ((0, 0), (0, 1), (1, 1)) if any(c.machine == 0 for c in structures.choices(*span))]
        assert fits == spans, memory


def test_the_way_through_two_blocks() -> None:
    """Input 0.5 s, 1 s on v, 0.5 s of hand-over, 0.25 s on f; the worst case meets its cold start of 0.5 s."""
    priced = pricing(whole(latency_slo_s=9.0), blocks=2)
    structure = structure_of(priced, ((0, 0), MACHINES), ((1, 1), CALLS))
    assert priced.structures.done_s(structure) == pytest.approx([1.5, 2.75])
    assert priced.structures.done_s(structure, [0.0, 0.0]) == pytest.approx([1.5, 2.25])
    assert structure[0].sending_s == 0.5  # a VM is held while it hands on
    assert structure[1].hop_usd == 0.125


def test_the_slower_pool_counts() -> None:
    """Both pools of one block: after 1 and 3 s on v, after 0.25 and 0.5 s on f, which meets 0.5 s more."""
    structures = Structures(whole(latency_slo_s=9.0), 1)
    both = BlockChoice(0, 1, 0, 1)
    assert structures.pace_s(both, 0.5) == (1.0, 3.0)
    assert structures.slowest(both) == 3.0
    assert structures.slowest(BlockChoice(0, 1, None, 1)) == 1.0


def test_blocks_without_their_machines() -> None:
    """The function takes over, and what the hand-over held of its machines is held no more."""
    priced = pricing(whole(), blocks=2)
    both = structure_of(priced, ((0, 0), BOTH), ((1, 1), CALLS))
    bare = priced.structures.without(both, [0])
    assert [(c.machine, c.function, c.sending_s) for c in bare] == [(None, 1, 0.0), (None, 1, 0.0)]
    assert bare[1].hop_s == 0.5  # from function to function as over the link to it


def test_plain_structures_come_first() -> None:
    """Fewer blocks, then an early cut, then machines alone before functions alone before both."""
    one = [(BlockChoice(0, 1, *pools),) for pools in (MACHINES, CALLS, BOTH)]
    two = (BlockChoice(0, 0, 0, None), BlockChoice(1, 1, 0, None))
    assert sorted([two, *one[::-1]], key=plainness) == [*one, two]
