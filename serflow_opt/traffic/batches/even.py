"""Services that take batches as schedules of a fluid see them: back to back, of the size that does most in its time.

No batches of whatever sizes do more a second on a machine, and none cost less a request on a function, so what no
schedule of this is below no policy that serves the same blocks in batches is below either. Waits are left out.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from serflow_opt.problem.billing import AS_USED
from serflow_opt.traffic.batches.filled import of_size
from serflow_opt.traffic.service import Block, Function, Machine, Service

if TYPE_CHECKING:
    from collections.abc import Callable

FULL = "batches as full as is best, one behind the other"

AT_MEAN = "blocks, types and batches of the cheapest deployment at the mean rate"


def one_by_one_as_full(service: Service) -> Service:
    """Return a service that takes requests one by one in the time, and for the money, of their share of a batch."""
    if all(block.batch == 1 for block in service.blocks):
        return service
    blocks = [_block(service, b) if block.batch > 1 else block for b, block in enumerate(service.blocks)]
    return replace(service, blocks=tuple(blocks))


def _block(service: Service, b: int) -> Block:
    block = service.blocks[b]
    machines = tuple(_machine(service, b, own) for own in block.machines)
    function = None if block.function is None else _function(service, b, block.function)
    return replace(block, machines=machines, function=function, batch=1, batch_wait_s=0.0)


def _machine(service: Service, b: int, machine: Machine) -> Machine:
    """The same whatever becomes of a request, hand-over included."""
    each = _least(service.blocks[b].batch, lambda n: of_size(service, b, n, machine).seconds)
    same = (each,) * len(machine.seconds)
    return replace(machine, seconds=same, sends=False, sd_s=(), stage_s=())


def _function(service: Service, b: int, function: Function) -> Function:
    """Paid by the request; its seconds, which nothing but carbon is counted by then, are the least of one, too."""
    batch = service.blocks[b].batch
    each = _least(batch, lambda n: of_size(service, b, n).usd)
    seconds = (_least(batch, lambda n: of_size(service, b, n).called_s),) * len(function.seconds)
    paid = {"usd_per_s": 0.0, "usd_per_request": each, **AS_USED}
    return replace(function, seconds=seconds, sd_s=(), stage_s=(), **paid)  # type: ignore[arg-type]


def _least(batch: int, of: Callable[[int], float]) -> float:
    """Return the least of a request over sizes of batches."""
    return min(of(n) / n for n in range(1, batch + 1))
