"""A tiny network profiled by the command, and what it leaves behind."""

from __future__ import annotations

from pathlib import Path

from support.helpers import Ran, run

QUICK = ("--threads", "1", "--repeats", "5", "--warmup", "1", "--device", "cpu")
TRAIN = ("--train", "joint", "--epochs", "4", "--batch-size", "32", "--learning-rate", "0.02")
INPUTS, MEASURED, HELD_OUT = 1200, 480, 240
"""400 a class: 160 + 20 + 60 train, calibrate and attack, 160 are measured; half of these stay out of the tables."""


def profile(*arguments: str | Path) -> Ran:
    """Profile with few passes."""
    return run("profile", *QUICK, *arguments)


def left_behind(folder: Path) -> set[str]:
    """Names in a folder, hidden ones too, but for what Python caches."""
    return {path.name for path in folder.iterdir()} - {"__pycache__"}
