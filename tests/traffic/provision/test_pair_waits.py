"""The most work of machines whose waits are to keep a limit: what is in time may be, what is hopeless may not."""

from __future__ import annotations

from dataclasses import replace

from support.pair_services import searched, service
from support.rented_pools import rented

from serflow_opt import provision
from serflow_opt.traffic.provision.pair_waits import PairWaits, largest_ratio, ways_through
from serflow_opt.traffic.provision.pools import joined
from serflow_opt.traffic.provision.structures import BlockChoice


def test_ratio_is_of_what_thresholds_may_leave() -> None:
    """1 and 5 s beside 2 and 4 s, half leave at the first: 3 s beside 3 s, whatever the ratios of stages."""
    base = rented(4, 4)
    options = (replace(base.options[0], stage_seconds=(1.0, 4.0)), replace(base.options[1], stage_seconds=(2.0, 2.0)))
    search = searched(replace(base, options=options, rate_per_s=1.0), 1)
    one, other = (BlockChoice(0, 1, p, None) for p in (0, 1))
    assert 1 <= largest_ratio(search.pricing, one, other) <= 1 + 1e-3
    assert 1 <= largest_ratio(search.pricing, other, one) <= 1 + 1e-3


def test_ways_are_of_one_pool_a_block() -> None:
    """Two blocks, of which one has two pools, have two ways."""
    search = searched(service(0))
    choices = [BlockChoice(0, 0, 0, None, second=1, share=0.5), BlockChoice(1, 2, 2, None)]
    structure = joined(search.structures, choices)
    assert structure is not None
    ways = ways_through(search.pricing, structure)
    assert [[own.machine for own in way] for way in ways] == [[0, 2], [1, 2]]


def test_what_is_in_time_is_allowed() -> None:
    """The work of machines that are found in time is no more than the most; one of each tier cannot do the least."""
    instance = replace(rented(4, None, latency_slo_s=20.0, latency_measure="p95"), rate_per_s=2.0)
    found = provision(instance, blocks=1, pools=2, confirm=False)
    assert found.structure is not None
    counts = [own.count for own in found.parts[0].pools]
    waits = PairWaits(searched(instance, 1).pricing)
    assert (waits.most_work(found.structure, 0, counts) or 0.0) >= 3.0 * (1 - 1e-9), "1 s for all, 4 s for half"
    assert waits.most_work(found.structure, 0, [1, 1]) == 0
    assert waits.most_work((replace(found.structure[0], function=0),), 0, counts) is None
