"""What comes before a state of the layers, at the least or at the most: recursions from the source on."""

from __future__ import annotations

import numpy as np

from serflow_opt import kernels
from serflow_opt.ground.arrays import Floats, Mask
from serflow_opt.search.layered import Chain, by_lane


def least_whole_before(chain: Chain) -> Floats:
    """Least whole time before each state, M x E: what a label must leave room for."""
    if kernels.compiled:
        from serflow_opt.kernels.before import Before

        found: Floats = Before(chain.flat, chain.on[None].view(np.uint8)).least()
        return found
    least = np.full(chain.on.shape, np.inf)
    done: Floats | None = None
    for s in range(len(chain.on)):
        if done is not None:
            stays = chain.stays[s]
            if stays is None:
                least[s] = done
            else:
                np.minimum.at(least[s], stays[1], done[stays[0]])
        hubs: dict[object, float] = {}
        for crossing in chain.leaving[s]:
            arrive = (0.0 if done is None else done[crossing.runner]) + crossing.whole
            hubs[crossing.hub] = min(hubs.get(crossing.hub, np.inf), float(arrive.min()))
        for crossing in chain.entering[s]:
            into = hubs.get(crossing.hub, np.inf) + crossing.whole
            least[s, crossing.runner] = np.minimum(least[s, crossing.runner], into)
        least[s, ~chain.on[s]] = np.inf
        done = least[s] + chain.whole[s]
    return least


def most_value(chain: Chain, weights: Floats, most: float) -> Floats:
    """Return the largest V that a label may have at each state if some prefix shall complete it to at most `most`.

    Parameters
    ----------
    weights
        C multipliers.
    most
        Of V at the source.
    """
    allowed: Floats = most_values(chain, weights[None], np.array([most]))[0]
    return allowed


def most_values(chain: Chain, weights: Floats, most: Floats, on: Mask | None = None) -> Floats:
    """Return `most_value` of several lanes, lanes x M x E.

    The largest allowance over all prefixes, placements and thresholds alike: φ never falls, so it is handed forward
    state by state.

    Parameters
    ----------
    weights
        Lanes x C multipliers.
    most
        Of V at the source, by lane.
    on
        Lanes x M x E, the states that each keeps to; None: all.
    """
    kept = by_lane(chain.on if on is None else on, len(weights))
    if not kernels.compiled:
        return np.array([_most_value(chain, *lane) for lane in zip(weights, most.tolist(), kept, strict=True)])
    from serflow_opt.kernels.before import Before

    priced = chain.priced(weights)
    run = Before(chain.flat, kept.view(np.uint8))
    allowed: Floats = run.most(priced.stage, priced.start, priced.left, priced.into, priced.beta, most)
    return allowed


def _most_value(chain: Chain, weights: Floats, most: float, on: Mask) -> Floats:
    allowed = np.full(chain.on.shape, -np.inf)
    stage = chain.adds @ weights
    after: Floats | None = None
    beta = float(weights[-1])
    for s in range(len(chain.on)):
        if after is not None:
            stays = chain.stays[s]
            if stays is None:
                allowed[s] = after
            else:
                np.maximum.at(allowed[s], stays[1], after[stays[0]])
        hubs: dict[object, float] = {}
        for crossing in chain.leaving[s]:
            left = (most if after is None else after[crossing.runner]) - crossing.adds @ weights
            hubs[crossing.hub] = max(hubs.get(crossing.hub, -np.inf), float(left.max()))
        for crossing in chain.entering[s]:
            into = hubs.get(crossing.hub, -np.inf) - crossing.adds @ weights
            allowed[s, crossing.runner] = np.maximum(allowed[s, crossing.runner], into)
        allowed[s, ~on[s]] = -np.inf
        room = allowed[s] - stage[s]
        if chain.used is None:
            after = chain.menus[s][0].most_after(room, beta)
        else:
            after = np.full(len(room), -np.inf)
            for menu, envelope in enumerate(chain.menus[s]):
                rows = chain.used[s] == menu
                after[rows] = envelope.most_after(room[rows], beta)
    return allowed
