"""What the service needs beside the package."""

from __future__ import annotations

from importlib.util import find_spec

from serflow_opt.errors import InputError, Problem

WANTED = {
    "starlette": "starlette",
    "uvicorn": "uvicorn",
    "prometheus_client": "prometheus-client",
    "httpx": "httpx",
    "grpc": "grpcio",
    "google.protobuf": "protobuf",
}
"""Modules by which the extra is known to be there, and the packages that have them."""
CURE = "pip install 'serflow-opt[serve]'"


def check_extra() -> None:
    """Raise InputError where the extra is not installed, or the system has no locks of files."""
    if not _there("fcntl"):
        raise InputError([Problem("", "serve", "needs Linux or macOS", "run it in a container, or in WSL")])
    missing = [package for module, package in WANTED.items() if not _there(module)]
    if missing:
        raise InputError([Problem("", "serve", f"{', '.join(missing)} not installed", CURE)])


def _there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # the package around it
        return False
