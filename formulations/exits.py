"""Thresholds, reach and accuracy (survey 2.2.1 (2), survey 2.2.1 (3)).

Data
    ε_{s,l}  share of the requests reaching stage s that leave there at threshold l
    r_{s,l}  accuracy of those
    A_tar    accuracy asked for

Variables
    R_s      reach: share of all requests that enter stage s, R_1 = 1
    z_{s,l}  1 when classifier s uses threshold l (one-hot)
    v_{s,l}  = R_s z_{s,l}, the reach scaled choice

The survey's β_s is unconditional: β_s = R_s ε_s(α_s). Survivors multiply, R_{s+1} = R_s (1 - ε_s). Scaling the one-hot
choice by the flow makes this product exact and linear:

    Σ_l z_{s,l} = 1                                       one_threshold
    Σ_l v_{s,l} = R_s                                     split_reach
    lo_s z_{s,l} <= v_{s,l} <= hi_s z_{s,l}               scale_choice_low, scale_choice
    R_{s+1} = Σ_l (1 - ε_{s,l}) v_{s,l}                   survive
    Σ_s Σ_l ε_{s,l} r_{s,l} v_{s,l} - lost >= A_tar       accuracy_floor

lost is what adaptations take away (`adaptation.py`), 0 without them. lo_s and hi_s are the smallest and largest reach
the menus allow, so no big-M is guessed.

Flag_Train (survey 2.2.1 (10), printed the wrong way round: 1 infers, 0 trains) sets all β to 0: in training the menus
let nobody leave before stage M (`problem/training.py`), so that R_s = 1 in all of these.

`randomized` leaves z out: v >= 0 is then the occupation measure of a constrained Markov decision process, v_{s,l} / R_s
the probability of threshold l. `interpolated` lets α lie between neighbouring thresholds, see `piecewise.py`.
"""

from __future__ import annotations

from typing import Any

import pyomo.core as pyo

from serflow_opt.formulations.coefficients import Data
from serflow_opt.formulations.piecewise import add_scaled_piecewise


def add_exits(m: Any, data: Data) -> None:
    """Add reach, threshold choices and their products to the model.

    Expects nothing; adds R[s], v[s, l], z[s, l] (menu) or segment[s, i] (interpolated).
    """
    m.R = pyo.Var(data.stages, bounds=lambda m, s: (data.reach_low[s], data.reach_high[s]))
    m.v = pyo.Var(data.rows, bounds=lambda m, s, level: (0.0, data.reach_high[s]))

    @m.Constraint(data.stages)
    def split_reach(m: Any, s: int) -> Any:  # survey 2.2.1 (3), survey 2.2.3 (4)
        return pyo.quicksum(m.v[s, level] for level in data.levels[s]) == m.R[s]

    @m.Constraint(data.stages[:-1])
    def survive(m: Any, s: int) -> Any:  # survey 2.2.1 (3), survey 2.2.3 (4)
        stays = pyo.quicksum((1 - data.exit_rate(s, level)) * m.v[s, level] for level in data.levels[s])
        return m.R[s + 1] == stays

    match data.instance.threshold_mode:
        case "menu":
            _add_one_hot(m, data)
        case "interpolated":
            add_scaled_piecewise(m, data)
        case "randomized":
            pass


def _add_one_hot(m: Any, data: Data) -> None:
    rows = [(s, level) for s in data.choosing for level in data.levels[s]]
    m.z = pyo.Var(rows, domain=pyo.Binary)

    @m.Constraint(data.choosing)
    def one_threshold(m: Any, s: int) -> Any:  # survey 2.2.1 (9), survey 2.2.3 (7)
        return pyo.quicksum(m.z[s, level] for level in data.levels[s]) == 1

    @m.Constraint(rows)
    def scale_choice(m: Any, s: int, level: int) -> Any:  # survey 2.2.1 (3), survey 2.2.3 (4)
        return m.v[s, level] <= data.reach_high[s] * m.z[s, level]

    @m.Constraint([row for row in rows if data.reach_low[row[0]] > 0])
    def scale_choice_low(m: Any, s: int, level: int) -> Any:  # survey 2.2.1 (3), survey 2.2.3 (4)
        return m.v[s, level] >= data.reach_low[s] * m.z[s, level]


def accuracy(m: Any, data: Data) -> Any:
    """Return the accuracy of all requests, Σ_s β_s A_s (survey 2.2.1 (2)), without what adaptations take away."""
    return pyo.quicksum(
        data.exit_rate(s, level) * data.accuracy(s, level) * m.v[s, level]
        for s, level in data.rows
        if data.exit_rate(s, level) > 0
    )


def add_accuracy_floor(m: Any, data: Data, reached: Any) -> None:
    """Add the accuracy >= A_tar.

    Parameters
    ----------
    reached
        Expression of the accuracy, a share, less what adaptations take away.
    """
    assert data.instance.accuracy_min is not None
    m.accuracy_floor = pyo.Constraint(  # survey 2.2 (2), survey 2.2.1 (2), survey 2.2.3 (3)
        expr=reached >= -data.opened(-data.instance.accuracy_min)
    )
