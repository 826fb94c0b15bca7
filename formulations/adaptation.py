"""Adaptations: compressed hand-overs (γ), variants of blocks of stages (κ), protections (π, τ).

Which runner and which way a path takes is decided in `placement.py`; here is what that does to accuracy and to exits.

Data
    δ_{s,e}          accuracy lost by a request that enters stage s as e: the first stage of a block in a variant
    δ_{s,e,k,w}      accuracy lost by a request that is handed over in way w
    L_{s,v}          levels of stage s that belong to variant v's own menu, or to none

With u the path scaled by the reach R_s, every request that crosses or enters loses its δ, exactly:

    lost = Σ_{s,e} δ_{s,e} u_{s,e} + Σ_{s,e,k,w} δ_{s,e,k,w} uleave_{s,e,k,w}

A variant with its own exit table brings its own levels, which are open to its runners only:

    Σ_{e: v(e) = v} x_{s,e} - Σ_{l in L_{s,v}} z_{s,l} = 0         own_menu       a stage nobody reaches has no x and
                                                                                 takes a level of its own menu
    Σ_{l in L_{s,v}} v_{s,l} = Σ_{e: v(e) = v} u_{s,e}             own_flow       where the scaled path is there

A classifier that may be on or off (`problem/ramps.py`) is a variant of its stage alone. So many may be on:

    Σ_{s,e: v(e) is a ramp} x_{s,e} <= ramps_max                   ramps_ceiling

As printed, (1 - γ) and (1 - κ) are removed at no cost (survey 2.2.1 (5), survey 2.2.1 (6)); here each entry
of a menu keeps a measured share and costs operations and accuracy.
"""

from __future__ import annotations

from typing import Any

import pyomo.core as pyo

from serflow_opt.formulations.coefficients import Data
from serflow_opt.formulations.placement import Path
from serflow_opt.problem.kinds import AS_IS


def costs_accuracy(data: Data) -> bool:
    """Whether some way or variant costs accuracy."""
    return any(data.lost(s, e) for s, e in data.places) or any(data.way_lost(hop) for hop in data.hops)


def accuracy_lost(data: Data, scaled: Path) -> Any:
    """Return the accuracy that adaptations take from requests (survey 2.2.1 (4)). Expects the path scaled by reach."""
    return pyo.quicksum(data.lost(s, e) * scaled.on[s, e] for s, e in data.places if data.lost(s, e)) + pyo.quicksum(
        data.way_lost(hop) * scaled.leave[hop] for hop in data.hops if data.way_lost(hop)
    )


def add_own_menus(m: Any, data: Data, scaled: Path | None) -> None:
    """Tie levels to the runners they belong to. Expects `add_exits` and `add_placement`.

    Parameters
    ----------
    scaled
        The path scaled by reach; None: the model has none, and own_flow is left out.
    """

    def levels(s: int, v: int) -> list[int]:
        return [level for level in data.levels[s] if data.menu[s][level].variant == v]

    def runners(s: int, v: int) -> list[tuple[int, int]]:
        return [(t, e) for t, e in data.places if t == s and data.menu_used(s, e) == v]

    @m.Constraint(data.own_menus)
    def own_menu(m: Any, s: int, v: int) -> Any:  # survey 2.2.1 (4)
        chosen = [m.z[s, level] if s in data.choosing else 1.0 for level in levels(s, v)]
        if v == AS_IS and any(t < s for t, _ in data.ends):
            others = [place for place in data.places if place[0] == s and place not in runners(s, v)]
            return 1 - pyo.quicksum(m.x[place] for place in others) - pyo.quicksum(chosen) == 0
        return pyo.quicksum(m.x[place] for place in runners(s, v)) - pyo.quicksum(chosen) == 0

    @m.Constraint(data.own_menus if scaled is not None else [])
    def own_flow(m: Any, s: int, v: int) -> Any:  # survey 2.2.1 (4)
        assert scaled is not None
        flow = pyo.quicksum(scaled.on[place] for place in runners(s, v))
        return pyo.quicksum(m.v[s, level] for level in levels(s, v)) == flow


def add_ramps_ceiling(m: Any, data: Data) -> None:
    """Let at most so many classifiers be on. Expects `add_placement`."""
    on = [(s, e) for s, e in data.places if data.instance.is_ramp(data.runners[e].variant)]
    if on:
        m.ramps_ceiling = pyo.Constraint(expr=pyo.quicksum(m.x[place] for place in on) <= data.instance.ramps_max)
