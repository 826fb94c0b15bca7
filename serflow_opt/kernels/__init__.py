"""Loops that numpy does badly, compiled when the package is built.

The modules here are plain Python with types for Cython. Where one of them was not compiled, or the environment variable
`SERFLOW_OPT_KERNELS` is `off`, `compiled` is false: nobody imports them then, and the numpy code they stand for runs.
Callers read `kernels.compiled` when they are called, and import a kernel only where it is true.
"""

from __future__ import annotations

import os
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

SWITCH = "SERFLOW_OPT_KERNELS"
"""Environment variable; `off` lets the numpy code run."""


def built() -> bool:
    """Whether all kernels were compiled, and what they share (`setup.py`); none is imported."""
    folder = Path(__file__).parent
    modules = {"memory", *(file.stem for file in folder.glob("*.py"))} - {"__init__"}
    return all(any((folder / f"{name}{suffix}").exists() for suffix in EXTENSION_SUFFIXES) for name in modules)


compiled: bool = os.environ.get(SWITCH, "").lower() != "off" and built()
