"""Sets of thresholds, split in two."""

from __future__ import annotations

from typing import TYPE_CHECKING

from serflow_opt.ground.tolerances import EQUAL

if TYPE_CHECKING:
    from serflow_opt.formulations.coefficients import Data

    LevelKeys = list[tuple[int, int]]


def split(data: Data, solution: tuple[int, ...] | None) -> list[LevelKeys]:
    """Split thresholds at a solution's, in the middle without one, where they differ most in who leaves."""

    def spread(s: int) -> float:
        rates = [data.exit_rate(s, level) for level in data.levels[s]]
        return float(data.reach_high[s] * (max(rates) - min(rates)) + (len(rates) > 1) * EQUAL)

    stage = max(data.stages, key=spread)
    order = sorted(data.levels[stage], key=lambda level: (data.exit_rate(stage, level), level))
    at = len(order) // 2
    if solution is not None:
        at = next(i for i, level in enumerate(order) if data.menu[stage][level].position == solution[stage - 1])
    cut = min(max(at, 1), len(order) - 1)
    keys = [(s, level) for s in data.stages for level in data.levels[s] if s != stage]
    return [[*keys, *((stage, level) for level in part)] for part in (order[:cut], order[cut:])]
