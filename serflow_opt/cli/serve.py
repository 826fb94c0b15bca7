"""The command `serve`: the controller as a service."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from serflow_opt.cli.common import (
    OK,
    AccuracyMin,
    Catalogs,
    Debug,
    File,
    LatencyMeasure,
    LatencySlo,
    Rate,
    Settings,
    finish,
    load_limited,
)
from serflow_opt.cli.traffic_options import Blocks, DegradedAccuracy, EveryS, KeepWarm, TraceScale, Warming
from serflow_opt.errors import InputError, Problem

if TYPE_CHECKING:
    from serflow_opt.problem.instance import Instance
    from serflow_opt.traffic.demand.trace import Trace

KEY = "SERFLOW_OPT_API_KEY"
"""The variable that may have the key."""
AFTER_STEP_S = 5.0
"""Seconds after a step of a query is over until it is decided upon."""
HOUR_S = 3600


def serve(
    file: File,
    state: Annotated[
        Path, typer.Option(help="SQLite file of all that must outlive the process; made where it is not there.")
    ] = Path("serflow.db"),
    trace: Annotated[
        Path | None, typer.Option(help="Trace whose rates the service is planned for; none: the instance's rate.")
    ] = None,
    trace_scale: TraceScale = 1.0,
    rate_per_s: Rate = None,
    blocks: Blocks = 2,
    every_s: EveryS = 60.0,
    settle_s: Annotated[
        float | None,
        typer.Option(help="Seconds that measurements may take to come; none: 2, or a step of the query and 5.", min=0),
    ] = None,
    host: Annotated[str, typer.Option(help="Where to listen; others than this machine need a key.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Of HTTP; 0: any that is free.", min=0, max=65535)] = 8787,
    socket: Annotated[Path | None, typer.Option(help="Listen on this local socket instead.")] = None,
    api_key_file: Annotated[
        Path | None, typer.Option(help=f"File with the key that is asked for; or the variable {KEY}.")
    ] = None,
    keda: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Answer KEDA's external scaler there, over gRPC.")
    ] = None,
    tls_cert: Annotated[Path | None, typer.Option(help="PEM certificate, for HTTP and gRPC.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Its PEM key.")] = None,
    prometheus: Annotated[
        str | None, typer.Option(metavar="URL", help="Fetch measurements from this Prometheus.")
    ] = None,
    query: Annotated[
        str | None,
        typer.Option(metavar="PROMQL", help="Requests a second, as sum by (block) (rate(requests_total[30s]))."),
    ] = None,
    query_step_s: Annotated[int, typer.Option(help="Seconds from one value to the next.", min=1, max=600)] = 15,
    requests_max: Annotated[float, typer.Option(help="Requests a second that are let in.", min=1)] = 5000.0,
    body_max_kb: Annotated[int, typer.Option(help="Size of a measurement.", min=1, max=100_000)] = 1000,
    degraded_accuracy_min: DegradedAccuracy = None,
    keep_warm: KeepWarm = Warming.named,
    accuracy_min: AccuracyMin = None,
    latency_slo_ms: LatencySlo = None,
    latency_measure: LatencyMeasure = None,
    settings: Settings = None,
    catalog: Catalogs = None,
    debug: Debug = False,
) -> None:
    """The controller as a service: measurements in, orders out, for KEDA, Kubernetes, Prometheus.

    Listens on 127.0.0.1:8787, or a local socket, until SIGTERM or Ctrl-C. What was
    acknowledged is in the state file, whatever ends the process.
    """

    def work() -> int:
        from serflow_opt.serving.extra import check_extra
        from serflow_opt.traffic.given import check_scaling

        check_extra()
        instance = load_limited(
            file,
            catalog,
            "scale",
            settings=settings,
            accuracy_min=accuracy_min,
            latency_slo_ms=latency_slo_ms,
            latency_measure=latency_measure,
            rate_per_s=rate_per_s,
        )
        check_scaling(instance)
        if instance.takes_batches and degraded_accuracy_min is not None:
            cure = "leave one out: a second menu is for requests that are served one by one"
            raise InputError([Problem(instance.name, "--degraded-accuracy-min", "and tiers that take batches", cure)])
        if (prometheus is None) != (query is None):
            raise InputError([Problem("", "--prometheus, --query", "one without the other", "give both, or none")])
        if (tls_cert is None) != (tls_key is None):
            raise InputError([Problem("", "--tls-cert, --tls-key", "one without the other", "give both, or none")])
        from serflow_opt.serving.server import ServerSettings

        server = ServerSettings(
            host=host,
            port=port,
            path=socket,
            key=_key(api_key_file),
            keda=keda,
            tls=None if tls_cert is None or tls_key is None else (tls_cert, tls_key),
            rate_max=requests_max,
            body_max=body_max_kb * 1000,
        )
        server.check()
        demand = _demand(instance, file, trace, trace_scale)
        usual = 2.0 if prometheus is None else query_step_s + AFTER_STEP_S
        asked: dict[str, Any] = {"blocks": blocks, "degraded": degraded_accuracy_min, "every_s": every_s}
        asked["keep_warm"] = keep_warm.value
        asked["settle_s"] = usual if settle_s is None else settle_s
        asked["query"] = None if prometheus is None or query is None else (prometheus, query, query_step_s)
        return _serve(instance, demand, state, server, asked)

    finish(work, debug)


def _serve(instance: Instance, demand: Trace, state: Path, server: Any, asked: dict[str, Any]) -> int:
    """Find what is scaled, go on from the state, and serve."""
    import asyncio

    from serflow_opt import __version__
    from serflow_opt.serving.kept_service import digest, kept_service
    from serflow_opt.serving.loop import ControlLoop
    from serflow_opt.serving.prometheus import PrometheusQuery
    from serflow_opt.serving.server import log_to_stderr, run
    from serflow_opt.serving.store import ServiceStore
    from serflow_opt.traffic.control.controller import Controller
    from serflow_opt.traffic.control.named_policies import batched_for, service_for

    question = {
        "version": __version__,
        "instance": digest(instance),
        "demand": [demand.counts.tolist(), demand.period_s],
        "blocks": asked["blocks"],
        "degraded": asked["degraded"],
        "keep_warm": asked["keep_warm"],
    }
    log_to_stderr()
    with ServiceStore(state) as store:
        service, change = kept_service(
            store,
            question,
            lambda: (
                batched_for(instance, demand, asked["blocks"])
                if instance.takes_batches
                else service_for(instance, demand, asked["blocks"], None, asked["degraded"], asked["keep_warm"])
            ),
        )
        loop = ControlLoop(Controller(service, every_s=asked["every_s"]), store, settle_s=asked["settle_s"])
        query = None
        if asked["query"] is not None:
            url, text, step_s = asked["query"]
            query = PrometheusQuery(url, text, step_s, service)
        if change:
            print(f"warning: {state}: {change}", file=sys.stderr)
        asyncio.run(run(loop, server, query, ready=lambda place: print(f"{service.name} on {place}", file=sys.stderr)))
    return OK


def _demand(instance: Instance, file: str, trace: Path | None, scale: float) -> Trace:
    """Return the rates that the service is planned for."""
    from serflow_opt.cli.traffic_options import read_part
    from serflow_opt.traffic.demand.trace import Trace

    if trace is not None:
        return read_part(trace, scale, 0.0, None)
    if instance.rate_per_s is None:
        cure = "give --trace or --rate-per-s, or rate_per_s in the file"
        raise InputError([Problem(file, "workload.rate_per_s", "no rate to plan for", cure)])
    return Trace.of([max(1, round(instance.rate_per_s * scale * HOUR_S))], float(HOUR_S), "rate")


def _key(file: Path | None) -> str | None:
    """Read the key; None: none is given."""
    if file is None:
        return os.environ.get(KEY) or None
    try:
        key = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            [Problem(str(file), "--api-key-file", f"cannot be read ({error})", "name a text file")]
        ) from None
    if not key:
        raise InputError([Problem(str(file), "--api-key-file", "empty", "put a key in, as of `openssl rand -hex 24`")])
    return key
