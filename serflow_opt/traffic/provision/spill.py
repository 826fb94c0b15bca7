"""What the machines of a block do not take, and goes to its function."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from serflow_opt.traffic.carrying import Carrying

if TYPE_CHECKING:
    from serflow_opt.traffic.demand.rates import Rates
    from serflow_opt.traffic.service import Machine


def no_room(servers: int, load: float, room: int) -> float:
    """Share of Poisson arrivals that find neither a free worker nor room to wait.

    Parameters
    ----------
    servers
        Workers.
    load
        Workers that would be busy if nobody were turned away.
    room
        Requests that may wait.
    """
    loads = np.array([load])
    return float(1 - Carrying("random", 1.0).carried(servers, loads, room)[0] / load) if load > 0 else 0.0


def spilled_rate(
    demand: Rates,
    reach: float,
    machine_rate: float,
    servers: int,
    machine: Machine | None,
    carrying: Carrying,
    room: int = 0,
) -> float:
    """Requests per second of a block that its machines do not take, on average over the rates.

    Parameters
    ----------
    demand
        Rates of the requests that arrive at the service.
    reach
        R_b, share of them that enters the block.
    machine_rate
        r_b, requests per second that keep all workers of a machine busy; inf: one machine takes all.
    servers
        Workers of all its machines.
    machine
        Its type; None: there is none.
    carrying
        What machines carry.
    room
        Requests that may wait for a worker.
    """
    entering = demand.rates * reach
    if machine is None or servers == 0 or not entering.any():
        return float(entering @ demand.shares)
    if math.isinf(machine_rate):
        return 0.0
    loads = entering / machine_rate * machine.workers
    taken = np.divide(carrying.carried(servers, loads, room), loads, out=np.ones_like(loads), where=loads > 0)
    return float((entering * (1 - taken)) @ demand.shares)
