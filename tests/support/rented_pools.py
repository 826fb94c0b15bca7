"""A service on machines of two tiers, of which each has few."""

from __future__ import annotations

from support import tiny

from serflow_opt import Instance
from serflow_opt.problem.offers import Link, Option, Scaling, Tier

LINK = Link(bytes_per_s=1e9, round_trip_s=0.0, usd_per_byte=0.0)


def rented(edge_max: int | None, cloud_max: int | None, **changes: object) -> Instance:
    """Edge and cloud machines that take 3 s a request on average: 1 and 4 s, half leave at the first."""
    tiers = (
        Tier("edge", "edge", scaling=Scaling(machines_max=edge_max)),
        Tier("cloud", "vm", scaling=Scaling(machines_max=cloud_max)),
    )
    return tiny.two_stages(
        tiers=tiers,
        options=(Option("m", 0, (1.0, 4.0), usd_per_s=0.2), Option("m", 1, (1.0, 4.0), usd_per_s=0.5)),
        links={("client", "edge"): LINK, ("client", "cloud"): LINK, ("edge", "cloud"): LINK},
        menus=(tiny.menu((0.5,), (0.8,)), tiny.LAST),
        utilisation_cap=1.0,
        **changes,
    )
