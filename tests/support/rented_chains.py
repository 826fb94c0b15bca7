"""Random instances on machines rented whole, as the kernels of groups take them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from oracles.enumeration_draws import draw
from oracles.enumeration_questions import rented

import serflow_opt as so
from serflow_opt.formulations.coefficients import Data
from serflow_opt.search.layered import Chain
from serflow_opt.search.rented.columns import Columns
from serflow_opt.search.rented.groups import GroupSearch, grouped
from serflow_opt.search.rented.question import taken
from serflow_opt.search.rented.search import RentedSearch


def searches(seeds: range, folder: Path) -> Iterator[tuple[RentedSearch, GroupSearch]]:
    """A search that has not begun, and its groups, of each draw that has some."""
    for seed in seeds:
        instance = so.load(draw(seed, folder / str(seed), without=("tail",), change=rented))
        goal = {instance.minimize: 1.0}
        if not taken(instance, goal) or not Data(instance).connected:  # type: ignore[arg-type]
            continue
        chain = Chain.of(Data(instance), goal)  # type: ignore[arg-type]
        if grouped(chain):
            search = RentedSearch(chain, 1e-6)
            yield search, GroupSearch(Columns(chain), search.before, search.most, False, 1e-6, 0.0, 0.0)
