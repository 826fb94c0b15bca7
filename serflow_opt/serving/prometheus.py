"""Measurements that are fetched: requests by block, from a Prometheus, by its HTTP API.

The query gives requests a second, with a label `block` (from 1) where there is more than one:

    sum by (block) (rate(gateway_requests_total[30s]))

It is asked for in steps, and the value at the end of a step is taken for each of its seconds.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from serflow_opt.errors import InputError, Problem
from serflow_opt.serving.measurement import Measurement, RequestCounts
from serflow_opt.traffic.demand.intake import IMPOSSIBLE

if TYPE_CHECKING:
    import httpx

    from serflow_opt.traffic.service import Service

ANSWER_MAX = 5_000_000
"""Bytes of an answer."""
ANSWER_S = 10.0
"""Seconds in which one has to be there."""
MOST_STEPS = 240
"""Steps of a query: what is older is left out."""
SOURCE = "prometheus"


class QueryError(RuntimeError):
    """Prometheus gave no answer that can be used."""


class PrometheusQuery:
    """A query, step by step.

    Parameters
    ----------
    url
        Of Prometheus, as `http://127.0.0.1:9090`.
    query
        In PromQL: requests a second.
    step_s
        Whole seconds from one value to the next.
    service
        Says which blocks there are.

    Raises
    ------
    InputError
        For an address that is none.
    """

    def __init__(self, url: str, query: str, step_s: int, service: Service) -> None:
        import httpx

        try:
            urlsplit(url)  # is strict about brackets
            self._url = httpx.URL(url.rstrip("/") + "/api/v1/query_range")
        except (httpx.InvalidURL, ValueError):
            self._url = httpx.URL("")
        if self._url.scheme not in ("http", "https") or not self._url.host:
            raise InputError([Problem("", "--prometheus", repr(url), "give an address as http://127.0.0.1:9090")])
        self.query, self.step_s, self._service = query, step_s, service
        self._next: int | None = None

    @property
    def place(self) -> str:
        """Where it asks, without user and password."""
        port = "" if self._url.port is None else f":{self._url.port}"
        return f"{self._url.scheme}://{self._url.host}{port}"

    def go_on(self, from_s: float) -> None:
        """Ask from a moment on, seconds since 1970: what came while nobody asked is there, too."""
        self._next = math.floor(from_s) // self.step_s * self.step_s + self.step_s

    async def fetch(self, client: httpx.AsyncClient, until_s: float) -> Measurement | None:
        """Ask for the steps that are over since the last time.

        Parameters
        ----------
        client
            That asks.
        until_s
            The moment up to which measurements are asked for, seconds since 1970.

        Returns
        -------
        Measurement or None
            None: no step is over.

        Raises
        ------
        QueryError
            When there was no answer, or none that can be used: the same is asked for next time.
        """
        end = math.floor(until_s) // self.step_s * self.step_s
        first = end - self.step_s * (MOST_STEPS - 1)
        start = end if self._next is None or self._next > end + self.step_s else max(first, self._next)
        if start > end:
            return None
        asked = {"query": self.query, "start": str(start), "end": str(end), "step": str(self.step_s)}
        rows = self._read(await self._answer(client, asked), start, end)
        self._next = end + self.step_s
        return Measurement(source=SOURCE, number=end, requests=tuple(rows))

    async def _answer(self, client: httpx.AsyncClient, asked: dict[str, str]) -> Any:
        import httpx

        body = b""
        try:
            async with client.stream("GET", self._url, params=asked, timeout=ANSWER_S) as answer:
                async for part in answer.aiter_bytes():
                    body += part
                    if len(body) > ANSWER_MAX:
                        raise QueryError(f"more than {ANSWER_MAX:,} bytes: ask for one series a block")
            document = json.loads(body)
        except (httpx.HTTPError, ValueError) as error:
            raise QueryError(f"{type(error).__name__}: {error}"[:200]) from None
        if not isinstance(document, dict) or document.get("status") != "success":
            said = document.get("error", "no success") if isinstance(document, dict) else "no document"
            raise QueryError(f"HTTP {answer.status_code}: {said}"[:200])
        return document

    def _read(self, document: Any, start: int, end: int) -> list[RequestCounts]:
        """Return counts by second of each block."""
        rows, steps = {}, (end - start) // self.step_s + 1
        try:
            for series in document["data"]["result"]:
                b = self._block(series["metric"])
                if b in rows:
                    raise QueryError(f"two series for block {b + 1}: sum by (block)")
                values: list[float | None] = [None] * steps
                for at, text in series["values"]:
                    x = float(text)
                    known = math.isfinite(x) and 0 <= x <= IMPOSSIBLE
                    values[round((float(at) - start) / self.step_s)] = x if known else None
                rows[b] = [x for x in values for _ in range(self.step_s)]
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            raise QueryError(f"no range of values ({type(error).__name__}: {error})"[:200]) from None
        return [RequestCounts(b, float(start - self.step_s), tuple(values)) for b, values in rows.items()]

    def _block(self, labels: dict[str, str]) -> int:
        """Return the position of the block that a series is of."""
        n = len(self._service.blocks)
        text = labels.get("block", "1" if n == 1 else "")
        if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= n):
            raise QueryError(f"label block {text!r}, of blocks 1 to {n}")
        return int(text) - 1
