"""Who scales cards that take batches: an autoscaler of six lines, the policy `batches`, and our controller.

bert12-sst2-gpu on two traces: a sine with a period of half an hour, and the hour and a half of a day of Twitter in
which rates differ most, both at 2,500 requests a second on average; cards start in 60 s. The first minutes count apart.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import numpy as np
from reporting import setting, table, write

import serflow_opt as so
from serflow_opt.problem.loader import shipped_folder
from serflow_opt.traffic.batches.filled import of_size
from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.scaling_policy import Orders, Seen

MEAN_RATE, PERIOD_S, SECONDS = 2500.0, 1800.0, 5400
FIRST_S = 300
"""Seconds that count apart: who starts with nothing is late."""


class SixLines:
    """As many cards as are busy to a target with full batches at the mean rate since the last look."""

    every_s = 60.0

    def __init__(self, service: so.Service, busy: float) -> None:
        self.service, self.busy, self.name = service, busy, f"six lines, {busy:.0%} busy"

    def decide(self, seen: Seen) -> Orders:
        """Follow the target."""
        machines = []
        for b, block in enumerate(self.service.blocks):
            machine, each = block.machines[0], of_size(self.service, b, block.batch).seconds / block.batch
            rate = float(seen.counts[b].mean()) if len(seen.counts[b]) else 0.0
            machines.append({machine.name: max(1, math.ceil(rate * each / self.busy / machine.workers))})
        return Orders(tuple(machines))


def traces() -> list[Trace]:
    """Return a sine and the part of a real day in which rates differ most."""
    at = np.arange(SECONDS)
    sine = MEAN_RATE * (1 - 0.8 * np.cos(2 * np.pi * at / PERIOD_S))
    day = so.read_trace("twitter-day")
    own, part = day.counts / day.period_s, round(SECONDS / day.period_s) + 1
    first = max(range(len(own) - part), key=lambda k: float(np.ptp(own[k : k + part])))
    rates = np.interp(at, np.arange(part) * day.period_s, own[first : first + part])
    real = rates * (MEAN_RATE / rates.mean())
    rng = np.random.default_rng(1)
    return [Trace(rng.poisson(own), 1.0, np.ones(SECONDS), name) for name, own in (("sine", sine), ("twitter", real))]


def main() -> None:
    """Simulate all on both traces, and print money and late requests."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    first, rows = setting(), []
    instance = so.load(shipped_folder() / "bert12-sst2-gpu")
    service = so.provision(instance, MEAN_RATE, confirm=False).service
    assert service is not None
    assert service.slo_s is not None
    for trace in traces():
        start = float(trace.counts[0])
        policies = [
            *(SixLines(service, busy) for busy in (0.5, 0.7)),
            so.FilledBatches(service, rate=start),
            so.Controller(service),
        ]
        for policy in policies:
            done = so.simulate(service, trace, policy, seed=1)
            late = np.asarray(done.latency) > service.slo_s * (1 + 1e-9)
            before = int(trace.counts[:FIRST_S].sum())
            said = [f"{done.usd_total:.2f}", f"{late[:before].sum():,}", f"{100 * late[before:].mean():.3f} %"]
            rows.append([trace.name, policy.name, *said])
    text = f"{first}\n\n" + table(["trace", "policy", "USD", f"late in {FIRST_S} s", "late after that"], rows)
    print(text)
    if asked.out:
        write(asked.out, "batch-scaling", text)


if __name__ == "__main__":
    main()
