"""Privacy: what crosses an untrusted link leaks (survey 2.2.2 (1)).

Data
    leak_w           1 - MSE / MSE_0 of the way w, MSE_0 the error of an attacker who sees nothing
    ΔCE_w            cross-entropy that the way adds, nats
    w_P, w_CE        weights

With uleave the hand-overs scaled by the reach R_s, the expected loss of a request is

    L^P = Σ_{s,e,k,w} (w_P leak_w [link untrusted] + w_CE ΔCE_w) uleave_{s,e,k,w}
    L^P <= privacy_max                                                                privacy_ceiling

Printed is w_CE CE - Σ_pid w_P MSE over all partitions. Only what is exposed counts here, and by the share of requests
that crosses; MSE is held against MSE_0, so that what is not exposed counts 0 instead of lowering the loss.

In training R_s = 1, and each round exposes a sample anew: L^P is the loss of one round.

CE <= Thr_CE (survey 2.2.2 (2)), printed >=, and MSE >= mse_min forbid single ways: `reductions.py` leaves those
out. Noise and bounding (survey 2.2.2 (3)) are in the measured table.
"""

from __future__ import annotations

from typing import Any

import pyomo.core as pyo

from serflow_opt.formulations.coefficients import Data
from serflow_opt.formulations.placement import Path


def privacy_loss(data: Data, scaled: Path) -> Any:
    """Return the expected loss of a request (survey 2.2.2 (1), survey 2.2.2 (4)). Expects the path scaled by reach."""
    return pyo.quicksum(data.hop_leak(hop) * scaled.leave[hop] for hop in data.hops if data.hop_leak(hop))


def add_privacy_ceiling(m: Any, data: Data, loss: Any) -> None:
    """Add the loss <= privacy_max.

    Parameters
    ----------
    loss
        Expression of the expected loss of a request; a number where nothing leaks, and nothing is added.
    """
    assert data.instance.privacy_max is not None
    if isinstance(loss, int | float):  # nothing leaks
        return
    m.privacy_ceiling = pyo.Constraint(expr=data.at_most(loss, data.instance.privacy_max))  # survey 2.2.2 (1)
