"""A service to provision for by head, and what the package makes of its blocks.

In `whole` a request is cheapest with R_2 = 0.5: it holds a worker for 1 + 0.5 x 2 = 2 s, or costs
0.25 + 2 x (0.5 x 0.5 + 0.25 + 0.5 x 0.25) = 1.5 USD on the function. Its input costs 0.125 USD.
"""

from __future__ import annotations

from typing import Any

from support import tiny

from serflow_opt import Instance
from serflow_opt.traffic.carrying import Arrivals, Carrying
from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.provision.pricing import Pricing
from serflow_opt.traffic.provision.service_of import service_of
from serflow_opt.traffic.provision.structures import Structure, Structures
from serflow_opt.traffic.service import Service

LINKS = {("client", "vm"): tiny.INPUT, ("client", "fn"): tiny.INPUT, ("vm", "fn"): tiny.HAND_OVER}
MACHINES, CALLS, BOTH = (0, None), (None, 1), (0, 1)
"""What may run a block of `whole`: options of its machines and its function."""


def whole(**changes: Any) -> Instance:
    """`tiny.two_stages` whose machines may be busy all the time, and whose input takes a link to functions, too."""
    return tiny.two_stages(**{"utilisation_cap": 1.0, "links": LINKS, **changes})


def pricing(
    instance: Instance,
    demand: float | Rates = 2.0,
    blocks: int = 1,
    arrivals: Arrivals = "random",
    wait_max: float | None = None,
) -> Pricing:
    """What blocks of an instance cost."""
    rates = demand if isinstance(demand, Rates) else Rates.steady(demand)
    return Pricing(Structures(instance, blocks), rates, wait_max, Carrying(arrivals, instance.utilisation_cap))


def structure_of(priced: Pricing, *blocks: tuple[tuple[int, int], tuple[int | None, int | None]]) -> Structure:
    """A structure from (first, last) and (machine, function) of each block."""
    from support.listed import one_by_one

    wanted = [(*span, *pools) for span, pools in blocks]
    found = [
        own
        for own in one_by_one(priced.structures)
        if [(c.first, c.last, c.machine, c.function) for c in own] == wanted
    ]
    assert len(found) == 1
    return found[0]


def served(priced: Pricing, structure: Structure, *levels: int) -> Service:
    """The service of a structure at thresholds."""
    return service_of(priced.structures, structure, levels)
