"""Carbon of a request: joules where they are taken, machines as long as they are on, what making them took.

With u the path scaled by the reach R_s, n_p machines rented whole, λ requests a second, in grams of CO2e per request:

    CO2 = Σ_{s,e} (φ_e t_{s,e} + i_k(e) J_e f_{s,e}) u_{s,e}
      + Σ_{s,e,k,w} (φ_e wait_{s,e,k,w} + i_k(e) (J_e encode_w + j_k(e) sent_{s,e,w})) uleave_{s,e,k,w}
      + Σ_{s,e,w} (φ_e (decode_w + chill_e) + i_k(e) J_e decode_w) uenter_{s,e,w}
      + Σ_p φ0_p n_p / λ
    CO2 <= carbon_max_g                                             carbon_ceiling

    i_k  = grid intensity x PUE of tier k                         grams per joule
    φ0_p = i_k idle watts_p + embodied_p                          grams per second of a machine that is on
    φ_e  = i_k (full watts - idle watts) / workers                grams per busy second of a worker beyond that
         = i_k full watts + embodied                              of a function

Where machines are paid by use, they emit by use: φ0_p / workers joins φ_e, and the last sum is empty. wait is what a
hand-over keeps its sender busy, chill_e the mean time of a cold start. The joules are those of the energy
(`energy.py`); a gradient that comes back is sent at the intensity of the tier that received.
"""

from __future__ import annotations

from typing import Any

import pyomo.core as pyo

from serflow_opt.formulations.coefficients import Data
from serflow_opt.formulations.placement import Path


def carbon(m: Any, data: Data, scaled: Path) -> Any:
    """Return the mean carbon of a request in units of `data.gram`.

    Parameters
    ----------
    m
        The model; where machines are rented whole it has their numbers, n[p].
    scaled
        The path scaled by reach.
    """
    return (
        pyo.quicksum(data.carbon(s, e) * scaled.on[s, e] for s, e in data.places if data.carbon(s, e))
        + pyo.quicksum(data.hop_carbon(hop) * scaled.leave[hop] for hop in data.hops if data.hop_carbon(hop))
        + pyo.quicksum(
            data.entry_carbon(entry) * scaled.enter[entry] for entry in data.entries if data.entry_carbon(entry)
        )
        + (pyo.quicksum(data.machine_grams(p) * m.n[p] for p in m.n) if _whole(data) else 0.0)
    )


def _whole(data: Data) -> bool:
    """Whether machines are rented whole."""
    return data.instance.accounting == "reserved"


def add_carbon_ceiling(m: Any, data: Data, grams: Any) -> None:
    """Add the carbon <= carbon_max_g.

    Parameters
    ----------
    grams
        Expression of the mean carbon of a request, in units of `data.gram`; a number where nothing emits any, and
        nothing is added.
    """
    assert data.instance.carbon_max_g is not None
    if isinstance(grams, int | float):
        return
    m.carbon_ceiling = pyo.Constraint(expr=data.at_most(grams, data.instance.carbon_max_g / data.gram))
