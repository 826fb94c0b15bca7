"""Small instances of time-shifting, and their optima by enumeration of the machines."""

from __future__ import annotations

import itertools
import math
import random
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import linprog

HEAD = 'schema = 1\nkind = "shifting"\nname = "small"\nhours = "hours.csv"\n'


def written(folder: Path, keys: str, rows: str = "4,360\n2,36\n", tables: str = "") -> Path:
    """An instance of a few hours with one grid, `g`."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "hours.csv").write_text(f"requests_per_s,g\n{rows}", encoding="utf-8")
    path = folder / "instance.toml"
    path.write_text(f"{HEAD}{keys}{tables}", encoding="utf-8")
    return path


MACHINE = '[[machine]]\nname = "m"\ngrid = "g"\nrequests_per_s = 2.0\nusd_per_hour = 3.0\nwatts = [100.0, 300.0]\n'
FUNCTION = '[function]\ngrid = "g"\nusd_per_million = 400.0\njoules_per_request = 200.0\n'


def drawn(seed: int, folder: Path) -> tuple[Path, dict[str, Any]]:
    """A random instance of three hours, one or two types of machines, and its numbers."""
    rng = random.Random(seed)
    demand = [rng.choice((0.0, 1.0, 2.5, round(rng.uniform(0, 6), 2))) for _ in range(3)]
    grid = [rng.choice((50, 200, 600)) for _ in range(3)]
    share, defer = rng.choice((0.0, 0.3, 0.5, 1.0)), rng.choice((0, 1, 2))
    repeats, price = rng.random() < 0.5, rng.choice((0.0, 80.0, 5000.0))
    machines = [
        (rng.choice((1.0, 2.0, 3.3)), rng.choice((0.1, 0.5)), sorted((rng.randint(5, 90), rng.randint(5, 90))))
        for _ in range(rng.choice((1, 2)))
    ]
    function = (rng.choice((20.0, 60.0)), rng.choice((1.0, 30.0))) if rng.random() < 0.7 else None
    keys = f"deferrable = {share}\ndefer_h = {defer}\nrepeats = {str(repeats).lower()}\nusd_per_tonne = {price}\n"
    objective = rng.choice(("carbon", "cost", "total"))
    keys += f'objective = "{objective}"\n'
    tables = "".join(
        f'[[machine]]\nname = "m{k}"\ngrid = "g"\nrequests_per_s = {rate}\nusd_per_hour = {usd}\n'
        f"watts = [{watts[0]}.0, {watts[1]}.0]\nembodied_g_per_hour = 2.0\npue = 1.2\n"
        for k, (rate, usd, watts) in enumerate(machines)
    )
    if function is not None:
        tables += f'[function]\ngrid = "g"\nusd_per_million = {function[0]}\njoules_per_request = {function[1]}\n'
    rows = "".join(f"{d},{g}\n" for d, g in zip(demand, grid, strict=True))
    numbers = {
        "demand": demand, "grid": grid, "share": share, "defer": defer, "repeats": repeats, "price": price,
        "machines": machines, "function": function, "objective": objective,
    }  # fmt: skip
    return written(folder, keys, rows, tables), numbers


def best(own: dict[str, Any]) -> float:
    """The optimum: all numbers of machines in turn, and for each the best flows, by formulas of this module."""
    hours, machines, function = range(3), own["machines"], own["function"]
    pairs = [
        (t, (t + k) % 3)
        for t in hours
        for k in range(1, own["defer"] + 1)
        if own["repeats"] or t + k < 3
    ]  # fmt: skip
    weigh = {"carbon": (0.0, 1.0), "cost": (1.0, 0.0), "total": (1.0, own["price"] / 1e6)}[own["objective"]]
    kilowatt = [g / 1000 * 1.2 for g in own["grid"]]
    kinds = [(k, u) for k in range(len(machines)) for u in hours]
    most = [range(math.ceil(sum(own["demand"]) / rate) + 1) for rate, _, _ in machines]
    columns = len(pairs) + len(kinds) + 3
    cost = np.zeros(columns)
    for c, (k, u) in enumerate(kinds):
        cost[len(pairs) + c] = weigh[1] * (machines[k][2][1] - machines[k][2][0]) * kilowatt[u] / machines[k][0]
    for u in hours:
        if function is not None:
            grams = function[1] * own["grid"][u] / 3.6e6
            cost[len(pairs) + len(kinds) + u] = 3600 * (weigh[0] * function[0] / 1e6 + weigh[1] * grams)
    equal, upper, room = np.zeros((3, columns)), np.zeros((3, columns)), [own["share"] * d for d in own["demand"]]
    for c, (t, u) in enumerate(pairs):
        equal[t, c], equal[u, c], upper[t, c] = equal[t, c] + 1, equal[u, c] - 1, 1
    for c, (_, u) in enumerate(kinds):
        equal[u, len(pairs) + c] = 1
    for u in hours:
        equal[u, len(pairs) + len(kinds) + u] = 1
    found = math.inf
    choices = [itertools.product(span, repeat=3) for span in most]
    for counts in itertools.product(*map(list, choices)):
        fixed = sum(
            counts[k][u] * (weigh[0] * machines[k][1] + weigh[1] * (machines[k][2][0] * kilowatt[u] + 2.0))
            for k, u in kinds
        )
        if fixed >= found:
            continue
        limits = [(0, None)] * len(pairs) + [(0, counts[k][u] * machines[k][0]) for k, u in kinds]
        limits += [(0, None if function is not None else 0)] * 3
        flow = linprog(cost, upper, room, equal, own["demand"], limits)
        if flow.status == 0:
            found = min(found, fixed + flow.fun)
    return found
