"""Trainings drawn at random, small enough to enumerate."""

from __future__ import annotations

from oracles import training as oracle


def small(seed: int) -> oracle.Case:
    """A case of at most 3 groups."""
    case = oracle.drawn(seed)
    del case.clients[3 if len(case.stages) < 4 else 2 :]
    return case
