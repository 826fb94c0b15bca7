"""What traffic functions are given beside instances: traces and services, or what is read as one."""

from __future__ import annotations

import os
from pathlib import Path

from serflow_opt.problem.given import wrong
from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.demand.trace_file import read_trace
from serflow_opt.traffic.service import Service


def trace_of(given: object) -> Trace:
    """Return a trace as it is, and read the file that is named.

    Raises
    ------
    InputError
        For anything else, and as `read_trace` does.
    """
    if isinstance(given, Trace):
        return given
    if isinstance(given, str | os.PathLike):
        return read_trace(Path(given))
    raise wrong("trace", given, "give a trace: so.read_trace(...), or the path that it takes")


def service_of(given: object) -> Service:
    """Return a service as it is.

    Raises
    ------
    InputError
        For anything else.
    """
    if isinstance(given, Service):
        return given
    home = "serflow_opt.traffic.control.compare"
    cure = f"give a service: so.provision(...).service, or {home}.service_for(instance, trace)"
    raise wrong("service", given, cure)
