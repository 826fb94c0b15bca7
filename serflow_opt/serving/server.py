"""A service from its start to its end: sockets, the timer of decisions, queries, signals."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import stat
import sys
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn

from serflow_opt.errors import InputError, Problem
from serflow_opt.serving.app import BODY_MAX, RATE_MAX, ServiceApp
from serflow_opt.serving.group_commit import GroupCommit
from serflow_opt.serving.guard import LOCAL_NAMES, AccessKey
from serflow_opt.serving.keda import ExternalScaler, serving
from serflow_opt.serving.prometheus import PrometheusQuery, QueryError
from serflow_opt.serving.store import StoreError

if TYPE_CHECKING:
    from serflow_opt.serving.loop import ControlLoop

LOCAL = ("127.0.0.1", "::1", "localhost")
"""Hosts that nobody reaches from elsewhere."""
KEY_MIN = 16
"""Characters of a key."""
CONNECTIONS_MAX = 1000
END_S = 5.0
"""Seconds that requests have to end in."""
STREAMS_S = 1.0
"""Seconds that calls of KEDA have: streams do not end by themselves."""
AGAIN_S = 5.0
"""Seconds until a decision that could not be kept is tried again."""
LOG = logging.getLogger("serflow_opt.serving")


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Where a service listens, and who may speak to it.

    Attributes
    ----------
    host, port
        Of HTTP; port 0: any that is free.
    path
        A local socket in their place, for its owner alone; None: none.
    key
        None: none is asked for, which is refused where others can reach it.
    keda
        HOST:PORT of the scaler for KEDA; None: there is none.
    tls
        Files of certificate and key, for HTTP and gRPC; None: none.
    rate_max, body_max
        Requests a second, and bytes of a body.
    """

    host: str = "127.0.0.1"
    port: int = 8787
    path: Path | None = None
    key: str | None = None
    keda: str | None = None
    tls: tuple[Path, Path] | None = None
    rate_max: float = RATE_MAX
    body_max: int = BODY_MAX

    def check(self) -> None:
        """Raise InputError for what would let anybody in."""
        problems = []
        if self.key is not None and len(self.key) < KEY_MIN:
            found = f"{len(self.key)} characters"
            problems.append(Problem("", "API key", found, f"take {KEY_MIN} or more, as of `openssl rand -hex 24`"))
        if self.key is not None and not (self.key.isascii() and self.key.isprintable()):
            problems.append(Problem("", "API key", "letters that headers do not have", "take printable ASCII"))
        keda = None if self.keda is None else self.keda.rpartition(":")[0].strip("[]")
        places = [("--host", self.host if self.path is None else None), ("--keda", keda)]
        for flag, host in places:
            if host is not None and host not in LOCAL and self.key is None:
                cure = "give an API key (--api-key-file), or listen on 127.0.0.1 or --socket"
                problems.append(Problem("", flag, f"{host} can be reached by others", cure))
        for file in self.tls or ():
            if not file.is_file():
                problems.append(Problem(str(file), "--tls", "no such file", "name PEM files of certificate and key"))
        if problems:
            raise InputError(problems)

    @property
    def names(self) -> tuple[str, ...]:
        """Names that may be spoken to; empty: any."""
        return LOCAL_NAMES if self.key is None and self.path is None else ()


