"""The simulations behind a comparison, each once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from serflow_opt.ground.deadline import Deadline, OutOfTime
from serflow_opt.ground.stopping import workers
from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.scaling_policy import ScalingPolicy
from serflow_opt.traffic.service import Service
from serflow_opt.traffic.simulate.requests import Requests
from serflow_opt.traffic.simulate.result import Simulation
from serflow_opt.traffic.simulate.simulate import simulate

Run = tuple[Service, Trace, ScalingPolicy, int, str, float, Deadline, Requests | None]
"""What a simulation is told: service, trace, policy, seed, times, cv, deadline, requests."""


def simulated(each: Mapping[str, Run], jobs: int, tell: Callable[[str], None]) -> dict[str, Simulation | str]:
    """Simulate policies; the controller on the one block that `whole` has does what that does, and is run once.

    Parameters
    ----------
    each
        By name of the policy.
    jobs
        Processes.
    tell
        Told what is being done.

    Returns
    -------
    dict
        By name, what came of it, or how far it came in time.
    """
    twice = {"whole", "controller"} <= each.keys() and each["whole"][0] is each["controller"][0]
    once = {name: run for name, run in each.items() if not (twice and name == "controller")}
    if jobs > 1:
        tell(f"{len(once)} simulations in {jobs} processes")
        with workers(jobs) as pool:
            found = dict(zip(once, pool.map(_simulate, once.values()), strict=True))
    else:
        found = {}
        for name, run in once.items():
            tell(f"simulating {name}")
            found[name] = _simulate(run)
    if twice:
        whole = found["whole"]
        found["controller"] = whole if isinstance(whole, str) else replace(whole, policy="controller")
    return found


def _simulate(argument: Run) -> Simulation | str:
    """Simulate, or say how far it came in time."""
    service, trace, policy, seed, times, cv, deadline, requests = argument
    try:
        return simulate(service, trace, policy, seed=seed, times=times, cv=cv, time_limit=deadline, requests=requests)
    except OutOfTime as error:
        return str(error)
