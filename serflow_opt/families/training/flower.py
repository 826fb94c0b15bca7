"""A federated plan as the run configuration of a Flower app: what its strategy and its clients are told."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from serflow_opt.errors import InputError, Problem
from serflow_opt.export.text import one_line, quoted
from serflow_opt.families.training.problem import KNOBS
from serflow_opt.ground.tolerances import TOLERANCE

MILLI = 1000
"""A timeout is rounded up to whole milliseconds."""


def flower_settings(plan: Mapping[str, Any], title: str) -> str:
    """Return a TOML file for `flwr run APP --run-config FILE`.

    Parameters
    ----------
    plan
        As documents have it.
    title
        What the whole is called.

    Raises
    ------
    InputError
        For plans that are not federated: Flower's strategies exchange models, activations do not pass them.
    """
    part = [own for own in plan["groups"] if own["cut"] is not None]
    if plan["mode"] not in ("federated", "hybrid") or any(own["cut"] < plan["stages"] for own in part):
        cure = "plan with `--set mode=federated`"
        raise InputError([Problem("", "plan.mode", f"{plan['mode']!r}: activations cross a cut", cure)])
    if not plan["synchronous"] or plan["topology"] != "star":
        found = "rounds that nobody waits for" if plan["topology"] == "star" else f"topology {plan['topology']!r}"
        raise InputError([Problem("", "plan", found, "Flower's FedAvg waits for all clients of a round, in a star")])
    drawn = math.ceil(math.fsum(own["drawn"] for own in part) - TOLERANCE)
    deadline = plan["round_deadline_s"]
    timeout = math.ceil((plan["round_s"] if deadline is None else deadline) * MILLI - TOLERANCE) / MILLI
    lines = [
        f"# {one_line(title)}: for `flwr run APP --run-config FILE`; an app reads the values from context.run_config.",
        "# ServerConfig(num_rounds=..., round_timeout=...), FedAvg(fraction_fit=..., min_fit_clients=...,",
        "# min_available_clients=...): a fraction of 0 draws min-fit-clients, no more. Clients get local-epochs.",
    ]
    out = [own["client"] for own in plan["groups"] if own["cut"] is None]
    if out:
        lines.append(f"# Left out, not to be connected: {one_line(', '.join(out))}")
    lines += [
        f"num-server-rounds = {math.ceil(plan['rounds'] - TOLERANCE)}",
        f"round-timeout = {timeout}  # seconds: {'what the plan promises' if deadline is None else 'its deadline'}",
        "fraction-fit = 0.0",
        f"min-fit-clients = {max(drawn, 1)}",
        f"min-available-clients = {max(drawn, 1)}",
        f"local-epochs = {plan['local_epochs']}",
    ]
    lines += [f"{kind} = {quoted(plan[kind])}  # yours to do" for kind in KNOBS if plan.get(kind, "none") != "none"]
    return "\n".join(lines) + "\n"
