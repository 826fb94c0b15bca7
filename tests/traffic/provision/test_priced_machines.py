"""Lines below what two types of machines cost, beside costs by Erlang's formula at any share."""

from __future__ import annotations

import math

import numpy as np
import pytest
from support.pair_services import searched, service

from serflow_opt.traffic.provision.pair_waits import largest_ratio
from serflow_opt.traffic.provision.priced_machines import PricedMachines
from serflow_opt.traffic.provision.structures import BlockChoice


def blocking(servers: int, load: float) -> float:
    """Erlang's loss formula, by its recursion."""
    found = 1.0
    for c in range(1, servers + 1):
        found = load * found / (c + load * found)
    return found


@pytest.mark.parametrize("function", [None, 3])
def test_no_share_is_below_the_lines(function: int | None) -> None:
    """At any share, reaches and numbers the rents and what goes to the function are above each line."""
    instance = service(1)
    search, rng = searched(instance), np.random.default_rng(0)
    one, other = (BlockChoice(0, 2, p, function) for p in (0, 1))
    priced = [PricedMachines.of(search.pricing, own, 3, waits=False) for own in (one, other)]
    ratio = largest_ratio(search.pricing, one, other)
    rents, slopes, starts = priced[0].lines(priced[1], ratio, 10.0)
    rate = instance.rate_per_s or 0.0
    for _ in range(100):
        reaches = np.array([1.0, 0.8, 0.8 * rng.choice([0.4, 0.7])])  # the first leave at 0.9, to keep the floor
        share = rng.random()
        works = [float(reaches @ instance.options[p].stage_seconds) for p in (0, 1)]
        for n in range(1, 4):
            for m in range(1, 4):
                cost = float(rents[n - 1, m - 1])
                for p, count, part in ((0, n, share), (1, m, 1 - share)):
                    servers, load = count * instance.options[p].workers, rate * part * works[p]
                    if function is None:
                        cost += math.inf if load > 0.9 * servers else 0.0
                    else:
                        carried = min(load * (1 - blocking(servers, load)), 0.9 * servers)
                        cost += search.pricing.per_second((one, other)[p]) * (load - carried)
                own = slopes[n - 1, m - 1] if slopes.ndim > 1 else slopes
                assert float((starts[n - 1, m - 1] + own * works[0]).max()) <= cost * (1 + 1e-6)


def test_lines_touch_the_rents_where_there_is_room() -> None:
    """Machines alone that can do the work cost their rent; with more work than they can do a line is above it."""
    search = searched(service(0))
    one = PricedMachines.of(search.pricing, BlockChoice(0, 2, 0, None), 2, waits=False)
    rents, slopes, starts = one.lines(None, 0.0, 10.0)
    full = one.full[1:]
    assert (starts + slopes * full[:, None, None])[:, 0] == pytest.approx(np.repeat(rents, starts.shape[-1], axis=-1))
    assert np.all((starts + slopes * 1.2 * full[:, None, None]).max(axis=-1) > rents)
