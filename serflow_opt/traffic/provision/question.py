"""What `provision` is asked, how far a search for the answer is, and what it finds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from serflow_opt.problem.instance import Instance
from serflow_opt.traffic.carrying import Carrying
from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.provision.spares import AVAILABILITY
from serflow_opt.traffic.provision.structures import Structure
from serflow_opt.traffic.provision.waits import Size
from serflow_opt.traffic.simulate.service_times import Law


@dataclass(frozen=True, slots=True)
class Moment:
    """How far a search is: structures proven or solved, of how many; best and bound, USD per second."""

    done: int
    structures: int
    best: float
    bound: float


@dataclass(frozen=True, slots=True)
class ProvisionQuestion:
    """What `provision` is asked; see there."""

    instance: Instance
    demand: Rates
    blocks: int
    wait_max: float | None
    carrying: Carrying
    keep: Callable[[Structure], bool] | None = None
    confirm: bool = True
    pools: int = 1
    law: Law = field(default_factory=Law)
    prove_waits: bool | None = False
    availability: float = AVAILABILITY


@dataclass(frozen=True, slots=True)
class SizedStructure:
    """A deployment: positions of options and thresholds, machines and waiting places by pool."""

    structure: Structure
    levels: tuple[int, ...]
    sizes: tuple[Size, ...]
