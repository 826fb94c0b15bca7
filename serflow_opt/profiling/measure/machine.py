"""What the measurements were taken with, in words: processor, threads, versions."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch


def machine() -> str:
    """Name the processor (and the GPU), and how many threads it has for this process."""
    try:
        threads = len(os.sched_getaffinity(0))
    except AttributeError:  # not on this system
        threads = os.cpu_count() or 1
    words = [f"{processor()}, {threads} hardware thread{'s' if threads > 1 else ''}"]
    if torch.cuda.is_available():
        words.append(torch.cuda.get_device_name())
    return ", ".join(words)


def device(wanted: str) -> str:
    """Return cpu or cuda: what is wanted, or for `auto` the GPU where there is one."""
    if wanted == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    return wanted


def hardware_threads() -> int:
    """Return how many threads PyTorch takes by itself: the cores of this machine, or what OMP_NUM_THREADS says."""
    return torch.get_num_threads()


@contextmanager
def deterministic(device: str) -> Iterator[None]:
    """Let PyTorch on a GPU take only algorithms that give the same result each time, where it has them."""
    if device != "cuda":
        yield
        return
    before = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before[0], warn_only=before[1])


def processor() -> str:
    """Name the processor as the system does."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return " ".join(line.partition(":")[2].split())
    except OSError:
        pass
    return platform.processor() or platform.machine()


def versions() -> str:
    """Name the versions that shaped the numbers."""
    try:
        ours = version("serflow-opt")
    except PackageNotFoundError:  # run from a source checkout that was not installed
        from serflow_opt import __version__ as ours
    return f"serflow-opt {ours}, PyTorch {torch.__version__}, Python {platform.python_version()}"