class HttpServer(uvicorn.Server):
    """Leaves signals to the service: it has more to end than connections."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def listening(settings: ServerSettings) -> socket.socket:
    """Return a socket that listens: who comes before anything is answered waits, and is not turned away.

    Raises
    ------
    InputError
        When the place cannot be had.
    """
    try:
        if settings.path is not None:
            own = _local(settings.path)
        else:
            family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
            own = socket.socket(family)
            own.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            own.bind((settings.host, settings.port))
        own.listen(CONNECTIONS_MAX)
    except OSError as error:
        place = settings.path or f"{settings.host}:{settings.port}"
        cure = "name another --port, --host or --socket"
        raise InputError([Problem("", "serve", f"{place}: {error.strerror or error}", cure)]) from None
    return own


def _local(path: Path) -> socket.socket:
    """Return a local socket that its owner alone may speak to; one that nobody listens on any more makes way."""
    if path.exists():
        if not stat.S_ISSOCK(path.stat().st_mode):
            raise OSError(0, "there is a file of that name")
        with socket.socket(socket.AF_UNIX) as other:
            try:
                other.connect(str(path))
            except OSError:
                path.unlink()
            else:
                raise OSError(0, "another process listens there")
    own = socket.socket(socket.AF_UNIX)
    before = os.umask(0o177)
    try:
        own.bind(str(path))
    finally:
        os.umask(before)
    return own


async def run(
    loop: ControlLoop,
    settings: ServerSettings,
    query: PrometheusQuery | None = None,
    *,
    ready: Callable[[str], None] = lambda place: None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Serve until a signal (SIGTERM, SIGINT) or cancellation; what waits is kept and answered before the end.

    Parameters
    ----------
    loop
        What is served; its store stays open.
    settings
        Where, and for whom.
    query
        Where measurements are fetched from; None: they are pushed.
    ready
        Told where it listens.
    sleep
        Waits for seconds of the loop's clock.

    Raises
    ------
    InputError
        When a place cannot be had.
    """
    settings.check()
    own = listening(settings)
    commits = GroupCommit(loop)
    key = None if settings.key is None else AccessKey.of(settings.key)
    app = ServiceApp(commits, key, names=settings.names, rate_max=settings.rate_max, body_max=settings.body_max)
    tls: dict[str, Any] = {}
    if settings.tls is not None:
        tls = {"ssl_certfile": settings.tls[0], "ssl_keyfile": settings.tls[1]}
    server = HttpServer(
        uvicorn.Config(
            app.asgi,
            log_config=None,
            access_log=False,
            lifespan="off",
            limit_concurrency=CONNECTIONS_MAX,
            timeout_graceful_shutdown=int(END_S),
            server_header=False,
            **tls,
        )
    )
    keda, place = await _keda(loop, settings, key, app)
    tasks = [asyncio.create_task(_decisions(commits, sleep), name="decisions")]
    if query is not None:
        tasks.append(asyncio.create_task(_queries(commits, query, app, sleep), name="queries"))
    served = asyncio.create_task(server.serve([own]), name="http")
    running = asyncio.get_running_loop()
    with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):  # no main thread: nobody sends signals
        for number in (signal.SIGTERM, signal.SIGINT):
            running.add_signal_handler(number, lambda: setattr(server, "should_exit", True))
    try:
        ready(_place(own, settings) + place)
        await asyncio.wait([served, *tasks], return_when=asyncio.FIRST_COMPLETED)
    finally:
        server.should_exit = True
        for task in tasks:
            task.cancel()
        if keda is not None:
            await keda.stop(STREAMS_S)
        await asyncio.wait([served], timeout=2 * END_S)
        await commits.close()
        own.close()
        if settings.path is not None:
            settings.path.unlink(missing_ok=True)
    for task in [served, *tasks]:
        if task.done() and not task.cancelled() and (error := task.exception()) is not None:
            raise error


async def _keda(loop: ControlLoop, settings: ServerSettings, key: AccessKey | None, app: ServiceApp) -> tuple[Any, str]:
    """Start the scaler for KEDA where one is asked for; return it, and its place in words."""
    if settings.keda is None:
        return None, ""
    credentials = None
    if settings.tls is not None:
        import grpc

        certificate, secret = (file.read_bytes() for file in settings.tls)
        credentials = grpc.ssl_server_credentials([(secret, certificate)])
    scaler = ExternalScaler(loop, key, lambda reason: app.metrics.refused.update((reason,)))
    server, port = await serving(scaler, settings.keda, credentials)
    return server, f", KEDA on {settings.keda.rpartition(':')[0]}:{port}"


def _place(own: socket.socket, settings: ServerSettings) -> str:
    if settings.path is not None:
        return f"unix:{settings.path}"
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"{'http' if settings.tls is None else 'https'}://{host}:{own.getsockname()[1]}"


async def _decisions(commits: GroupCommit, sleep: Callable[[float], Awaitable[None]]) -> None:
    """Decide when it is time, and tell what was noticed."""
    loop = commits.loop
    while True:
        await sleep(min(loop.every_s, max(0.0, loop.due_s - loop.clock.now_s())))
        try:
            await commits.decide()
        except StoreError as error:
            LOG.error("the decision was not kept: %s", error)
            await sleep(min(AGAIN_S, loop.every_s))
        except Exception:
            LOG.exception("the decision failed; orders stay as they are")
            await sleep(min(AGAIN_S, loop.every_s))
        for event in loop.news():
            LOG.warning("%s", event)


async def _queries(
    commits: GroupCommit, query: PrometheusQuery, app: ServiceApp, sleep: Callable[[float], Awaitable[None]]
) -> None:
    """Fetch measurements, step by step."""
    import httpx

    loop, failing = commits.loop, False
    if loop.until_s is not None:
        query.go_on(loop.clock.wall_s(loop.until_s))
    async with httpx.AsyncClient(follow_redirects=False, trust_env=False) as client:
        while True:
            try:
                found = await query.fetch(client, loop.clock.wall_s(loop.clock.now_s()))
                if found is not None:
                    await commits.push(found)
                if failing:
                    LOG.warning("%s answers again", query.place)
                failing = False
            except (QueryError, StoreError, InputError) as error:
                app.metrics.scrape_failures += 1
                if not failing:
                    LOG.error("%s: %s; asked again in %d s", query.place, error, query.step_s)
                failing = True
            await sleep(query.step_s)


def log_to_stderr() -> None:
    """Send what is logged to standard error, a line each with its moment."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    for name in ("serflow_opt.serving", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False
        logger.setLevel(logging.INFO if name.startswith("serflow") else logging.WARNING)
