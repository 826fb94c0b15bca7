"""A service on Ray Serve: orders told over HTTP; and, where Ray is there, requests through real replicas."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.util import find_spec
from typing import Any

import pytest

from serflow_opt.errors import InputError
from serflow_opt.serving import ray_serve
from serflow_opt.serving.ray_serve import RayScaler, StageOutcome, application, block_name
from serflow_opt.traffic.scaling_policy import Orders
from serflow_opt.traffic.service import Block, Function, Machine, Service

TOKEN = "t" * 32
TWO = Service(
    "two",
    (
        Block(0, 0, (Machine("small", 1e-5, 2, (0.01, 0.01)),), None, batch=4, batch_wait_s=0.05),
        Block(1, 2, (Machine("large", 1e-4, 1, (0.01, 0.02, 0.02)),), None, batch=2, batch_wait_s=0.05),
    ),
    (0.5, 0.0, 0.5),
    (1.0, float("nan"), 1.0),
    thresholds=((1, 10.0),),
)
"""Two blocks, the first of which answers what is 10 or above."""


class Dashboard(BaseHTTPRequestHandler):
    """Takes scales as Ray does: with its token, for deployments that there are."""

    told: list[tuple[str, int]]

    def do_POST(self) -> None:
        """Note a scale."""
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        code = 200 if self.headers["authorization"] == f"Bearer {TOKEN}" else 401
        if "/two/" not in self.path:
            code = 404
        if code == 200:
            self.told.append((self.path, body["target_num_replicas"]))
        self.send_response(code)
        self.end_headers()
        self.wfile.write(b"said")

    def log_message(self, *_: Any) -> None:
        """Be quiet."""


@pytest.fixture
def dashboard() -> Iterator[str]:
    """Where it listens."""
    Dashboard.told = []
    with HTTPServer(("127.0.0.1", 0), Dashboard) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/"
        server.shutdown()
        thread.join()


def test_orders_become_replicas(dashboard: str) -> None:
    """A replica for each request that the machines of a block serve at once."""
    scaler = RayScaler(TWO, dashboard, "two", token=TOKEN)
    assert scaler.follow(Orders(({"small": 3}, {"large": 0}))) == [6, 0]
    path = "/api/v1/applications/two/deployments"
    assert Dashboard.told == [(f"{path}/block-1/scale", 6), (f"{path}/block-2/scale", 0)]


def test_a_ray_that_refuses_or_is_not_there(dashboard: str) -> None:
    """Is told with what to do."""
    orders = Orders(({"small": 1}, {"large": 1}))
    with pytest.raises(InputError, match=r"401: said; give RAY_AUTH_TOKEN"):
        RayScaler(TWO, dashboard, "two").follow(orders)
    with pytest.raises(InputError, match=r"404: said; run the application with external_scaler_enabled=True"):
        RayScaler(TWO, dashboard, "other", token=TOKEN).follow(orders)
    with pytest.raises(InputError, match="name the address of its dashboard"):
        RayScaler(TWO, "http://127.0.0.1:9", "two").follow(orders)
    assert Dashboard.told == []


def test_what_ray_cannot_serve(monkeypatch: pytest.MonkeyPatch) -> None:
    """Functions and several types of machines; and nothing where Ray is not installed."""
    monkeypatch.setattr(ray_serve, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"not installed; pip install 'serflow-opt\[ray\]'"):
        application(TWO, _loaded, [1, 1])
    monkeypatch.setattr(ray_serve, "find_spec", lambda name: name)
    function = Function("calls", (0.1, 0.1), usd_per_s=1e-5)
    both = Service("both", (Block(0, 0, (), function), TWO.blocks[1]), TWO.shares, TWO.accuracies)
    with pytest.raises(InputError, match="block 1: a function, calls; plan it with machines of one type alone"):
        application(both, _loaded, [1, 1])


def _loaded(first: int, last: int) -> Any:
    """Load stages that add one each; the size of the batch comes along."""

    def run(inputs: Sequence[Any], thresholds: Mapping[int, float]) -> list[StageOutcome]:
        found = []
        for value in inputs:
            stage = first
            while stage <= last and not (stage in thresholds and value >= thresholds[stage]):
                value, stage = value + 1, stage + 1
            leaves = stage <= last
            found.append(StageOutcome(leaves, (value, len(inputs)) if leaves else value, min(stage, last)))
        return found

    return run


@pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed: pip install 'serflow-opt[ray]'")
def test_requests_go_through_replicas(monkeypatch: pytest.MonkeyPatch) -> None:
    """In batches that shrink and fill anew; thresholds and replicas follow orders while it serves."""
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    monkeypatch.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))
    ray = pytest.importorskip("ray")
    from ray import serve

    began = int(time.time())
    head = ray.init(num_cpus=8, include_dashboard=True, object_store_memory=100_000_000, log_to_driver=False)
    try:
        serve.start(proxy_location="Disabled")
        app = application(TWO, _loaded, [1, 1], cores=0.5)
        entrance = serve.run(app, name="two", route_prefix=None, external_scaler_enabled=True)

        async def work() -> None:
            found = await asyncio.gather(*(entrance.remote(x) for x in (10, 0, 11, 1)))
            assert [stage for _, stage in found] == [1, 3, 1, 3]
            assert [value for (value, _), _ in found] == [10, 2, 11, 3]
            assert max(size for (_, size), stage in found if stage == 3) <= 2
            await entrance.follow.remote({1: 0.0})
            assert (await entrance.remote(0))[1] == 1
            came = await entrance.came.remote(began, int(time.time()) + 1)
            assert [sum(own) for own in came] == [5, 2]

        asyncio.run(work())
        scaler = RayScaler(TWO, f"http://{head.dashboard_url}", "two", token=os.environ["RAY_AUTH_TOKEN"])
        assert scaler.follow(Orders(({"small": 1}, {"large": 1}))) == [2, 1]
        until = time.monotonic() + 120
        while _replicas() < 2 and time.monotonic() < until:
            time.sleep(0.2)
        assert _replicas() == 2
    finally:
        serve.shutdown()
        ray.shutdown()


def _replicas() -> int:
    """Those of the first block that serve or start."""
    from ray import serve

    states = serve.status().applications["two"].deployments[block_name(0)].replica_states
    return int(states.get("RUNNING", 0) + states.get("STARTING", 0))
