"""What a limit costs, as answers of every family have it, and how far limits are loosened to see that."""

from __future__ import annotations

from dataclasses import dataclass

STEP = 0.1
"""How much a limit is loosened to see what that buys, relative; of the accuracy, `POINT`."""
POINT = 0.01
UNITS = {"latency_slo_ms": 1.0, "cost_max_usd": 1 / 1e6, "energy_max_j": 1.0, "carbon_max_g": 1.0}
"""One unit of a limit: a ms, a dollar per million requests, a joule, a gram; of all others a hundredth."""


@dataclass(frozen=True, slots=True)
class LimitRow:
    """What a limit costs.

    Attributes
    ----------
    limit, asked
        Its key and value.
    reached
        By the best plan; None: the limit does not matter to it.
    binds
        Whether the optimum is better without it.
    looser, value_looser
        The limit a step further, and the optimum there.
    value_without
        The optimum without the limit; None: not found in time.
    unit_more, value_unit_more
        The limit one unit further (`UNITS`), and the optimum there.
    next_at, value_next
        The tightest value of the limit with a better optimum, and that optimum; None: the limit does not bind, is on
        single hand-overs, or time ran out.
    """

    limit: str
    asked: float
    reached: float | None
    binds: bool
    looser: float
    value_looser: float | None
    value_without: float | None
    unit_more: float | None = None
    value_unit_more: float | None = None
    next_at: float | None = None
    value_next: float | None = None
