"""Waits in front of identical servers: the formulas of `traffic/queues` beside requests simulated one by one.

Over numbers of servers, loads, service times and rooms to wait: by how much the formulas miss the share that finds no
room, the mean wait, the share that waits, and the shares that wait longer than one in ten and in a hundred of those
who wait do in the simulation. Shares that the simulation does not know well enough are left out.
"""

from __future__ import annotations

import argparse
import math
import sys
from itertools import product
from pathlib import Path

import numpy as np
from reporting import setting, table, write

from serflow_opt.ground.arrays import Floats
from serflow_opt.traffic.queues.service_time import ServiceTime
from serflow_opt.traffic.queues.waiting import waiting

SERVERS, LOADS, ROOMS = (1, 2, 8, 32), (0.5, 0.8, 0.95), (None, 1, 2, "c", "4c")
RUNS = 1000
"""Side by side."""
LEVELS = (0.1, 0.01)
SEEN = 400
"""Requests that a share must rest on."""
LOST, MEAN, WAITS = range(3)


def two_point(cv: float) -> ServiceTime:
    """1 s on average: half of the requests long, and fewer where that makes no time negative."""
    share = 0.5 if cv < 1 else 0.2 if cv < 2 else 0.15
    short, long = 1 - cv * math.sqrt(share / (1 - share)), 1 + cv * math.sqrt((1 - share) / share)
    return ServiceTime((short, long), (1 - share, share))


SERVICES = {
    "fixed": ServiceTime((1.0,), (1.0,)),
    **{f"two times, cv {cv}": two_point(cv) for cv in (0.3, 0.7, 1.0, 1.5, 2.0)},
    **{f"log-normal, cv {cv}": ServiceTime((1.0,), (1.0,), cv) for cv in (0.3, 0.7, 1.0, 1.5, 2.0)},
}


def simulated(
    servers: int, load: float, service: ServiceTime, room: int | None, requests: int, seed: int
) -> tuple[float, Floats]:
    """Return the share lost and the waits of the rest (J. Kiefer, J. Wolfowitz, 1955), after a warm-up.

    Each server is free at a time; who comes takes the first to be free. Who is accepted begins no earlier than those
    before him: `room` wait where the last but so many has yet to begin.
    """
    random = np.random.default_rng(seed)
    all_runs = np.arange(RUNS)
    free, now = np.zeros((RUNS, servers)), np.zeros(RUNS)
    begins = np.full((RUNS, room or 1), -1.0)
    sigma = math.sqrt(math.log1p(service.cv_extra**2))
    spare = 1 - load if room is None else max(1 - load, 1 / (room + 1))
    warm = math.ceil(20 * servers + 3 * (1 + service.cv2) / spare**2)
    lost, waits = 0, []
    for k in range(warm + requests // RUNS):
        now += random.exponential(1 / (load * servers), RUNS)
        first = free.argmin(axis=1)
        begin = np.maximum(free[all_runs, first], now)
        stays = (begin <= now) | (begins.min(axis=1) <= now) if room else np.ones(RUNS, dtype=bool)
        took = random.choice(service.seconds, RUNS, p=service.shares)
        took = took * np.exp(sigma * random.standard_normal(RUNS) - sigma**2 / 2)
        free[all_runs[stays], first[stays]] = (begin + took)[stays]
        if room:
            begins[all_runs[stays], begins[stays].argmin(axis=1)] = begin[stays]
        if k >= warm:
            lost += RUNS - int(stays.sum())
            waits.append((begin - now)[stays])
    served = np.concatenate(waits)
    return lost / (lost + len(served)), served


def errors(servers: int, load: float, service: ServiceTime, room: int | None, requests: int, seed: int) -> Floats:
    """Return by how much the formulas are above the simulation, in parts of that; NaN where it does not know."""
    lost, waits = simulated(servers, load, service, room, requests, seed)
    queue = waiting(servers, np.array([load * servers]), service, room)
    waited = waits[waits > 0]
    found = np.full(3 + len(LEVELS), math.nan)
    if lost * requests > SEEN:
        found[LOST] = queue.lost[0] / lost - 1
    if len(waited) > SEEN:
        found[MEAN] = queue.mean_s[0] / waits.mean() - 1
        found[WAITS] = queue.beyond(np.zeros(1))[0, 0] * len(waits) / len(waited) - 1
    for i, level in enumerate(LEVELS):
        if len(waited) * level > SEEN:
            time = np.quantile(waited, 1 - level)
            found[3 + i] = queue.beyond(np.array([time]))[0, 0] / (waits > time).mean() - 1
    return found


def spread(values: Floats) -> str:
    """Return the median of what is known, and from where to where eight of ten are."""
    known = values[~np.isnan(values)]
    if not len(known):
        return ""
    low, middle, high = 100 * np.quantile(known, [0.1, 0.5, 0.9])
    return f"{middle:+.0f} ({low:+.0f} .. {high:+.0f})"


def main() -> None:
    """Run the grid and print a table a kind of room."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=1_000_000, help="simulated for each case")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    first = setting()
    header = ["service times", "lost", "mean wait", "who waits", *(f"longest {100 * level:g} %" for level in LEVELS)]
    parts = [first, f"{asked.requests:,} requests a case; formula over simulation, in %: median (10 % .. 90 %)."]
    for title, rooms in (("Room for all", ROOMS[:1]), ("Room for some", ROOMS[1:])):
        rows = []
        for name, service in SERVICES.items():
            found = []
            for k, (servers, load, room) in enumerate(product(SERVERS, LOADS, rooms)):
                places = {"c": servers, "4c": 4 * servers}.get(room, room) if isinstance(room, str) else room
                found.append(errors(servers, load, service, places, asked.requests, asked.seed + k))
            rows.append([name, *(spread(column) for column in np.array(found).T)])
            print(title, name, file=sys.stderr)
        parts.append(f"{title}\n\n{table(header, rows)}")
    text = "\n\n".join(parts)
    print(text)
    if asked.out:
        write(asked.out, "queues", text)


if __name__ == "__main__":
    main()
