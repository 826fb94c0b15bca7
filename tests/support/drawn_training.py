"""Trainings drawn at random, small enough to enumerate."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
from oracles import training as oracle
from support.training import write

import serflow_opt as so
from serflow_opt.families.training.inner import Setup
from serflow_opt.families.training.rows import rows_of

KEYS = {
    "time": ("deadline_h", 1 / 3600),
    "cost": ("cost_max_usd", 1.0),
    "energy": ("energy_max_j", 1.0),
    "privacy": ("privacy_max", 1.0),
    "accuracy": ("accuracy_min", 1.0),
    "traffic": ("traffic_max_gb", 1e-9),
}
"""Keys of limits, and what is shown of a unit."""
LIMITED = ("time", "cost", "energy", "traffic")


def small(seed: int) -> oracle.Case:
    """A case of at most 3 groups."""
    case = oracle.drawn(seed)
    del case.clients[3 if len(case.stages) < 4 else 2 :]
    return case


def setups(seed: int, folder: Path) -> list[Setup]:
    """Settings whose slow server couples the groups, with goals and limits that some choice of rows keeps."""
    case, draw = oracle.drawn(seed), random.Random(seed)
    del case.clients[3:]
    case.servers = [own | {"speed": 0.1 * own["speed"]} for own in case.servers if "usd_per_hour" in own]
    data = so.load(write(case, folder)).data
    found = []
    for setting in draw.sample([own for own in data.settings if own.mode == "hybrid"], 3):
        rows = rows_of(data, setting)
        assert rows is not None
        goal = {name: draw.random() * 10 for name in draw.sample(LIMITED, 2)}
        choice = np.array([draw.choice(np.flatnonzero(own).tolist()) for own in rows.offered])
        at = (np.arange(len(choice)), choice)
        t = max(rows.lasts[at].max(), rows.served[at].sum())
        achieved = {n: rows.fixed[n] + rows.per_t[n] * t + rows.parts[n][at].sum() for n in LIMITED}
        limits = {name: 1.05 * float(achieved[name]) for name in draw.sample(LIMITED, 2)}
        found.append(Setup(rows, np.ones(len(rows.rows), dtype=bool), goal, limits))
    return found
