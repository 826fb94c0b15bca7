"""How long idle functions stay warm: seconds, or the plan of how long that solves `kind = "keep-alive"`."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from serflow_opt.errors import InputError, Problem
from serflow_opt.files import read_json

if TYPE_CHECKING:
    from serflow_opt.problem.schema import TierTable

WHAT = 'give the plan that `solve --out` writes of a kind = "keep-alive", or keep_alive_s'


def kept_warm_s(tier: TierTable, folder: Path, file: str, place: str, problems: list[Problem]) -> float | None:
    """Return the seconds that functions of a tier stay warm after a request; None: not said, or at fault.

    Parameters
    ----------
    tier
        With `keep_alive_s`, or `keep_alive_plan`, the path of a plan.
    folder
        What paths are relative to.
    file, place
        Where the tier stands, for messages.
    problems
        Takes what is wrong.
    """
    given = tier.keep_alive_plan
    if given is None:
        return tier.keep_alive_s
    if tier.keep_alive_s is not None:
        problems.append(Problem(file, f"{place}.keep_alive_plan", "given together with keep_alive_s", "keep one"))
        return None
    try:
        document = read_json(folder / given, WHAT, "plan")
    except InputError as error:
        problems += error.problems
        return None
    plan = document.get("plan")
    window = plan if document.get("kind") == "keep-alive" and isinstance(plan, dict) else {}
    opens, ends = window.get("prewarm_s"), window.get("keep_alive_s")
    seconds = [float(own) for own in (opens, ends) if isinstance(own, int | float)]
    if len(seconds) < 2 or not all(math.isfinite(own) and own >= 0 for own in seconds):
        found = f"{given}: no plan of how long functions are kept"
        problems.append(Problem(file, f"{place}.keep_alive_plan", found, WHAT))
        return None
    if seconds[0]:
        found = f"{given}: unloaded at once, and loaded again after {seconds[0]:g} s"
        cure = "functions have no key for that: take the plan of idle times with resolution_s above the longest"
        problems.append(Problem(file, f"{place}.keep_alive_plan", found, cure))
        return None
    return seconds[1]
