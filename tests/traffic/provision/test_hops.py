"""Hand-overs between tiers: which exist, and what the slowest and dearest of them take."""

from __future__ import annotations

from support import tiny

from serflow_opt.traffic.provision.hops import Hop, Hops

THREE = tiny.three_tiers()  # 0 the device with the input, 1 the VM, 2 the function; links 0 -> 1 -> 2
HOPS = Hops(THREE, (0, 1), (2,))


def test_the_input_enters_where_the_source_reaches() -> None:
    """On the device the input is there; to the VM 2 B take 1/4 + 1/8 s; no link of the device leads to the function."""
    assert HOPS.into_first((0, None)) == Hop()
    assert HOPS.into_first((1, None)) == Hop(0.375, 0.0625)
    assert HOPS.into_first((0, 2)) is None


def test_hand_overs_go_down_the_list_and_both_ways_to_functions() -> None:
    """4 B take half a second and 0.125 USD; machines never hand up, functions hand back to their machines."""
    crossing = Hop(0.5, 0.125)
    assert HOPS.between((0, None), (1, None), 1) == crossing
    assert HOPS.between((1, None), (0, None), 1) is None
    assert HOPS.between((1, None), (None, 2), 1) == crossing
    assert HOPS.between((None, 2), (1, None), 1) == crossing
    assert HOPS.between((0, None), (None, 2), 1) is None


def test_within_a_tier_a_hand_over_takes_its_link_to_functions() -> None:
    """From VM to VM as over the VM's link; on the device, which has none to functions, nothing."""
    assert HOPS.between((1, None), (1, None), 1) == Hop(0.5, 0.125)
    assert HOPS.between((0, None), (0, None), 1) == Hop()


def test_every_pair_of_pools_needs_its_way() -> None:
    """A block on VM and function hands over only where both can: one missing way forbids all."""
    assert HOPS.between((1, 2), (1, 2), 1) == Hop(0.5, 0.125)
    assert HOPS.between((0, None), (1, 2), 1) is None
