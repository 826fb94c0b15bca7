"""Which JSON documents are answers: what commands and `save` write, whatever is asked and of whatever kind."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from serflow_opt.errors import InputError, Problem
from serflow_opt.files import read_json

CURE = "give what `solve --out`, `pareto --out`, `compare --json`, `provision --out`, .. wrote"
KEYS: tuple[frozenset[str], ...] = tuple(
    map(
        frozenset,
        (
            ("instance", "status"),  # plans, deployments, solutions, what exports describe
            ("instance", "objectives"),  # fronts
            ("instance", "kind"),  # simulations of families
            ("instance", "trace"),  # comparisons
            ("instance", "axis"),  # policies
            ("instance", "keys", "rows"),  # sweeps
            ("service", "trace"),  # schedules, simulations
            ("placement", "thresholds"),  # plans by themselves
            ("plan", "limits"),  # explanations
            ("status", "certificate"),  # fleets
            ("bound", "trace"),
            ("first", "second", "differences"),
            ("verdicts", "claims"),
            ("flops", "fit", "points"),  # speeds by memory
            ("time_ratio",),  # plans that were run, of networks and of tasks
            ("engine", "runs", "off"),
            ("data", "least_loss", "rows"),  # rounds of training
        ),
    )
)
"""What the outermost keys of an answer have among them, one of these."""


def is_answer(document: Mapping[str, Any]) -> bool:
    """Whether a document has the keys of an answer."""
    return "exact" in document or any(keys <= document.keys() for keys in KEYS)


def read_answer(path: str | Path) -> dict[str, Any]:
    """Read the file of an answer.

    Raises
    ------
    InputError
        For a file that cannot be read, or holds something else.
    """
    document = read_json(path, CURE, "answer")
    if not is_answer(document):
        keys = ", ".join(list(document)[:4]) + (", .." if len(document) > 4 else "")
        raise InputError([Problem(str(path), "", f"no answer: its keys are {keys or 'none'}", CURE)])
    return document
