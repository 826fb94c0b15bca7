"""One pool of machines on demand and on spot: how many of each, so that enough are up at a stated availability.

Sets
    g in G           groups of offers that depend on each other: one, those of a zone that may vanish, or of zones
                     that do so together; groups are independent
    r in R_g         choices of a group: how many of each of its offers
    c in C           workers up, 0 .. the most there can be

Data
    b_{g,r,k}        probability that k workers of group g are up under choice r
    v_{q,g,r}        what choice r adds to quantity q, all but those below: USD an hour, interruptions a day
    l_c              share of requests that are late while c workers are up, falling in c
    e                enough workers: the least c with l_c within the target

A machine that runs for 1/δ on average and is replaced after ρ is up for a share A = (1/δ) / (1/δ + ρ) of the time,
whatever the laws of both times (alternating renewals). n of them, each by itself, are up in binomial numbers. The zones
of a group are in state s for a share ω_s of the time, independently of the machines, and J_s are the offers whose zone
is there; with w_j workers a machine

    b_{g,r,k} = Σ_s ω_s Σ_{Σ_{j in J_s} w_j k_j = k} Π_{j in J_s} binom(n_j, k_j) A_j^{k_j} (1 - A_j)^{n_j - k_j}    (1)

Variables
    x_{g,r} in {0, 1}      choice r is taken in group g
    f_{g,r,c} >= 0         probability that c workers of the groups before g are up, where r is taken; else 0
    p_{g,c} >= 0           the same of the groups up to g; p_0 is certainly none

    Σ_r x_{g,r} = 1                                      one_choice      (2)
    Σ_c f_{g,r,c} - x_{g,r} = 0                          all_or_nothing  (3)  all probability passes by what is taken
    Σ_r f_{g,r,c} - p_{g-1,c} = 0                        passed_on       (4)
    p_{g,c} - Σ_r Σ_k b_{g,r,k} f_{g,r,c-k} = 0          convolved       (5)

and, as quantities, (6) Σ_g Σ_r v_{q,g,r} x_{g,r}, (7) the share of late requests Σ_c l_c p_{G,c}, and (8) the
availability Σ_{c >= e} p_{G,c}. Products of choice and probability are exact: where x is whole, f is p_{g-1} for the
choice taken and nothing for the others, so that the probabilities convolve offer by offer.

(7) is the mean over the states of the pool of what is late in each for good: backlogs do not outlast a state. It is
near where machines stay up for many times as long as requests take.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pyomo.core as pyo


class GroupChoice(NamedTuple):
    """A choice of a group: b by workers up, and v by quantity."""

    up: Sequence[float]
    adds: Mapping[str, float]


def spot_pool_model(
    groups: Sequence[Sequence[GroupChoice]], late: Sequence[float], enough: int
) -> tuple[Any, dict[str, Any]]:
    """Return the model, and its quantities as linear expressions: late, availability, and those that choices add to.

    Parameters
    ----------
    groups
        The choices of each group.
    late
        l, by workers up, as far as any choices reach.
    enough
        e, workers; more than there can be: never enough.
    """
    m = pyo.ConcreteModel()
    most = len(late) - 1
    m.G, m.C = pyo.RangeSet(0, len(groups) - 1), pyo.RangeSet(0, most)
    m.X = pyo.Set(initialize=[(g, r) for g, own in enumerate(groups) for r in range(len(own))], dimen=2)
    m.x = pyo.Var(m.X, domain=pyo.Binary)
    m.f, m.p = pyo.Var(m.X, m.C, bounds=(0, 1)), pyo.Var(m.G, m.C, bounds=(0, 1))

    def rows(g: int) -> range:
        return range(len(groups[g]))

    m.one_choice = pyo.Constraint(m.G, rule=lambda m, g: pyo.quicksum(m.x[g, r] for r in rows(g)) == 1)
    m.all_or_nothing = pyo.Constraint(
        m.X, rule=lambda m, g, r: pyo.quicksum(m.f[g, r, c] for c in m.C) - m.x[g, r] == 0
    )

    def passed_on(m: Any, g: int, c: int) -> Any:
        before = m.p[g - 1, c] if g else float(c == 0)
        return pyo.quicksum(m.f[g, r, c] for r in rows(g)) - before == 0

    m.passed_on = pyo.Constraint(m.G, m.C, rule=passed_on)

    def convolved(m: Any, g: int, c: int) -> Any:
        came = pyo.quicksum(
            b * m.f[g, r, c - k] for r in rows(g) for k, b in enumerate(groups[g][r].up[: c + 1]) if b > 0
        )
        return m.p[g, c] - came == 0

    m.convolved = pyo.Constraint(m.G, m.C, rule=convolved)
    last = len(groups) - 1
    names = list(groups[0][0].adds)
    return m, {
        "late": pyo.quicksum(late[c] * m.p[last, c] for c in m.C),
        "availability": pyo.quicksum(m.p[last, c] for c in m.C if c >= enough),
        **{name: pyo.quicksum(groups[g][r].adds[name] * m.x[g, r] for g, r in m.X) for name in names},
    }
