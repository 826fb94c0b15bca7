"""Golden cases of prices by volume: see `test_formulations.py`."""

from __future__ import annotations

import math
from typing import Any

from support.by_volume import FREE, by_volume
from support.golden_parts import add_scaled, golden, minimise, model

from serflow_opt.formulations import egress
from serflow_opt.formulations.coefficients import Data
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.tariffs import SentLimit

OUT = frozenset({("vm", "fn")})


@golden("egress.add_egress")
def tiers() -> Any:
    """A request sends 4 B x 0.75 at most: V = 3 B, in units of 4 B. One byte is free: sent_0 <= 0.25 tier_0; one at
    0.5 USD: 0.25 tier_1 <= sent_1 <= 0.5 tier_1, at -0.5 + 0.5 x 4 sent_1; the third at 0.25 USD: 0.5 tier_2 <= sent_2
    <= 0.75 tier_2, at (0.5 - 0.25 x 2) = 0 + 0.25 x 4 sent_2. sent_0 + sent_1 + sent_2 = 4 / 4 uleave.
    """
    data = Data(by_volume(FREE), tiered=True)
    m = model()
    return minimise(m, egress.add_egress(m, data, add_scaled(m, data)))


@golden("egress.add_sent_limits")
def limits() -> Any:
    """In units of 1 B: 4 uleave >= 1, nearly, and in units of 2 B: 4 / 2 uleave <= 2 / 2, nearly."""
    within = (SentLimit(OUT, 1.0, math.inf), SentLimit(OUT, 0.0, 2.0))
    data = Data(by_volume(egress=(), sent_limits=within))
    m = model()
    egress.add_sent_limits(m, data, add_scaled(m, data))
    return m


def whole_instances() -> list[Instance]:
    """Instances whose models have every constraint of prices by volume."""
    return [by_volume(FREE), by_volume(egress=(), sent_limits=(SentLimit(OUT, 1.0, 2.0),))]
