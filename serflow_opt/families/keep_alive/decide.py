"""A window as documents have it, and back."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from serflow_opt.errors import InputError, Problem
from serflow_opt.families.keep_alive.problem import Idle, KeepAliveWindow
from serflow_opt.ground.arguments import as_number


def told(problem: Idle, window: KeepAliveWindow) -> dict[str, Any]:
    """Return a window as documents have it, in seconds."""
    return {"prewarm_s": window.prewarm_s, "keep_alive_s": window.keep_s}


def decided(problem: Idle, document: Mapping[str, Any]) -> KeepAliveWindow:
    """Return the window of a document.

    Raises
    ------
    InputError
        For what is no time, and for windows that end before they open.
    """
    opens, ends = (as_number(document.get(key)) for key in ("prewarm_s", "keep_alive_s"))
    problems = [
        Problem("", key, f"{document.get(key)!r}", "write seconds, at least 0")
        for key, own in (("prewarm_s", opens), ("keep_alive_s", ends))
        if not (math.isfinite(own) and own >= 0)
    ]
    if not problems and ends < opens:
        problems.append(Problem("", "keep_alive_s", f"{ends:g}", f"at least prewarm_s, {opens:g}"))
    if problems:
        raise InputError(problems)
    return KeepAliveWindow(opens, ends)
