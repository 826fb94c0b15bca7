"""A service on Ray Serve: a deployment for each block, whose replicas are its workers, behind an entrance.

The entrance fills the batches of a block, as many requests and as long as the service says, and hands each to a replica
that is free; it waits while none is. Requests that leave are answered, the others fill the next block's batches anew,
as in `traffic/batches`. Batches stand in one queue before all replicas of a block: a replica is given one at a time.

`RayScaler` carries out the orders of whoever scales (`so.Controller`, `so.FilledBatches`) over Ray's own address for
that, so that it may run on another machine than Ray does.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

from serflow_opt.errors import InputError, Problem

if TYPE_CHECKING:
    from serflow_opt.traffic.scaling_policy import Orders
    from serflow_opt.traffic.service import Block, Service

CURE = "pip install 'serflow-opt[ray]'"
ONGOING_MAX = 10_000
"""Requests inside the entrance at once."""
BATCHES_MAX = 1_000
"""Batches of a block that are on their way or wait for a replica at once."""
TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class StageOutcome:
    """What became of a request in a block.

    Attributes
    ----------
    leaves
        Whether it is answered.
    what
        The answer, or what the next block reads.
    stage
        The last stage that it saw, from 1.
    """

    leaves: bool
    what: Any
    stage: int


class RunsBlock(Protocol):
    """Stages that are loaded."""

    def __call__(self, inputs: Sequence[Any], thresholds: Mapping[int, float]) -> Sequence[StageOutcome]:
        """Run a batch until each request leaves or the block ends; thresholds by stage, from 1."""


class BlockReplica:
    """A worker of a block, in a process of Ray.

    Parameters
    ----------
    build
        Loads the stages from the first to the last, counted from 1.
    first, last
        Those of the block.
    """

    def __init__(self, build: Callable[[int, int], RunsBlock], first: int, last: int) -> None:
        self._run = build(first, last)

    def __call__(self, inputs: Sequence[Any], thresholds: Mapping[int, float]) -> Sequence[StageOutcome]:
        """Run a batch."""
        return self._run(inputs, thresholds)


class Entrance:
    """Where requests come in: fills batches, hands them on, and counts who entered each block in which second.

    Parameters
    ----------
    service
        What is served.
    blocks
        By block, what a batch is given to: inputs and thresholds in, outcomes out.
    """

    def __init__(self, service: Service, *blocks: Any) -> None:
        self._thresholds = {**dict(service.thresholds), len(service.shares): 0.0}
        self._came = [Counter[int]() for _ in service.blocks]
        self._fill = [self._filled(block, run) for block, run in zip(service.blocks, blocks, strict=True)]

    def _filled(self, block: Block, run: Any) -> Callable[[Any], Awaitable[StageOutcome]]:
        from ray import serve

        async def whole(inputs: list[Any]) -> list[StageOutcome]:
            found: list[StageOutcome] = await run.remote(inputs, self._thresholds)
            return found

        fill: Callable[[Any], Awaitable[StageOutcome]] = serve.batch(
            whole,
            max_batch_size=block.batch,
            batch_wait_timeout_s=block.batch_wait_s,
            max_concurrent_batches=BATCHES_MAX,
        )
        return fill

    async def __call__(self, given: Any) -> tuple[Any, int]:
        """Return the answer of a request, and the stage at which it left."""
        for came, fill in zip(self._came, self._fill, strict=True):
            came[int(time.time())] += 1
            found = await fill(given)
            if found.leaves:
                return found.what, found.stage
            given = found.what
        raise AssertionError("the last stage answers all")

    async def came(self, begin_s: int, end_s: int) -> list[list[int]]:
        """Return by block how many entered it in each second from one to before another, and forget them."""
        return [[came.pop(second, 0) for second in range(begin_s, end_s)] for came in self._came]

    async def follow(self, thresholds: Mapping[int, float]) -> None:
        """Take other thresholds, for batches that run from now on."""
        self._thresholds = {**self._thresholds, **thresholds}


def block_name(b: int) -> str:
    """Return what the deployment of a block is called."""
    return f"block-{b + 1}"


def application(
    service: Service, build: Callable[[int, int], RunsBlock], replicas: Sequence[int], *, cores: float = 1.0
) -> Any:
    """Return the application, to be run by `ray.serve.run(.., external_scaler_enabled=True)`.

    Parameters
    ----------
    service
        Of `so.provision(..).service` or `so.service_for`: its blocks have machines, of one type each.
    build
        Loads a block's stages in each replica; see `BlockReplica`.
    replicas
        Workers of each block at the beginning: machines times what each serves at once.
    cores
        Processors of a replica, as Ray counts them.

    Raises
    ------
    InputError
        Where Ray is not installed, or for a block that Ray cannot serve as it is planned.
    """
    if find_spec("ray") is None:
        raise InputError([Problem("", "ray", "not installed", CURE)])
    problems = [
        Problem(service.name, f"block {b + 1}", found, "plan it with machines of one type alone")
        for b, block in enumerate(service.blocks)
        if (found := _not_for_ray(block))
    ]
    if problems:
        raise InputError(problems)
    from ray import serve

    blocks = [
        serve.deployment(
            BlockReplica,
            name=block_name(b),
            num_replicas=count,
            max_ongoing_requests=1,  # a batch at a time: the others wait before all replicas
            ray_actor_options={"num_cpus": cores},
        ).bind(build, block.first + 1, block.last + 1)
        for b, (block, count) in enumerate(zip(service.blocks, replicas, strict=True))
    ]
    entrance = serve.deployment(
        Entrance, name="entrance", max_ongoing_requests=ONGOING_MAX, ray_actor_options={"num_cpus": 0}
    )
    return entrance.bind(service, *blocks)


def _not_for_ray(block: Block) -> str:
    """What a block has that Ray has not; empty: nothing."""
    if block.function is not None:
        return f"a function, {block.function.name}"
    return "" if len(block.machines) == 1 else f"{len(block.machines)} types of machines"


class RayScaler:
    """Tells Ray Serve how many replicas a block has.

    Parameters
    ----------
    service
        What is served.
    place
        Of Ray's dashboard, as http://127.0.0.1:8265.
    name
        Of the application.
    token
        What Ray asks for (its RAY_AUTH_TOKEN); empty: nothing.
    """

    def __init__(self, service: Service, place: str, name: str = "default", *, token: str = "") -> None:
        self._service, self._place, self._name = service, place.rstrip("/"), name
        self._head = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})

    def replicas(self, orders: Orders) -> list[int]:
        """Return the replicas of each block that orders ask for."""
        return [
            sum(own.get(machine.name, 0) * machine.workers for machine in block.machines)
            for block, own in zip(self._service.blocks, orders.machines, strict=True)
        ]

    def follow(self, orders: Orders) -> list[int]:
        """Carry out orders; return the replicas of each block.

        Raises
        ------
        InputError
            When Ray does not answer, or not with yes.
        """
        counts = self.replicas(orders)
        for b, count in enumerate(counts):
            path = f"{self._place}/api/v1/applications/{quote(self._name)}/deployments/{block_name(b)}/scale"
            body = json.dumps({"target_num_replicas": count}).encode()
            asked = Request(path, body, self._head, method="POST")
            try:
                with urlopen(asked, timeout=TIMEOUT_S):
                    pass
            except HTTPError as error:
                said = error.read().decode(errors="replace")
                known = {401: "give RAY_AUTH_TOKEN as token", 403: "give RAY_AUTH_TOKEN as token"}
                cure = known.get(error.code, "run the application with external_scaler_enabled=True, by this name")
                raise InputError([Problem(path, "replicas", f"{error.code}: {said}", cure)]) from error
            except (URLError, OSError) as error:
                raise InputError([Problem(path, "Ray", str(error), "name the address of its dashboard")]) from error
        return counts
