"""The scaler for KEDA: what a client over gRPC is told, and which triggers are refused."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from support.serving import HandClocks, counted, loop_on, one_block, two_blocks

from serflow_opt.errors import InputError
from serflow_opt.serving import keda
from serflow_opt.serving.guard import AccessKey
from serflow_opt.serving.keda import ExternalScaler, block_and_type, serving
from serflow_opt.serving.keda_messages import METHODS, SERVICE, messages
from serflow_opt.serving.loop import ControlLoop

KEY = "a key of some length"


class Client:
    """A client as KEDA's is, by the names of methods."""

    def __init__(self, channel: Any) -> None:
        self._channel = channel

    def __getattr__(self, name: str) -> Any:
        asked, answered, streams = METHODS[name]
        make = self._channel.unary_stream if streams else self._channel.unary_unary
        return make(
            f"/{SERVICE}/{name}",
            request_serializer=messages()[asked].SerializeToString,
            response_deserializer=messages()[answered].FromString,
        )


def ref(**metadata: str) -> Any:
    return messages()["ScaledObjectRef"](name="object", namespace="default", scalerMetadata=metadata)


def asked(loop: ControlLoop, work: Callable[[Client], Awaitable[None]], key: AccessKey | None = None) -> None:
    """What a client finds out."""

    async def talk() -> None:
        server, port = await serving(ExternalScaler(loop, key), "127.0.0.1:0")
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            await work(Client(channel))
        await server.stop(0)

    asyncio.run(talk())


async def refused(call: Any) -> tuple[Any, str]:
    with pytest.raises(grpc.aio.AioRpcError) as error:
        await call
    return error.value.code(), error.value.details() or ""


def test_keda_is_told_how_many_machines_are_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the first decision nothing, so that all stays as it is; then counts, and that a replica is for one."""
    monkeypatch.setattr(keda, "LOOK_S", 0.01)
    clocks = HandClocks()
    loop = loop_on(tmp_path / "s.db", clocks)

    async def work(client: Client) -> None:
        assert (await refused(client.IsActive(ref())))[0] is grpc.StatusCode.UNAVAILABLE
        loop.decide()
        stream = client.StreamIsActive(ref())
        assert (await stream.read()).result is False
        assert (await client.IsActive(ref())).result is False
        for _ in range(4):
            clocks.passes(60)
            loop.take([counted(one_block(), *[100] * 60)])
            count = loop.decide()["blocks"][0]["machines"][0]["count"]
        assert count > 0
        assert (await stream.read()).result is True
        stream.cancel()
        assert (await client.IsActive(ref(block="1"))).result is True
        spec = (await client.GetMetricSpec(ref(type="large"))).metricSpecs[0]
        assert (spec.metricName, spec.targetSize, spec.targetSizeFloat) == ("serflow-machines-1-large", 1, 1.0)
        request = messages()["GetMetricsRequest"](scaledObjectRef=ref(type="large"), metricName=spec.metricName)
        value = (await client.GetMetrics(request)).metricValues[0]
        assert (value.metricName, value.metricValue, value.metricValueFloat) == (spec.metricName, count, count)

    asked(loop, work)


def test_only_the_key_opens(tmp_path: Path) -> None:
    """In the trigger's metadata, as it is or from a variable, or in that of the call."""
    loop = loop_on(tmp_path / "s.db", HandClocks())
    loop.decide()

    async def work(client: Client) -> None:
        for wrong in ({}, {"apiKey": ""}, {"apiKey": KEY[:-1]}, {"apikey": KEY}):
            assert (await refused(client.IsActive(ref(**wrong))))[0] is grpc.StatusCode.UNAUTHENTICATED
        request = messages()["GetMetricsRequest"](scaledObjectRef=ref(), metricName="m")
        assert (await refused(client.GetMetrics(request)))[0] is grpc.StatusCode.UNAUTHENTICATED
        assert (await refused(client.StreamIsActive(ref()).read()))[0] is grpc.StatusCode.UNAUTHENTICATED
        await client.IsActive(ref(apiKey=KEY))
        await client.IsActive(ref(apiKeyFromEnv=KEY))
        await client.IsActive(ref(), metadata=(("authorization", f"Bearer {KEY}"),))

    asked(loop, work, AccessKey.of(KEY))


def test_triggers_for_what_is_not_there(tmp_path: Path) -> None:
    """Are refused by name."""
    loop = loop_on(tmp_path / "s.db", HandClocks(), two_blocks())
    loop.decide()

    async def work(client: Client) -> None:
        code, text = await refused(client.GetMetricSpec(ref(block="1", type="larg")))
        assert code is grpc.StatusCode.INVALID_ARGUMENT
        assert "did you mean large?" in text

    asked(loop, work)
    assert block_and_type({"block": "2", "type": "small"}, two_blocks()) == (1, "small")
    assert block_and_type({}, one_block()) == (0, None)
    for block in ("", "0", "3", "-1", "1.0", "²", "9" * 30):
        with pytest.raises(InputError, match="the service has blocks 1 to 2"):
            block_and_type({"block": block}, two_blocks())


def test_an_address_that_cannot_be_had(tmp_path: Path) -> None:
    """Is named."""
    loop = loop_on(tmp_path / "s.db", HandClocks())
    with pytest.raises(InputError, match="--keda"):
        asyncio.run(serving(ExternalScaler(loop), "256.0.0.1:9"))
