"""Energy of a request: operations where they are done, bytes where they are sent.

With u the path scaled by the reach R_s, in joules per request:

    E = Σ_{s,e} J_e f_{s,e} u_{s,e} + Σ_{s,e,k,w} (J_e encode_w + j_k(e) sent_{s,e,w}) uleave_{s,e,k,w}
      + Σ_{s,e,w} J_e decode_w uenter_{s,e,w}
    E <= energy_max_j                                             energy_ceiling

In training f and the operations of hand-overs are of both ways, and sent also comes back at the joules per byte of the
tier that received it.

J_e is joules per operation of the runner's option, j_k joules per byte that tier k sends.
"""

from __future__ import annotations

from typing import Any

import pyomo.core as pyo

from serflow_opt.formulations.coefficients import Data
from serflow_opt.formulations.placement import Path


def energy(data: Data, scaled: Path) -> Any:
    """Return the mean energy of a request in units of `data.joule`. Expects the path scaled by reach."""
    return (
        pyo.quicksum(data.energy(s, e) * scaled.on[s, e] for s, e in data.places if data.energy(s, e))
        + pyo.quicksum(data.hop_energy(hop) * scaled.leave[hop] for hop in data.hops if data.hop_energy(hop))
        + pyo.quicksum(
            data.decode_energy(entry) * scaled.enter[entry] for entry in data.entries if data.decode_energy(entry)
        )
    )


def add_energy_ceiling(m: Any, data: Data, joules: Any) -> None:
    """Add the energy <= energy_max_j.

    Parameters
    ----------
    joules
        Expression of the mean energy of a request, in units of `data.joule`; a number where nothing takes any, and
        nothing is added.
    """
    assert data.instance.energy_max_j is not None
    if isinstance(joules, int | float):  # nothing takes energy
        return
    m.energy_ceiling = pyo.Constraint(expr=data.at_most(joules, data.instance.energy_max_j / data.joule))
