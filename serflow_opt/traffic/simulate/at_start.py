"""Machines that are there when a simulation begins: of a service that runs already and gets another policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from serflow_opt.errors import InputError, Problem

if TYPE_CHECKING:
    from serflow_opt.traffic.service import Service
    from serflow_opt.traffic.simulate.lanes import Lanes

Machines = tuple[dict[str, int], ...]
"""By block, how many there are of each type."""


def begun(service: Service, stations: Sequence[Lanes], machines: Sequence[Mapping[str, int]]) -> Machines:
    """Let blocks begin with machines that serve from second 0 on; return those of each block.

    Parameters
    ----------
    service, stations
        The service, and its blocks as they are simulated.
    machines
        By block; empty: no block has any.

    Raises
    ------
    ValueError
        For another number of blocks, types that a block does not have, more machines of a type than there may be, what
        is no number of machines, and blocks whose pools share requests.
    """
    if not machines:
        return tuple({} for _ in stations)
    if len(machines) != len(stations):
        raise ValueError(f"machines_at_start: of {len(machines)} blocks, where the service has {len(stations)}")
    for block, own in zip(service.blocks, machines, strict=True):
        most = {machine.name: machine.machines_max for machine in block.machines}
        for name, count in own.items():
            if name not in most or not 0 <= count == int(count) or count > (most[name] or count):
                raise ValueError(f"machines_at_start: {count} x {name!r}; the block may have {most}")
        if own and block.shares:
            raise ValueError("machines_at_start: pools that share the requests of a block have machines from `Fixed`")
    there = tuple({name: int(count) for name, count in own.items()} for own in machines)
    for station, own in zip(stations, there, strict=True):
        station.stations[0].pool.fleet.begin_with(own)
    return there


def no_fewer(wanted: Machines, there: Machines) -> Machines:
    """Return machines that are wanted, of each type no fewer than are there."""
    pairs = zip(wanted, there, strict=True)
    return tuple(own | {name: max(n, own.get(name, 0)) for name, n in has.items()} for own, has in pairs)


def of_blocks(service: Service, counts: Mapping[str, int]) -> Machines:
    """Return the machines of each block, where each type is in one block or so many in each that has it.

    Parameters
    ----------
    service
        Its blocks have types of machines.
    counts
        By type.

    Raises
    ------
    InputError
        For a type that no block has.
    """
    known = {machine.name: None for block in service.blocks for machine in block.machines}
    wrong = [name for name in counts if name not in known]
    if wrong:
        cure = f"give one of {', '.join(known)}" if known else "leave it out: functions serve alone"
        found = f"no block has {', '.join(wrong)}"
        raise InputError([Problem("", "--machines-at-start", found, cure)])
    return tuple({m.name: counts[m.name] for m in block.machines if m.name in counts} for block in service.blocks)
