"""The clairvoyant bound of a market: `formulations/spot_foresight.py` on its stretches, solved by HiGHS."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.backend.highs import HighsModel
from serflow_opt.families.spot.convex import lines
from serflow_opt.families.spot.market import Market, boot_steps
from serflow_opt.families.spot.problem import SpotPool
from serflow_opt.formulations.spot_foresight import ForesightOffer, ForesightStretch, foresight_model
from serflow_opt.ground.deadline import NEVER, Deadline
from serflow_opt.ground.tolerances import CUT_DEPTH

if TYPE_CHECKING:
    from serflow_opt.ground.arrays import Ints


def edges(market: Market, boots: list[int]) -> Ints:
    """Return the steps at which stretches begin, and the number of steps.

    Parameters
    ----------
    market, boots
        A market, and steps that a start takes by offer.
    """
    up = market.up.astype(np.int8)
    changes = np.flatnonzero((up[1:] != up[:-1]).any(axis=1) | (market.which[1:] != market.which[:-1])) + 1
    back = [np.flatnonzero(up[1:, j] > up[:-1, j]) + 1 + boots[j] for j in range(up.shape[1])]
    found: Ints = np.unique(np.concatenate([[0], changes, *back, [len(market)]]))
    return found[found <= len(market)]


def stretches_of(pool: SpotPool, market: Market) -> list[ForesightStretch]:
    """Return the stretches of a market."""
    boots = [boot_steps(own.start_s, market.step_s) for own in pool.offers]
    cuts = edges(market, boots)
    total = float(market.requests.sum())
    hulls = [lines(own, CUT_DEPTH) for own in market.late]
    gone = np.vstack([np.zeros(len(pool.offers), dtype=np.int64), np.cumsum(~market.up, axis=0)])
    found = []
    for a, b in zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True):
        offers = np.flatnonzero(market.up[a]).tolist()
        begin = frozenset(j for j in offers if gone[a, j] == gone[max(a - boots[j], 0), j])
        share = float(market.requests[a:b].sum()) / total
        which = int(market.which[a])
        found.append(
            ForesightStretch((b - a) * market.step_s, share, offers, begin, float(market.need[a]), hulls[which])
        )
    return found


def foresight(pool: SpotPool, market: Market, late_max: float | None, deadline: Deadline = NEVER) -> float:
    """Return USD that nobody can stay below, NaN where none was found in time; inf: not even all machines are enough.

    Parameters
    ----------
    pool, market
        What there is, and when.
    late_max
        Share of all requests that may be late; None: enough are up in every step.
    deadline
        When to give up.
    """
    offers = {
        j: ForesightOffer(
            own.usd_per_s,
            own.usd_per_s * boot_steps(own.start_s, market.step_s) * market.step_s,
            own.workers,
            own.most,
        )
        for j, own in enumerate(pool.offers)
    }
    outcome = HighsModel(foresight_model(stretches_of(pool, market), offers, late_max)).solve(
        gap=0.0, time_limit=deadline.left_or_none
    )
    if outcome.status == "infeasible":
        return float("inf")
    return max(outcome.checked, 0.0) if outcome.status == "optimal" else float("nan")
