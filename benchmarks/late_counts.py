"""Whether one late request too many is chance: the controller on many draws of the same rates; docs/real-traffic.md.

    python benchmarks/late_counts.py TRACES [--seeds N] [--keep-warm named together off]

A target that is for all is taken to be kept when at most one request in 10,000 is late. On a trace of 9,000 requests
that is none, so a run keeps it or not by chance. Here moments within seconds and exits are drawn anew with each seed,
`bert12-sst2` is served by the controller, and late requests of all draws are put together. Those of a draw come in
bunches, as cold calls do, so the interval of the share is by the scatter of the draws: 99 %, Student's t. `named`,
`together` and `off` say how environments are kept warm. Where a trace has many decisions and the controller has no
machine in the first draws, the others are of its functions alone, kept warm as it does: it gives the same there.
"""

from __future__ import annotations

import argparse
import math
from pathlib import Path

import numpy as np
from policies import DOCS, traces
from reporting import setting, table, write
from scipy.stats import t as student

import serflow_opt as so
from serflow_opt.traffic.control.baselines import Fixed
from serflow_opt.traffic.control.keep_warm import KeepWarm
from serflow_opt.traffic.control.named_policies import WINDOW_S, service_for
from serflow_opt.traffic.control.slack import may_be_late
from serflow_opt.traffic.control.split import TraceRates, late_for_cold
from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.service import Service
from serflow_opt.traffic.simulate.result import Simulation

SHORT = ("azure", "mooncake", "square", "diffserve", "alibaba")
SURE, EVERY_S = 0.99, 60.0
SAME, MANY = 3, 1_000
"""So many draws by the controller tell whether functions alone do the same, on traces of more decisions."""
HEAD = ["of", "kept warm", "functions, MB", "USD", "of that to keep warm", "cold calls", "draws", "late in a draw"]
HEAD += ["may be", "share late", "expected", "draws that keep it", "what that says"]


def main() -> None:
    """Draw all traces many times, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("traces", type=Path)
    parser.add_argument("--seeds", type=int, default=300)
    parser.add_argument("--keep-warm", nargs="+", default=("named", "together", "off"))
    parser.add_argument("--only", nargs="+", default=SHORT, help="traces whose names begin so")
    parser.add_argument("--out", type=Path, default=DOCS / "real-traffic.md")
    given = parser.parse_args()
    first, rows = setting(), list[list[str]]()
    for trace in traces(given.traces, None):
        if trace.name.startswith(tuple(given.only)):
            for how in given.keep_warm:
                rows.append(row(trace, given.seeds, how))
                print(rows[-1], flush=True)
    write(given.out, "late counts", f"{first}\n\n{table(HEAD, rows)}")


def row(trace: Trace, seeds: int, how: KeepWarm) -> list[str]:
    """Return what is late on a trace over many draws.

    Parameters
    ----------
    trace
        Its counts are the same in all draws.
    seeds
        How many there are.
    how
        Environments are kept warm.
    """
    service = service_for(so.load("bert12-sst2"), trace, 2, keep_warm=how)
    runs = drawn(service, trace, seeds)
    late = np.array([run.violations for run in runs])
    allowed, requests = may_be_late(service), trace.requests
    share = float(late.mean()) / requests
    off = float(student.ppf((1 + SURE) / 2, seeds - 1) * late.std(ddof=1) / math.sqrt(seeds)) / requests
    kept = int((late <= allowed * requests).sum())
    expected = late_for_cold(service, TraceRates.of(trace, WINDOW_S))[0]
    if share - off > allowed:
        says = "broken on average"
    else:
        says = "kept on average; what breaks it is chance" if share + off <= allowed else "too near to tell"
    functions = [block.function for block in service.blocks if block.function is not None]
    sizes = [f"{own.memory_mb or 0:.0f}" for own in functions]
    return [
        f"bert12-sst2 on {trace.name.split('_')[0]}, {requests:,} requests",
        how if not service.keep_warm else f"{' and '.join(map(str, service.keep_warm))}, {how}",
        " and ".join(sizes),
        f"{np.mean([run.usd_total for run in runs]):.5f}",
        f"{np.mean([run.usd_warm for run in runs]):.5f}",
        f"{np.mean([sum(run.cold_starts) for run in runs]):.1f}",
        f"{seeds:,}",
        f"{late.mean():.2f} ({late.min()} to {late.max()})",
        f"{allowed * requests:.2f}",
        f"{max(0.0, share - off):.4%} to {share + off:.4%}",
        f"{expected:.4%}",
        f"{kept / seeds:.0%} of the draws",
        says,
    ]


def drawn(service: Service, trace: Trace, seeds: int) -> list[Simulation]:
    """Return a run of each seed.

    Parameters
    ----------
    service, trace, seeds
        As of `row`.
    """
    few = range(min(seeds, SAME) if trace.seconds > MANY * EVERY_S else seeds)
    runs = [so.simulate(service, trace, so.Controller(service, EVERY_S), seed=seed) for seed in few]
    if len(runs) == seeds:
        return runs
    alone = Fixed(service, [0] * len(service.blocks), every_s=trace.seconds, keep_warm=service.keep_warm)
    same = [so.simulate(service, trace, alone, seed=seed) for seed in few]
    if any(a.rentals or a.usd_total != b.usd_total for a, b in zip(runs, same, strict=True)):
        alone = None
    for seed in range(len(few), seeds):
        policy = so.Controller(service, EVERY_S) if alone is None else alone
        runs.append(so.simulate(service, trace, policy, seed=seed))
    return runs


if __name__ == "__main__":
    main()
