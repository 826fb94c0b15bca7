"""The service over HTTP, in this process: what is answered, and who is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.serving import START_S, HandClocks, loop_on, two_blocks

from serflow_opt.serving.app import ServiceApp
from serflow_opt.serving.group_commit import GroupCommit
from serflow_opt.serving.guard import LOCAL_NAMES, AccessKey
from serflow_opt.serving.loop import ControlLoop
from serflow_opt.serving.store import StoreError

PUSH = {"requests": [{"block": 1, "counts": [30, 40]}]}
KEY = "a key of some length"
KUBERNETES = "/apis/external.metrics.k8s.io/v1beta1"


@pytest.fixture
def loop(tmp_path: Path) -> Iterator[ControlLoop]:
    own = loop_on(tmp_path / "s.db", HandClocks(), two_blocks())
    yield own
    own.store.close()


def asked(loop: ControlLoop, work: Callable[[Any], Awaitable[Any]], **settings: Any) -> Any:
    """What a client finds out."""

    async def talk() -> Any:
        commits = GroupCommit(loop)
        app = ServiceApp(commits, **settings)
        transport = httpx.ASGITransport(app.asgi, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8787") as client:
            client.app = app
            found = await work(client)
        await commits.close()
        return found

    return asyncio.run(talk())


def test_measurements_in_orders_out(loop: ControlLoop) -> None:
    """Nothing is ordered before the first decision; then orders have their age."""

    async def work(client: Any) -> None:
        assert (await client.get("/v1/orders")).status_code == 503
        assert (await client.get("/readyz")).status_code == 503
        assert (await client.get(f"{KUBERNETES}/namespaces/n/serflow-machines")).status_code == 503
        answer = await client.post("/v1/measurements", json=PUSH)
        assert (answer.status_code, answer.json()) == (200, {"accepted": 2, "late": 0, "repeated": False})
        loop.decide()
        orders = (await client.get("/v1/orders")).json()
        assert orders | {"age_s": 0.0, "stale": False} == orders
        assert orders["blocks"][0]["requests_per_s"] is None  # these seconds are not over for long enough
        assert orders["thresholds"] == [{"stage": 1, "threshold": 0.8}]
        assert (await client.get("/readyz")).json() == {"status": "ok", "measured_s_ago": 0.0}
        assert (await client.get("/healthz")).json() == {"status": "ok"}
        assert (await client.get("/v1/events")).json() == {"events": []}
        assert 'serflow_requests_total{block="1"} 70.0' in (await client.get("/metrics")).text

    asked(loop, work)


def test_kubernetes_reads_the_orders(loop: ControlLoop) -> None:
    """As its API server asks: the list of resources, values by selector, and failures as it knows them."""

    async def work(client: Any) -> None:
        loop.decide()
        assert (await client.get(KUBERNETES)).json()["kind"] == "APIResourceList"
        assert (await client.get("/apis/external.metrics.k8s.io")).json()["kind"] == "APIGroup"
        place = f"{KUBERNETES}/namespaces/default/serflow-machines"
        found = (await client.get(place, params={"labelSelector": "block=1,type=small"})).json()
        assert [own["metricLabels"] for own in found["items"]] == [{"block": "1", "type": "small"}]
        assert (await client.get(place, params={"labelSelector": "block!=1"})).json()["reason"] == "BadRequest"
        missing = await client.get(f"{KUBERNETES}/namespaces/default/other")
        assert (missing.status_code, missing.json()["reason"]) == (404, "NotFound")

    asked(loop, work)


@pytest.mark.parametrize(
    ("sent", "code", "said"),
    [
        ({"content": b"{}", "headers": {"content-type": "text/plain"}}, 415, "send JSON"),
        ({"content": b"{", "headers": {"content-type": "application/json"}}, 422, "no JSON"),
        ({"json": {"requests": [{"block": 9, "counts": [1]}]}}, 422, "the service has blocks 1 to 2"),
        ({"json": {"requests": [{"block": 1, "counts": [1], "from_s": START_S + 60}]}}, 422, "ahead of this clock"),
        ({"content": b"x" * 1001, "headers": {"content-type": "application/json"}}, 413, "more than 1,000 bytes"),
    ],
)
def test_what_is_no_measurement(loop: ControlLoop, sent: dict[str, Any], code: int, said: str) -> None:
    """Is refused with what is wrong and what would be right, and counted; nothing of it is kept."""

    async def work(client: Any) -> None:
        answer = await client.post("/v1/measurements", **sent)
        assert answer.status_code == code
        assert said in answer.text
        assert sum(client.app.metrics.refused.values()) == 1

    asked(loop, work, body_max=1000)
    assert list(loop.store.counts()) == []


def test_a_body_that_does_not_say_its_size_is_measured(loop: ControlLoop) -> None:
    """It is not read to its end."""
    parts = [0]

    async def endless() -> Any:
        while True:
            parts[0] += 1
            yield b" " * 400

    async def work(client: Any) -> None:
        answer = await client.post("/v1/measurements", content=endless(), headers={"content-type": "application/json"})
        assert answer.status_code == 413

    asked(loop, work, body_max=1000)
    assert parts[0] < 10


def test_nobody_gets_in_without_the_key(loop: ControlLoop) -> None:
    """Every path but health and readiness asks for it, whatever is sent in its place."""
    paths = ["/v1/orders", "/v1/events", "/metrics", KUBERNETES, "/docs", f"{KUBERNETES}/namespaces/n/m", "/", "//"]
    wrong: list[dict[str, str]] = [
        {},
        {"authorization": "Bearer "},
        {"authorization": f"Basic {KEY}"},
        {"authorization": f"Bearer {KEY}x"},
        {"x-api-key": KEY.upper()},
        {"x-forwarded-for": "127.0.0.1", "host": "localhost"},
    ]

    async def work(client: Any) -> None:
        for headers in wrong:
            for path in paths:
                answer = await client.get(path, headers=headers)
                assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
            assert (await client.post("/v1/measurements", json=PUSH, headers=headers)).status_code == 401
        assert client.app.metrics.refused["key"] == len(wrong) * (len(paths) + 1)
        assert (await client.get("/healthz")).status_code == 200
        good = {"authorization": f"Bearer {KEY}", "host": "gateway.example"}
        assert (await client.post("/v1/measurements", json=PUSH, headers=good)).status_code == 200

    asked(loop, work, key=AccessKey.of(KEY))
    assert len(list(loop.store.counts())) == 2


def test_pages_of_other_names_reach_nothing(loop: ControlLoop) -> None:
    """Without a key, a browser that was led here by a name of somebody else is sent away."""

    async def work(client: Any) -> None:
        for host in ("evil.example", "127.0.0.1.evil.example:8787", "", "localhost.:8787"):
            answer = await client.post("/v1/measurements", json=PUSH, headers={"host": host})
            assert answer.status_code == 421
        for host in ("localhost:8787", "127.0.0.1", "[::1]:8787"):
            assert (await client.post("/v1/measurements", json=PUSH, headers={"host": host})).status_code == 200

    asked(loop, work, names=LOCAL_NAMES)


def test_too_many_requests_are_turned_away(loop: ControlLoop) -> None:
    """Twice the rate at once, then none; who is turned away is told when to come again."""

    async def work(client: Any) -> None:
        codes = [(await client.get("/healthz")).status_code for _ in range(8)]
        assert codes[:4] == [200] * 4
        assert codes[-1] == 429
        assert (await client.get("/v1/orders")).headers["retry-after"] == "1"

    asked(loop, work, rate_max=2.0)


def test_a_store_that_fails_is_told(loop: ControlLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not acknowledged: send it again. What goes wrong inside is told to nobody outside."""

    async def work(client: Any) -> None:
        with monkeypatch.context() as patched:
            patched.setattr(loop, "take", lambda measurements: (_ for _ in ()).throw(StoreError("disk is full")))
            answer = await client.post("/v1/measurements", json=PUSH)
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
            patched.setattr(loop, "take", lambda measurements: (_ for _ in ()).throw(RuntimeError("secret")))
            answer = await client.post("/v1/measurements", json=PUSH)
            assert answer.status_code == 500
            assert "secret" not in answer.text
        assert (await client.post("/v1/measurements", json=PUSH)).status_code == 200

    asked(loop, work)


def test_other_paths_and_methods(loop: ControlLoop) -> None:
    """Are answered as errors that say where things are."""

    async def work(client: Any) -> None:
        assert (await client.get("/nothing")).status_code == 404
        assert (await client.put("/v1/orders")).status_code == 405
        assert (await client.get("/v1/measurements")).status_code == 405

    asked(loop, work)
