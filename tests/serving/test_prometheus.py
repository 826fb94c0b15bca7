"""Measurements that are fetched: by a Prometheus in thought, and by a real one where there is one."""

from __future__ import annotations

import asyncio
import http.server
import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from support.serving import START_S, one_block, two_blocks

from serflow_opt.errors import InputError
from serflow_opt.serving import prometheus
from serflow_opt.serving.measurement import Measurement
from serflow_opt.serving.prometheus import PrometheusQuery, QueryError

START = int(START_S)


def fetched(query: PrometheusQuery, answer: Any, *moments: float) -> list[Measurement | None]:
    """What comes of an answer, or of what makes one of the request, moment by moment."""

    def handle(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=answer(request) if callable(answer) else answer)

    async def work() -> list[Measurement | None]:
        async with httpx.AsyncClient(transport=httpx.MockTransport(handle)) as client:
            return [await query.fetch(client, moment) for moment in moments]

    return asyncio.run(work())


def matrix(*series: tuple[dict[str, str], list[list[Any]]]) -> dict[str, Any]:
    rows = [{"metric": labels, "values": values} for labels, values in series]
    return {"status": "success", "data": {"resultType": "matrix", "result": rows}}


def test_a_step_is_spread_over_its_seconds() -> None:
    """By block; what is no number, and steps that are missing, are not known."""
    answer = matrix(({"block": "2"}, [[START + 10, "2.5"]]), ({"block": "1"}, [[START + 5, "NaN"], [START + 10, "4"]]))
    query = PrometheusQuery("http://p:9090", "q", 5, two_blocks())
    query.go_on(START)
    (found,) = fetched(query, answer, START + 12.0)
    assert found is not None
    assert (found.source, found.number) == ("prometheus", START + 10)
    assert [(own.block, own.from_s, own.counts) for own in found.requests] == [
        (1, START, (None,) * 5 + (2.5,) * 5),
        (0, START, (None,) * 5 + (4.0,) * 5),
    ]


def test_it_asks_on_from_where_it_was() -> None:
    """First for the last step, then for those since; not at all when none is over; not for more than so many."""
    asked = []

    def answer(request: httpx.Request) -> Any:
        asked.append((int(request.url.params["start"]) - START, int(request.url.params["end"]) - START))
        assert request.url.params["query"] == "sum(rate(x[30s]))"
        return matrix()

    query = PrometheusQuery("http://p:9090/prefix/", "sum(rate(x[30s]))", 15, one_block())
    found = fetched(query, answer, START + 3.0, START + 14.0, START + 50.0, START + 1e6)
    assert asked[:2] == [(0, 0), (15, 45)]
    assert found[1] is None
    assert asked[2][1] - asked[2][0] == 15 * (prometheus.MOST_STEPS - 1)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"status": "error", "error": "parse error"}, "parse error"),
        ([], "no document"),
        ({"status": "success", "data": {}}, "no range of values"),
        (matrix(({}, [[START, "1"]])), "label block '', of blocks 1 to 2"),
        (matrix(({"block": "1", "pod": "a"}, []), ({"block": "1", "pod": "b"}, [])), "two series for block 1"),
        (matrix(({"block": "1"}, [[START + 500, "1"]])), "no range of values"),
    ],
)
def test_answers_that_cannot_be_used(answer: Any, said: str) -> None:
    """Are told, and the same steps asked for again."""
    query = PrometheusQuery("http://p:9090", "q", 5, two_blocks())
    query.go_on(START - 5)
    with pytest.raises(QueryError, match=said):
        fetched(query, answer, START + 2.0)
    assert fetched(query, matrix(), START + 2.0) == [Measurement("prometheus", START)]


def test_answers_without_end_are_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """And so is who does not answer."""
    monkeypatch.setattr(prometheus, "ANSWER_MAX", 10)
    query = PrometheusQuery("http://p:9090", "q", 5, one_block())
    with pytest.raises(QueryError, match="more than 10 bytes"):
        fetched(query, matrix(), START_S)

    async def nobody() -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        async with httpx.AsyncClient() as client:
            await PrometheusQuery(f"http://127.0.0.1:{port}", "q", 5, one_block()).fetch(client, START_S)

    with pytest.raises(QueryError, match="ConnectError"):
        asyncio.run(nobody())


def test_addresses() -> None:
    """Those that are none are refused; user and password are not told."""
    for url in ("localhost:9090", "ftp://x", "", "http://[x"):
        with pytest.raises(InputError, match="give an address"):
            PrometheusQuery(url, "q", 5, one_block())
    assert PrometheusQuery("http://user:secret@p:9090", "q", 5, one_block()).place == "http://p:9090"


class Counting(http.server.BaseHTTPRequestHandler):
    """A gateway whose counter grows by 20 a second."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        value = 20 * time.monotonic()
        self.wfile.write(f'# TYPE requests_total counter\nrequests_total{{block="1"}} {value}\n'.encode())

    def log_message(self, *_: Any) -> None:
        """Be quiet."""


@pytest.fixture
def gateway() -> Iterator[int]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Counting) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


@pytest.mark.skipif(shutil.which("prometheus") is None, reason="there is no prometheus on this machine")
def test_a_real_prometheus(tmp_path: Path, gateway: int) -> None:
    """It scrapes a gateway, and is asked for what it saw: 20 requests a second."""
    targets = {"static_configs": [{"targets": [f"127.0.0.1:{gateway}"]}], "job_name": "gateway"}
    settings = {"global": {"scrape_interval": "200ms", "scrape_timeout": "200ms"}, "scrape_configs": [targets]}
    (tmp_path / "prometheus.yml").write_text(json.dumps(settings))  # JSON is YAML
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    arguments = [f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/data"]
    process = subprocess.Popen(
        ["prometheus", *arguments, f"--web.listen-address=127.0.0.1:{port}"], stderr=subprocess.DEVNULL
    )
    query = PrometheusQuery(f"http://127.0.0.1:{port}", "sum by (block) (rate(requests_total[2s]))", 1, one_block())

    async def work() -> list[float | None]:
        found: list[float | None] = []
        async with httpx.AsyncClient() as client:
            for _ in range(100):
                await asyncio.sleep(0.2)
                try:
                    own = await query.fetch(client, time.time())
                except QueryError:
                    continue  # it is starting
                found += [x for row in (own.requests if own else ()) for x in row.counts]
                if len(found) >= 3:
                    break
        return found

    try:
        rates = asyncio.run(work())
    finally:
        process.terminate()
        process.wait(10)
    assert rates[-1] == pytest.approx(20, rel=0.05)
