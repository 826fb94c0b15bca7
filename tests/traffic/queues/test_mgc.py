"""The guess for many servers: against requests that wait their turn one by one."""

from __future__ import annotations

import numpy as np
import pytest

from serflow_opt.traffic.queues.erlang import erlang_c
from serflow_opt.traffic.queues.mgc import SPARE, _table
from serflow_opt.traffic.queues.service_time import ServiceTime
from serflow_opt.traffic.queues.waiting import waiting

RUNS, REQUESTS, WARM = 4000, 150, 50


def simulated(
    servers: int, rate: float, service: ServiceTime, room: int | None
) -> tuple[float, np.ndarray[tuple[int], np.dtype[np.float64]]]:
    """Return the share lost and the waits of the rest: many runs side by side (Kiefer and Wolfowitz 1955).

    Each server of a run is free at a time; who comes takes the first to be free. As many wait as are accepted and have
    not begun: begins rise, so that `room` wait where the last but so many has yet to begin.
    """
    random = np.random.default_rng(7)
    free = np.zeros((RUNS, servers))
    places = 0 if room is None else room
    begins = np.full((RUNS, max(places, 1)), -1.0)
    now = np.zeros(RUNS)
    sigma = np.sqrt(np.log1p(service.cv_extra**2))
    lost, came, waits = 0, 0, []
    for k in range(REQUESTS + WARM * servers):
        now += random.exponential(1 / rate, RUNS)
        first = free.argmin(axis=1)
        begin = np.maximum(free[np.arange(RUNS), first], now)
        full = (begin > now) & (begins[:, 0] > now) if room is not None else np.zeros(RUNS, dtype=bool)
        took = random.choice(service.seconds, RUNS, p=service.shares)
        took = took * np.exp(sigma * random.standard_normal(RUNS) - sigma**2 / 2)
        stay = ~full
        free[np.flatnonzero(stay), first[stay]] = (begin + took)[stay]
        begins[stay] = np.hstack([begins[stay, 1:], begin[stay, None]])
        if k >= WARM * servers:
            lost, came = lost + int(full.sum()), came + RUNS
            waits.append((begin - now)[stay])
    return lost / came, np.concatenate(waits)


@pytest.mark.parametrize(
    ("servers", "load", "service", "room"),
    [
        (2, 0.7, ServiceTime((0.3, 1.7), (0.5, 0.5)), None),
        (4, 0.8, ServiceTime((0.2, 0.5, 2.0), (0.3, 0.3, 0.4), 0.2), 4),
        (8, 0.8, ServiceTime((1.0,), (1.0,), 0.7), 2),
        (8, 1.2, ServiceTime((0.3, 1.7), (0.5, 0.5)), 4),
    ],
)
def test_near_what_is_simulated(servers: int, load: float, service: ServiceTime, room: int | None) -> None:
    """A tenth of the share lost, of the mean and of the share that waits; a fifth of the waits of 10 % and of 1 %."""
    rate = load * servers / service.mean
    lost, waits = simulated(servers, rate, service, room)
    queue = waiting(servers, np.array([rate]), service, room)
    times = np.append(0.0, np.quantile(waits, [0.9, 0.99]))
    seen = (waits[:, None] > times).mean(axis=0)
    assert queue.lost[0] == pytest.approx(lost, rel=0.1)
    assert queue.mean_s[0] == pytest.approx(waits.mean(), rel=0.1)
    assert queue.beyond(times)[0, 0] == pytest.approx(seen[0], rel=0.1)
    for t, share in zip(times[1:], seen[1:], strict=True):
        assert queue.beyond(np.array([0.8 * t]))[0, 0] > share > queue.beyond(np.array([1.25 * t]))[0, 0]


@pytest.mark.parametrize("servers", [1, 2, 5, 13, 40, 128])
def test_tables_make_waits_rise_with_load_and_scatter(servers: int) -> None:
    """Lines through the quotients at two loads meet an idle load of 0 between 0 and 1; who waits at all: see `upto`."""
    shorter, fewer = _table(servers)
    slope = np.diff(shorter, axis=0) / np.diff(SPARE)[:, None]
    meets = shorter[:-1] - slope * SPARE[:-1, None]
    assert meets.min() >= -1e-12
    assert meets.max() <= 1 + 1e-12
    turns = np.diff(np.sign(np.diff(fewer)[np.abs(np.diff(fewer)) > 1e-12]))
    assert (turns >= 0).all()  # falls, then rises
    spare = np.linspace(1e-3, 0.999, 500)
    share = np.array([erlang_c(servers, servers * (1 - own)) for own in spare]) * np.interp(spare, SPARE, fewer)
    assert (np.diff(share) <= 0).all()
