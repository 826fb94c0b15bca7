"""An external scaler for KEDA: how many machines are wanted, asked over gRPC.

A trigger says in its metadata which `block` and which `type` of machines it scales; both may be left out where there is
one. The target is 1 a replica, so that the autoscaler comes to as many replicas as machines are wanted.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from typing import TYPE_CHECKING, Any

import grpc

from serflow_opt.errors import InputError, Problem, nearest
from serflow_opt.serving.guard import AccessKey, key_of
from serflow_opt.serving.keda_messages import METHODS, SERVICE, messages
from serflow_opt.serving.orders import wanted

if TYPE_CHECKING:
    from serflow_opt.serving.loop import ControlLoop
    from serflow_opt.traffic.service import Service

LOOK_S = 1.0
"""Seconds between looks for whoever is told when something changes."""
NAME = "serflow-machines"
MESSAGE_MAX = 65_536
"""Bytes of a message; those of the protocol have a few hundred."""
KEYS = ("apiKey", "apiKeyFromEnv")
"""Where a trigger's metadata may have the key: KEDA puts the value of a variable in the place of its name."""


class ExternalScaler:
    """Answers KEDA from a loop's orders.

    Parameters
    ----------
    loop
        Whose orders.
    key
        None: none is asked for.
    refused
        Told why somebody was refused.
    """

    def __init__(
        self, loop: ControlLoop, key: AccessKey | None = None, refused: Callable[[str], None] = lambda reason: None
    ) -> None:
        self._loop, self._key, self._refused = loop, key, refused

    def handler(self) -> Any:
        """Return what a gRPC server is given."""
        own: dict[str, Any] = {
            "IsActive": self.is_active,
            "StreamIsActive": self.stream_is_active,
            "GetMetricSpec": self.metric_spec,
            "GetMetrics": self.metrics,
        }
        made = {}
        for name, (asked, answered, streams) in METHODS.items():
            make = grpc.unary_stream_rpc_method_handler if streams else grpc.unary_unary_rpc_method_handler
            made[name] = make(
                own[name],
                request_deserializer=messages()[asked].FromString,
                response_serializer=messages()[answered].SerializeToString,
            )
        return grpc.method_handlers_generic_handler(SERVICE, made)

    async def is_active(self, request: Any, context: Any) -> Any:
        """Say whether any machine is wanted."""
        count = await self._count(request, context)
        return messages()["IsActiveResponse"](result=count > 0)

    async def stream_is_active(self, request: Any, context: Any) -> AsyncIterator[Any]:
        """Say so at once, and whenever it changes."""
        said: bool | None = None
        while True:
            active = await self._count(request, context) > 0
            if active != said:
                said = active
                yield messages()["IsActiveResponse"](result=active)
            await asyncio.sleep(LOOK_S)

    async def metric_spec(self, request: Any, context: Any) -> Any:
        """Say what the metric is called, and that a replica is for one machine."""
        b, name = await self._asked(request, context)
        spec = messages()["MetricSpec"](metricName=_metric(b, name), targetSize=1, targetSizeFloat=1.0)
        return messages()["GetMetricSpecResponse"](metricSpecs=[spec])

    async def metrics(self, request: Any, context: Any) -> Any:
        """Say how many machines are wanted."""
        count = await self._count(request.scaledObjectRef, context)
        value = messages()["MetricValue"](
            metricName=request.metricName, metricValue=count, metricValueFloat=float(count)
        )
        return messages()["GetMetricsResponse"](metricValues=[value])

    async def _count(self, ref: Any, context: Any) -> int:
        b, name = await self._asked(ref, context)
        count = wanted(self._loop.orders, b, name)
        if count is None:  # KEDA leaves all as it is
            await context.abort(grpc.StatusCode.UNAVAILABLE, "nothing was decided yet")
            raise AssertionError  # abort raises
        return count

    async def _asked(self, ref: Any, context: Any) -> tuple[int, str | None]:
        """Return block and type that a trigger is for, if it may ask."""
        metadata = dict(ref.scalerMetadata)
        if self._key is not None:
            sent = key_of({key: str(value) for key, value in context.invocation_metadata() or ()})
            given = [sent, *(metadata.get(key, "") for key in KEYS)]
            if not sum(self._key.opens(own) for own in given):  # all of them are tried, whichever fits
                self._refused("key")
                await context.abort(grpc.StatusCode.UNAUTHENTICATED, f"no key, or a wrong one, in {KEYS[0]}")
        try:
            return block_and_type(metadata, self._loop.service)
        except InputError as error:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
            raise AssertionError from None  # abort raises


def block_and_type(metadata: Mapping[str, str], service: Service) -> tuple[int, str | None]:
    """Read which machines a trigger scales.

    Parameters
    ----------
    metadata
        Of the trigger.
    service
        Says which there are.

    Returns
    -------
    tuple
        Position of the block, and the type; None: all of them.

    Raises
    ------
    InputError
        For blocks and types that are not there.
    """
    n = len(service.blocks)
    text = metadata.get("block", "1" if n == 1 else "")
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= n):
        raise InputError([Problem("metadata", "block", repr(text)[:60], f"the service has blocks 1 to {n}")])
    b, name = int(text) - 1, metadata.get("type")
    known = [machine.name for machine in service.blocks[b].machines]
    if name is not None and name not in known:
        raise InputError([Problem("metadata", "type", repr(name)[:60], nearest(name, known))])
    return b, name


def _metric(b: int, name: str | None) -> str:
    """Return a name that Kubernetes takes."""
    kind = "" if name is None else "-" + "".join(c if c.isalnum() and c.isascii() else "-" for c in name.lower())
    return f"{NAME}-{b + 1}{kind}"


async def serving(scaler: ExternalScaler, address: str, credentials: Any = None) -> tuple[Any, int]:
    """Start a server for KEDA.

    Parameters
    ----------
    scaler
        What answers.
    address
        HOST:PORT; port 0: any that is free.
    credentials
        Of the server, for TLS; None: none.

    Returns
    -------
    tuple
        The server, and its port.

    Raises
    ------
    InputError
        When the address cannot be had.
    """
    limits = [("grpc.max_receive_message_length", MESSAGE_MAX), ("grpc.so_reuseport", 0)]
    server = grpc.aio.server(options=limits, maximum_concurrent_rpcs=200)
    server.add_generic_rpc_handlers((scaler.handler(),))
    try:
        port = (
            server.add_insecure_port(address) if credentials is None else server.add_secure_port(address, credentials)
        )
    except RuntimeError as error:
        cure = "name a free HOST:PORT of this machine"
        raise InputError([Problem("", "--keda", f"{address}: {error}"[:160], cure)]) from None
    await server.start()
    return server, port
