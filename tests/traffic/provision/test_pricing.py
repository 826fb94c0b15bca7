"""What a second of a machine's work costs on the function at least, whatever the thresholds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from oracles.provisioned_instances import draw
from support.helpers import load

from serflow_opt.traffic.carrying import Carrying
from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.provision.pricing import Pricing
from serflow_opt.traffic.provision.structures import Structures


@pytest.mark.parametrize("seed", [0, 2, 4, 11, 12, 13])
def test_no_exits_make_a_second_cheaper(seed: int, tmp_path: Path) -> None:
    """Handing over holds a worker, too, and costs nothing on the function: what is handed on makes seconds cheaper."""
    case, rng = draw(seed), np.random.default_rng(seed)
    instance = load(case.document, tmp_path)
    pricing = Pricing(Structures(instance, 3), Rates.steady(1.0), None, Carrying("random", 1.0))
    stages = len(instance.stages)
    for first, last in ((0, stages - 1), (0, 0), (0, stages - 2), (1, stages - 1)):
        for choice in pricing.structures.choices(first, last):
            if choice.machine is None or choice.function is None:
                continue
            placed = replace(choice, sending_s=float(rng.uniform(0.0, 0.5)) if last + 1 < stages else 0.0)
            ratios = []
            ends = np.tril(np.ones((stages, stages)))  # all leave at one stage
            for reach in [*ends, *np.sort(rng.uniform(0.0, 1.0, (200, stages)))[:, ::-1]]:
                work = float(pricing.busy(placed) @ reach)
                if work > 0:
                    ratios.append(float(pricing.called(placed) @ reach) / work)
            least = pricing.per_second(placed)
            assert least <= min(ratios) * (1 + 1e-9)
            assert least == pytest.approx(min(ratios), rel=1e-9)  # one of the ends has it
