"""The service over HTTP."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from serflow_opt.errors import InputError, Problem
from serflow_opt.serving import external_metric
from serflow_opt.serving.group_commit import GroupCommit, Overloaded
from serflow_opt.serving.guard import AccessKey, Guard, RateLimit, problems_told
from serflow_opt.serving.measurement import read_measurement
from serflow_opt.serving.metrics import CONTENT_TYPE, LoopCollector
from serflow_opt.serving.store import StoreError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

MEASUREMENTS = "/v1/measurements"
BODY_MAX = 1_000_000
"""Bytes of a body."""
BODY_S = 10.0
"""Seconds in which a body has to be there."""
RATE_MAX = 5000.0
"""Requests a second."""


class ServiceApp:
    """What is answered; `asgi` is what a server runs.

    Parameters
    ----------
    commits
        The way to the loop.
    key
        None: none is asked for.
    names
        Names of hosts that may be spoken to; empty: any.
    rate_max, body_max
        Requests a second, and bytes of a body.
    """

    def __init__(
        self,
        commits: GroupCommit,
        key: AccessKey | None = None,
        *,
        names: tuple[str, ...] = (),
        rate_max: float = RATE_MAX,
        body_max: int = BODY_MAX,
    ) -> None:
        self._commits, self._loop, self._body_max = commits, commits.loop, body_max
        self.metrics = LoopCollector(self._loop)
        kubernetes = f"/apis/{external_metric.GROUP}"
        version = f"{kubernetes}/{external_metric.VERSION}"
        routes = [
            Route(MEASUREMENTS, self.measurements, methods=["POST"]),
            Route("/v1/orders", self.orders, methods=["GET"]),
            Route("/v1/events", self.events, methods=["GET"]),
            Route("/metrics", self.metrics_text, methods=["GET"]),
            Route("/healthz", self.health, methods=["GET"]),
            Route("/readyz", self.ready, methods=["GET"]),
            Route(kubernetes, self.group, methods=["GET"]),
            Route(version, self.resources, methods=["GET"]),
            Route(version + "/namespaces/{namespace}/{metric}", self.external, methods=["GET"]),
        ]
        handlers: dict[Any, Any] = {404: self._missing, 405: self._wrong_method, Exception: self._failed}
        self._routed = Starlette(routes=routes, exception_handlers=handlers)
        self.asgi: ASGIApp = Guard(self._entered, key, RateLimit(rate_max), names, self._refuse)

    async def _entered(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer measurements at once: they are what comes, and routes and layers would take two fifths of the time."""
        if scope["method"] != "POST" or scope["path"] != MEASUREMENTS:
            await self._routed(scope, receive, send)
            return
        request = Request(scope, receive)
        try:
            response = await self.measurements(request)
        except Exception as error:
            await (await self._failed(request, error))(scope, receive, send)
            raise  # to the log
        await response(scope, receive, send)

    async def measurements(self, request: Request) -> Response:
        """Take a measurement in; answered when it is kept."""
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return self._refusal(415, "type", "Content-Type", "not application/json", "send JSON, and say so")
        try:
            async with asyncio.timeout(BODY_S):
                body = await self._body(request)
        except TimeoutError:
            return self._refusal(408, "time", "", f"the body took longer than {BODY_S:g} s", "send it at once")
        except ClientDisconnect:
            return Response(status_code=400)
        if body is None:
            cure = "send fewer rows or seconds at a time"
            return self._refusal(413, "size", "", f"more than {self._body_max:,} bytes", cure)
        try:
            receipt = await self._commits.push(read_measurement(body, self._loop.service))
        except InputError as error:
            self._refuse("measurement")
            return JSONResponse(problems_told(error.problems), 422)
        except StoreError as error:
            return self._refusal(503, "store", "--state", str(error)[:200], "it was not kept: send it again", "5")
        except Overloaded as error:
            return self._refusal(503, "load", "", str(error), "send it again", "1")
        document = {"accepted": receipt.accepted, "late": receipt.late, "repeated": receipt.repeated}
        return JSONResponse(document)

    async def orders(self, request: Request) -> Response:
        """Return the last orders."""
        last = self._loop.orders
        if last is None:
            return self._refusal(503, "orders", "", "nothing was decided yet", "ask again in a second", "1")
        age = self._loop.age_s
        return JSONResponse(
            last | {"age_s": None if age is None else round(age, 3), "stale": self._loop.stale},
            headers={"Cache-Control": "no-store"},
        )

    async def events(self, request: Request) -> Response:
        """Return what was noticed, the latest last."""
        rows = [{"at_s": e.at_s, "block": None if e.block is None else e.block + 1, "text": e.text} for e in self._seen]
        return JSONResponse({"events": rows})

    @property
    def _seen(self) -> list[Any]:
        return self._loop.events

    async def metrics_text(self, request: Request) -> Response:
        """Return metrics for Prometheus."""
        return Response(self.metrics.text(), headers={"Content-Type": CONTENT_TYPE})

    async def health(self, request: Request) -> Response:
        """Say that the process answers."""
        return JSONResponse({"status": "ok"})

    async def ready(self, request: Request) -> Response:
        """Say whether orders are current; measurements that stop coming are told, and no reason to be cut off."""
        loop = self._loop
        measured = None if loop.measured_s is None else round(loop.clock.now_s() - loop.measured_s, 1)
        document = {"status": "stale" if loop.stale else "ok", "measured_s_ago": measured}
        return JSONResponse(document, 503 if loop.stale else 200)

    async def group(self, request: Request) -> Response:
        """Return the group of external metrics."""
        return JSONResponse(external_metric.group())

    async def resources(self, request: Request) -> Response:
        """Return the external metrics that there are."""
        return JSONResponse(external_metric.resources())

    async def external(self, request: Request) -> Response:
        """Return the values of an external metric."""
        metric = request.path_params["metric"]
        if metric != external_metric.METRIC:
            text = f"no metric '{metric}': the one here is {external_metric.METRIC}"
            return JSONResponse(external_metric.status(404, "NotFound", text), 404)
        if self._loop.orders is None:
            text = "nothing was decided yet"
            return JSONResponse(external_metric.status(503, "ServiceUnavailable", text), 503)
        try:
            found = external_metric.values(self._loop.orders, request.query_params.get("labelSelector", ""))
        except InputError as error:
            return JSONResponse(external_metric.status(400, "BadRequest", str(error)), 400)
        return JSONResponse(found)

    async def _body(self, request: Request) -> bytes | None:
        """Read a body; None: there is more of it than may be."""
        told = request.headers.get("content-length", "0")
        if told.isascii() and told.isdigit() and int(told) > self._body_max:
            return None
        parts, size = [], 0
        async for part in request.stream():
            size += len(part)
            if size > self._body_max:
                return None
            parts.append(part)
        return b"".join(parts)

    def _refuse(self, reason: str) -> None:
        self.metrics.refused[reason] += 1

    def _refusal(
        self, code: int, reason: str, place: str, found: str, cure: str, after_s: str | None = None
    ) -> Response:
        """Answer what cannot be taken."""
        self._refuse(reason)
        headers = {} if after_s is None else {"Retry-After": after_s}
        return JSONResponse(problems_told([Problem("", place, found, cure)]), code, headers)

    async def _missing(self, request: Request, error: Exception) -> Response:
        return self._refusal(404, "path", request.url.path[:60], "nothing is here", "see /v1/orders, /metrics")

    async def _wrong_method(self, request: Request, error: Exception) -> Response:
        return self._refusal(405, "method", request.url.path[:60], request.method, "GET orders, POST measurements")

    async def _failed(self, request: Request, error: Exception) -> Response:
        """Tell nobody outside what went wrong inside; the server logs it."""
        return self._refusal(500, "internal", "", "internal error", "see the log of the service")
