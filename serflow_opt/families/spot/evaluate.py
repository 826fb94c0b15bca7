"""The witness: what a pool comes to, machine by machine; shares no code with model and search."""

from __future__ import annotations

import math

from serflow_opt.families.protocol import Valued
from serflow_opt.families.spot.problem import DAY_S, Counts, SpotPool


def workers_up(pool: SpotPool, counts: Counts) -> list[float]:
    """Return the probabilities that 0, 1, 2, .. workers are up.

    Place by place, for each state of its zones machine by machine: each is up or is not.

    Parameters
    ----------
    pool, counts
        A pool, and machines by offer.
    """
    chances = [1.0]
    for place in pool.places():
        mixed: list[float] = []
        for share, there in place.states:
            own = [1.0]
            for j in place.offers:
                for _ in range(counts[j]):
                    own = _one_more(own, pool.offers[j].workers, pool.offers[j].availability if j in there else 0.0)
            mixed = [share * x + (mixed[k] if mixed else 0.0) for k, x in enumerate(own)]
        chances = [
            math.fsum(chances[c - k] * own for k, own in enumerate(mixed) if 0 <= c - k < len(chances))
            for c in range(len(chances) + len(mixed) - 1)
        ]
    return chances


def _one_more(chances: list[float], workers: int, up: float) -> list[float]:
    """Return the probabilities with one machine more."""
    longer = [*chances, *[0.0] * workers]
    before = [*[0.0] * workers, *chances]
    return [(1 - up) * without + up * own for without, own in zip(longer, before, strict=True)]


def value(pool: SpotPool, counts: Counts) -> Valued:
    """Value a pool: USD an hour, late requests, availability, interruptions a day.

    Parameters
    ----------
    pool, counts
        A pool, and machines by offer.
    """
    chances = workers_up(pool, counts)
    paid, gone = [], []
    for offer, count in zip(pool.offers, counts, strict=True):
        there = count * pool.there(offer)
        paid.append(there * offer.paid * offer.usd_per_s * 3600)
        gone.append(there * offer.availability * pool.lost_per_s(offer) * DAY_S)
    return Valued(
        {
            "cost": math.fsum(paid),
            "late": math.fsum(own * pool.late[c] for c, own in enumerate(chances)),
            "availability": math.fsum(chances[pool.enough :]),
            "interruptions": math.fsum(gone),
        }
    )
