"""Measure a network: operations, sizes, exits, times, leaks and compression, written as an instance to solve.

Everything here needs PyTorch (`pip install 'serflow-opt[profile]'`) except `graph`, which knows only operations.
"""

from __future__ import annotations

from serflow_opt.errors import InputError, Problem


def need_torch(command: str) -> None:
    """Raise InputError that says how to get PyTorch when a command needs it and it is not installed."""
    from importlib.util import find_spec

    if find_spec("torch") is None:
        cure = "pip install 'serflow-opt[profile]' (for a build without GPU, get torch from its own index first)"
        raise InputError([Problem("", f"serflow-opt {command}", "PyTorch is not installed", cure)])
