"""Where what is paid above the least goes, rung by rung, and on which rung is what was asked; docs/real-traffic.md.

    python benchmarks/excess.py TRACES [--seconds S] [--only NAME ..]

TRACES is a folder with the files that `policies.py` takes, as it takes them. From rung to rung one thing more is as it
really is, on the blocks that the controller takes:

1. parts of machines, there at once, and only as long as they are needed: requests at the price of a full machine, and
   with the exits that they took in the simulations, here and on the next two rungs;
2. whole machines, there at once, turned on and off every 60 s;
3. machines that take their time to start: the clairvoyant bound;
4. requests one by one, in time, all rates known in advance (`foresight`);
5. rates known as far ahead as an order reaches, a start and the time to the next decision, and not beyond: our
   controller with that in the place of its forecast;
6. nothing known but what came: our controller.

Rungs 1 to 3 are bounds: no policy pays less that serves requests as they come. Rungs 4 and 5 are what two policies pay,
the one told all rates and the other those of the next minutes; another policy told the same may pay less.

What is paid at least between rungs 3 and 4 says `at_random.py`.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from money import EVERY_S, INSTANCES, at_once
from policies import DOCS, traces
from reporting import setting, table, write
from waiting import BOUND, OVER_MEAN

import serflow_opt as so
from serflow_opt.ground.arrays import Floats
from serflow_opt.problem.instance import Instance
from serflow_opt.traffic.control.compare import Comparison, compare
from serflow_opt.traffic.control.named_policies import service_for
from serflow_opt.traffic.demand.rates import Rates
from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.schedule.solve import schedule
from serflow_opt.traffic.service import Block, Service

POLICIES = ("libra-mean", "controller", "foresight")
HEAD = [
    "of",
    "parts of machines",
    "whole machines",
    "that start: the bound",
    "one by one, in time",
    "known as far as an order",
    "forecast: the controller",
    "asked",
]


@dataclass
class KnowsAhead:
    """A forecaster that knows the rates from now on for some seconds, and nothing else.

    Attributes
    ----------
    rates_per_s
        Of the requests that enter the block, second by second.
    ahead_s
        How many of them it knows.
    """

    rates_per_s: Floats
    ahead_s: int
    now_s: int = 0

    def observe(self, counts: Floats) -> None:
        """Take note of the time."""
        self.now_s += len(counts)

    def rates(self) -> Rates | None:
        """Return what comes next, each second alike."""
        next_ = self.rates_per_s[self.now_s : self.now_s + self.ahead_s]
        if not len(next_):
            return None
        values, counts = np.unique(next_, return_counts=True)
        return Rates(values, counts / len(next_))

    def state(self) -> dict[str, Any]:
        """Return the clock."""
        return {"now_s": self.now_s}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Set the clock."""
        self.now_s = int(state["now_s"])


def main() -> None:
    """Climb the rungs on all traces, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("traces", type=Path)
    parser.add_argument("--seconds", type=float, help="only so much of each trace, for a trial")
    parser.add_argument("--only", nargs="+", help="traces whose names begin so")
    parser.add_argument("--out", type=Path, default=DOCS / "real-traffic.md")
    given = parser.parse_args()
    first, rows = setting(), list[list[str]]()
    for trace in traces(given.traces, given.seconds):
        if given.only is not None and not trace.name.startswith(tuple(given.only)):
            continue
        for name in INSTANCES:
            instance = so.load(name)
            found = compare(instance, trace, policies=POLICIES, every_s=EVERY_S)
            rows.append(row(found, instance, trace))
            print(rows[-1], flush=True)
    write(given.out, "excess", f"{first}\n\n{table(HEAD, rows)}")


def row(found: Comparison, instance: Instance, trace: Trace) -> list[str]:
    """Return the rungs of an instance on a trace, USD, and by how much of the bound each is above it.

    Parameters
    ----------
    found
        `POLICIES` side by side.
    instance, trace
        Which were compared.
    """
    own, knows, mean = (found.row(policy) for policy in ("controller", "foresight", "libra-mean"))
    assert own is not None
    assert knows is not None
    service, bound = service_for(instance, trace, own.blocks), own.bound
    drawn, links = found.bounds[own.blocks].service, own.simulation.usd["links"]
    parts = in_parts(drawn, trace) + links
    whole = schedule(at_once(drawn), trace, step_s=EVERY_S).bound + links
    ahead = so.Controller(service, EVERY_S, forecaster=lambda block: known_ahead(service, block, trace))
    rungs = [parts, whole, bound, knows.usd, so.simulate(service, trace, ahead).usd_total, own.usd]
    name, source = instance.name, trace.name.split("_")[0]
    asked = []
    if (name, source) in BOUND:
        above = BOUND[name, source]
        asked.append(f"{bound * (1 + above):.4g} ({above:+.0%})")
    if name == "bert12-sst2" and mean is not None:
        usd = mean.usd * (1 - OVER_MEAN)
        asked.append(f"{usd:.4g} ({usd / bound - 1:+.1%}), {OVER_MEAN:.0%} less than LIBRA told the mean")
    said = [f"{usd:.4g}" + ("" if usd == bound else f" ({usd / bound - 1:+.1%})") for usd in rungs]
    return [f"{name} on {source}", *said, "; ".join(asked)]


def in_parts(service: Service, trace: Trace) -> float:
    """Return what all requests cost at the price of full machines, or of the function where that is less, USD."""
    each = []
    for b, block in enumerate(service.blocks):
        prices = [machine.usd_per_s / service.rate_per_s(b, machine) for machine in block.machines]
        each.append(service.reach(b) * min([*prices, service.function_usd(b)]))
    return trace.requests * math.fsum(each)


def known_ahead(service: Service, block: Block, trace: Trace) -> KnowsAhead:
    """Return the forecaster of a block that knows what an order can change before the next one."""
    seconds = np.repeat(trace.counts / trace.period_s, round(trace.period_s)) * service.reach(
        service.blocks.index(block)
    )
    start_s = max((machine.start_s for machine in block.machines), default=0.0)
    return KnowsAhead(seconds.astype(float), math.ceil(start_s + EVERY_S))


if __name__ == "__main__":
    main()
