"""Any service times, c servers: a guess from the first two moments, which a simulation has to confirm.

Waits are those of exponential servers, longer or shorter by

    f = (1-ρ) (c + cv²) / (c + 1) + ρ (1 + cv²) / 2:

who waits behind others waits for whole services, of which the residual times count, (1 + cv²)/2; who waits first in
line for the least of c residual times, between 1/(c+1) of a fixed time and 1/c of an exponential one (H. C. Tijms,
M. H. van Hoorn, A. Federgruen, "Approximations for the steady-state probabilities in the M/G/c queue", 1981). Exact for
the mean where c = 1. The share that waits is that of exponential servers. Room for r is taken for room for r/f
exponential services: the share lost falls by the same rate as in heavy traffic.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from serflow_opt.ground.arrays import Floats


def stretch(servers: int, loads: Floats, cv2: float) -> Floats:
    """Return f, by how much waits are longer than those in front of exponential servers."""
    rho = np.minimum(loads / servers, 1.0)
    return (1 - rho) * (servers + cv2) / (servers + 1) + rho * (1 + cv2) / 2
