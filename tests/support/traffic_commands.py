"""Commands on traffic, run on small services."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from support.helpers import Ran, has_line, run


def timeless(document: dict[str, Any]) -> dict[str, Any]:
    """A document without the seconds its search took."""
    return {key: value for key, value in document.items() if key != "seconds"}


def refused(ran: Ran, *parts: str) -> bool:
    """Whether a command ended with exit code 2, nothing on stdout, and these words in a line on stderr."""
    return (ran.code, ran.stdout) == (2, "") and has_line(ran.stderr, *parts)


TRAFFIC = ("provision", "scale", "simulate", "compare")
TRACED = TRAFFIC[1:]


def simulated(*arguments: str | Path) -> dict[str, Any]:
    """The document of a simulation of libra; nothing is lost in it."""
    ran = run("simulate", "libra", *arguments, "--json")
    assert (ran.code, ran.stderr) == (0, "")
    document: dict[str, Any] = ran.document
    requests = document["requests"]
    assert requests["arrived"] == requests["served"] + sum(requests["dropped"].values())
    runs = sum(block["on_machines"] + block["on_function"] for block in document["blocks"])
    assert sum(block["entered"] for block in document["blocks"]) == runs + sum(requests["dropped"].values())
    assert document["usd"]["total"] == pytest.approx(
        math.fsum(document["usd"][part] for part in ("machines", "functions", "links")), rel=1e-12
    )
    return document
