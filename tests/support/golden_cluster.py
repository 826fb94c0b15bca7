"""Golden cases of servers filled with instances, `formulations/cluster.py`: see `test_formulations.py`."""

from __future__ import annotations

import math
from typing import Any

import pyomo.core as pyo
from support.golden_parts import golden

from serflow_opt.formulations.cluster import Branch, CardSlice, Filling, Layout, Offer, cover, cut


@golden("cluster.cover")
def two_fillings() -> Any:
    """Two networks of 8 and 4 requests/s. Filling 0 of a server at 2 serves 4 to 16 of the first and 1 of the other, 1
    of a server at 3 up to 8 of the other.
    served: θ <= 2 x_0, θ <= 0.25 x_0 + 2 x_1, θ >= 1. fed: 0.5 x_0 <= 1. there: x_0 <= 5, x_1 <= 6. branched: of a
    configuration that is in filling 0 twice there are 2 at least.
    """
    m, quantities = cover(
        [Filling(0, (16.0, 1.0), (4.0, 0.0), 1.5), Filling(1, (0.0, 8.0), (0.0, 0.0), 0.5)],
        [Offer(2.0, 5), Offer(3.0, 6)],
        (8.0, 4.0),
        True,
        [Branch((2.0, 0.0), 2.0, math.inf)],
    )
    m.objective = pyo.Objective(expr=quantities["price"])
    return m


@golden("cluster.mix")
def only_the_mix_counts() -> Any:
    """The same where nothing is asked: fed is 0.5 x_0 <= θ, θ >= 0 is as large as can be, 12 θ requests/s."""
    m, quantities = cover([Filling(0, (16.0, 1.0), (4.0, 0.0), 1.5)], [Offer(2.0, 5)], (8.0, 4.0), False)
    m.objective = pyo.Objective(expr=-quantities["throughput"])
    return m


@golden("cluster.cut")
def a_card_cut_in_slices() -> Any:
    """One network of 8 requests/s, on 1g for 4 or on 2g for 6 to 9; two cards a server at 2,
    cut into three 1g, or 2g and 1g.
    served: θ <= 0.5 n_0 + 1.125 n_1. fed: 0.75 n_1 <= 1. cut_cards: y_0 + y_1 <= 2 z. slices:
    n_0 <= 3 y_0 + y_1, n_1 <= y_1.
    """
    m, quantities = cut(
        [CardSlice(0, 0, "1g", 4.0, 0.0, 0.25), CardSlice(0, 0, "2g", 9.0, 6.0, 0.5)],
        [Layout(0, {"1g": 3}), Layout(0, {"2g": 1, "1g": 1})],
        [Offer(2.0, 5)],
        [2],
        (8.0,),
        True,
    )
    m.objective = pyo.Objective(expr=quantities["price"])
    return m


def built_names() -> set[str]:
    """Names of the constraints."""
    return {
        own.local_name
        for m in (two_fillings(), only_the_mix_counts(), a_card_cut_in_slices())
        for own in m.component_objects(pyo.Constraint)
    }
