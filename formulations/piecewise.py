"""Thresholds between menu points: a piecewise-linear curve times a flow, exactly (survey 2.2.1 (3)).

Between neighbouring thresholds α_l and α_{l+1} the exit rate e(α) and the accuracy mass e(α) r(α) are linear. Both
are then linear in the weights of the two end points, and both are needed times the reach R_s. Scaling the weights by
the reach keeps that exact, so the only error of the decomposition is in the curves, never in a product.

Variables
    segment_{s,i}   1 when α_s lies between thresholds i and i+1
    left_{s,i}      R_s times the weight of threshold i while in segment i
    right_{s,i}     R_s times the weight of threshold i+1 while in segment i

Equations (disaggregated convex combination: its relaxation is the convex hull of the curve times the flow)

    Σ_i segment_{s,i} = 1                                              one_segment
    lo_s segment_{s,i} <= left_{s,i} + right_{s,i} <= hi_s segment_{s,i}   scale_segment_low, scale_segment
    v_{s,l} = left_{s,l} + right_{s,l-1}                               weigh_ends
"""

from __future__ import annotations

from typing import Any

import pyomo.core as pyo

from serflow_opt.formulations.coefficients import Data


def add_scaled_piecewise(m: Any, data: Data) -> None:
    """Tie v[s, l] to at most two neighbouring thresholds. Expects R and v of `exits.add_exits`."""
    segments = [(s, i) for s in data.choosing for i in data.levels[s][:-1]]
    m.segment = pyo.Var(segments, domain=pyo.Binary)
    m.left = pyo.Var(segments, bounds=(0.0, 1.0))
    m.right = pyo.Var(segments, bounds=(0.0, 1.0))

    @m.Constraint(data.choosing)
    def one_segment(m: Any, s: int) -> Any:  # survey 2.2.1 (9), survey 2.2.3 (7)
        return pyo.quicksum(m.segment[s, i] for i in data.levels[s][:-1]) == 1

    @m.Constraint(segments)
    def scale_segment(m: Any, s: int, i: int) -> Any:  # survey 2.2.1 (3), survey 2.2.3 (4)
        return m.left[s, i] + m.right[s, i] <= data.reach_high[s] * m.segment[s, i]

    @m.Constraint([(s, i) for s, i in segments if data.reach_low[s] > 0])
    def scale_segment_low(m: Any, s: int, i: int) -> Any:  # survey 2.2.1 (3), survey 2.2.3 (4)
        return m.left[s, i] + m.right[s, i] >= data.reach_low[s] * m.segment[s, i]

    @m.Constraint([(s, level) for s in data.choosing for level in data.levels[s]])
    def weigh_ends(m: Any, s: int, level: int) -> Any:  # survey 2.2.1 (3), survey 2.2.3 (4)
        ends = []
        if (s, level) in m.left:
            ends.append(m.left[s, level])
        if (s, level - 1) in m.right:
            ends.append(m.right[s, level - 1])
        return m.v[s, level] == pyo.quicksum(ends)
