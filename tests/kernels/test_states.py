"""What menus leave room for, in kernels and by envelopes."""

from __future__ import annotations

import numpy as np
import pytest
from support import tiny

from serflow_opt.formulations.coefficients import Data
from serflow_opt.search.layered import Chain
from serflow_opt.search.prefixes import most_value


@pytest.mark.parametrize("multiplier", [0.0, 0.5, 3.0])
@pytest.mark.parametrize("most", [-2.0, 0.625, 2.0, np.inf])
def test_a_state_hands_on_what_its_menu_leaves(most: float, multiplier: float) -> None:
    """On one VM the room at stage 2 is that of the envelope behind what input and stage 1 take."""
    chain = Chain.of(Data(tiny.one_vm()), {"cost": 1.0})
    weights = np.array([1.0, multiplier])
    allowed = most_value(chain, weights, most)
    into = float(chain.leaving[0][0].adds[0] @ weights + chain.entering[0][0].adds[0] @ weights)
    assert allowed[0, 0] == pytest.approx(most - into)
    left = np.array([most - into - float(chain.adds[0, 0] @ weights)])
    assert allowed[1, 0] == pytest.approx(float(chain.menus[0][0].most_after(left, multiplier)[0]))
