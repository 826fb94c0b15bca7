"""A service as a process of its own, killed in the middle; and where it listens, and for whom."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from support.serving import HandClocks, loop_on, one_block

from serflow_opt.errors import InputError
from serflow_opt.serving.keda_messages import SERVICE, messages
from serflow_opt.serving.prometheus import PrometheusQuery
from serflow_opt.serving.server import ServerSettings, listening, log_to_stderr, run
from serflow_opt.serving.store import ServiceStore

KEY = "0123456789abcdef"
SERVED = """
import asyncio, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from support.serving import one_block
from serflow_opt.serving.loop import ControlLoop
from serflow_opt.serving.server import ServerSettings, log_to_stderr, run
from serflow_opt.serving.store import ServiceStore
from serflow_opt.traffic.control.controller import Controller
log_to_stderr()
with ServiceStore(Path(sys.argv[2])) as store:
    loop = ControlLoop(Controller(one_block(), every_s=60.0), store)
    settings = ServerSettings(port=0, key=sys.argv[3], keda="127.0.0.1:0")
    asyncio.run(run(loop, settings, ready=lambda place: print(place, file=sys.stderr, flush=True)))
"""


@contextlib.contextmanager
def process(state: Path) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """A service, and where its HTTP and its gRPC are."""
    tests = str(Path(__file__).parents[1])
    arguments = [sys.executable, "-c", SERVED, tests, str(state), KEY]
    own = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert own.stderr is not None
        http, _, keda = own.stderr.readline().strip().partition(", KEDA on ")
        yield own, http, keda
    finally:
        own.kill()
        own.communicate()


def pushed(http: str, acknowledged: list[int]) -> None:
    """Push as fast as it goes, one after the other, until nobody answers."""
    with httpx.Client(base_url=http, headers={"X-API-Key": KEY}) as client, contextlib.suppress(httpx.HTTPError):
        while True:
            number = len(acknowledged)
            body = {"source": "gateway", "number": number, "requests": [{"counts": [1]}]}
            if client.post("/v1/measurements", json=body).status_code == 200:
                acknowledged.append(number)


def test_killed_in_the_middle_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    """A client pushes, kill -9, another process goes on, for KEDA, too; SIGTERM ends it in order, nothing printed."""
    acknowledged: list[int] = []
    with process(tmp_path / "s.db") as (own, http, _):
        thread = threading.Thread(target=pushed, args=(http, acknowledged))
        thread.start()
        while len(acknowledged) < 12 and thread.is_alive():
            time.sleep(0.01)
        own.send_signal(signal.SIGKILL)
        thread.join(10)
    last = acknowledged[-1]
    with process(tmp_path / "s.db") as (own, http, keda):
        with httpx.Client(base_url=http, headers={"X-API-Key": KEY}) as client:
            assert client.get("/v1/orders").json()["number"] >= 1  # from before
            body = {"source": "gateway", "number": last, "requests": [{"counts": [1]}]}
            assert client.post("/v1/measurements", json=body).json()["repeated"] is True
            body = {"source": "gateway", "number": last + 2, "requests": [{"counts": [1]}]}
            assert client.post("/v1/measurements", json=body).json()["accepted"] == 1
            assert httpx.get(f"{http}/v1/orders").status_code == 401
        with grpc.insecure_channel(keda) as channel:
            ask = channel.unary_unary(
                f"/{SERVICE}/IsActive",
                request_serializer=messages()["ScaledObjectRef"].SerializeToString,
                response_deserializer=messages()["IsActiveResponse"].FromString,
            )
            assert ask(messages()["ScaledObjectRef"](scalerMetadata={"apiKey": KEY}), timeout=5).result in (True, False)
            with pytest.raises(grpc.RpcError):
                ask(messages()["ScaledObjectRef"](), timeout=5)
        own.send_signal(signal.SIGTERM)
        out, _ = own.communicate(timeout=15)
        assert (own.returncode, out) == (0, "")
    with ServiceStore(tmp_path / "s.db") as store:  # the one that was sent as it was killed is there or not
        assert sum(requests for _, _, requests in store.counts()) - len(acknowledged) in (1, 2)


def served(tmp_path: Path, settings: ServerSettings, query: Any = None) -> Any:
    """A service in this process, and what a client finds out."""

    async def talk(work: Any) -> Any:
        loop = loop_on(tmp_path / "s.db", HandClocks())
        place: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(run(loop, settings, query, ready=place.set_result))
        await asyncio.wait([place, task], return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        try:
            return await work(place.result(), loop)
        finally:
            task.cancel()
            await asyncio.wait([task])
            loop.store.close()

    return lambda work: asyncio.run(talk(work))


def test_a_local_socket_is_its_owners(tmp_path: Path) -> None:
    """It asks for no key, takes the place of one that nobody listens on any more, and goes with the service."""
    path = tmp_path / "serve.sock"
    with socket.socket(socket.AF_UNIX) as old:
        old.bind(str(path))

    async def work(place: str, loop: Any) -> None:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(uds=str(path))) as client:
            answer = await client.post("http://any/v1/measurements", json={"requests": [{"counts": [1]}]})
            assert answer.status_code == 200
        with pytest.raises(InputError, match="another process listens there"):
            listening(ServerSettings(path=path))

    served(tmp_path, ServerSettings(path=path))(work)
    assert not path.exists()
    path.write_text("mine")
    with pytest.raises(InputError, match="there is a file of that name"):
        listening(ServerSettings(path=path))


def test_measurements_are_fetched_while_it_serves(tmp_path: Path) -> None:
    """A Prometheus that fails is told of, counted, and asked again."""

    class Answers(PrometheusQuery):
        asked = 0

        async def fetch(self, client: Any, until_s: float) -> Any:
            Answers.asked += 1
            return await super().fetch(client, until_s)

    async def work(place: str, loop: Any) -> None:
        async with httpx.AsyncClient() as client:
            for _ in range(100):
                text = (await client.get(f"{place}/metrics")).text
                if "serflow_scrape_failures_total 1.0" in text:
                    break
                await asyncio.sleep(0.02)
            assert "serflow_scrape_failures_total 1.0" in text
            assert "serflow_decisions_total 1.0" in text

    query = Answers("http://127.0.0.1:1", "q", 1, one_block())
    served(tmp_path, ServerSettings(port=0), query)(work)
    assert Answers.asked == 1


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (ServerSettings(host="0.0.0.0"), "--host: 0.0.0.0 can be reached by others; give an API key"),
        (ServerSettings(host="::"), "--host"),
        (ServerSettings(keda="0.0.0.0:9090"), "--keda: 0.0.0.0 can be reached by others"),
        (ServerSettings(keda="[::]:9090"), "--keda"),
        (ServerSettings(key="short"), "API key: 5 characters"),
        (ServerSettings(key="sixteen letters ä"), "API key: letters that headers do not have"),
        (ServerSettings(tls=(Path("/no/cert"), Path("/no/key"))), "no such file"),
    ],
)
def test_nobody_is_let_in_by_mistake(settings: ServerSettings, said: str) -> None:
    """What others can reach needs a key, and a key that cannot be guessed."""
    with pytest.raises(InputError, match=said):
        settings.check()


def test_places_that_are_in_order() -> None:
    """This machine, a local socket, or anywhere with a key."""
    ServerSettings(keda="localhost:9090").check()
    ServerSettings(keda="[::1]:9090", path=Path("s")).check()
    ServerSettings(host="0.0.0.0", keda="0.0.0.0:9", key=KEY).check()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(InputError, match=r"name another --port"):
            listening(ServerSettings(port=taken.getsockname()[1]))


def test_logs_go_to_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    """Of the service, and of what carries it."""
    log_to_stderr()
    logging.getLogger("uvicorn.error").error("one")
    logging.getLogger("serflow_opt.serving").info("two")
    out, err = capfd.readouterr()
    assert (out, err.count("one"), err.count("two")) == ("", 1, 1)
