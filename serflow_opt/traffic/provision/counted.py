"""What waiting asks for beside a plan whose machines were counted as a fluid, in a line."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from serflow_opt.errors import InputError
from serflow_opt.traffic.provision.solve import provision

if TYPE_CHECKING:
    from serflow_opt.plan.document import Plan
    from serflow_opt.problem.instance import Instance

SECONDS = 2.0
"""Time for counting: the line is an aside."""


def counted_with_waits(instance: Instance, plan: Plan) -> str:
    """Say how many machines a plan needs when requests come at random; empty where that is not known.

    Parameters
    ----------
    instance, plan
        A plan of it that rents whole machines.
    """
    if plan.metrics is None or not plan.metrics.machines or instance.latency_slo_s is None:
        return ""
    try:
        found = provision(instance, plan=plan, confirm=False, time_limit=SECONDS)
    except InputError:  # the instance has what provisioning does not take
        return ""
    when = "when requests come at random and their waits count (provision --plan)"
    if found.status == "infeasible":
        return f"no number of machines keeps the latency limit {when}"
    if not found.parts:
        return ""
    own, asked = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for machine in plan.metrics.machines:
        own[machine.tier, machine.option] += machine.count
    for part in found.parts:
        if part.machine is not None:
            asked[part.machine_tier or "", part.machine] += part.count
    if asked == own:
        return f"these machines keep the latency limit also {when}"
    counts = ", ".join(f"{count} x {option} ({tier})" for (tier, option), count in asked.items())
    return f"the latency limit asks for {counts} {when}"
