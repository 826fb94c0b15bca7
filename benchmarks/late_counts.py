"""Whether one late request too many is chance: the controller on the same rates with many draws; for docs/traffic.md.

    python benchmarks/late_counts.py TRACES [--seeds N]

A target that is for all is taken to be kept when at most one request in 10,000 is late. On a trace of 9,000 requests
that is none, so a run keeps it or not by chance. Here moments within seconds and exits are drawn anew with each seed,
`bert12-sst2` is served by the controller, and late requests of all draws are put together. Those of a draw come in
bunches, as cold calls do, so the interval of the share is by the scatter of the draws: 99 %, Student's t.
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
from serflow_opt.traffic.control.named_policies import WINDOW_S, service_for
from serflow_opt.traffic.control.slack import may_be_late
from serflow_opt.traffic.control.split import TraceRates, late_for_cold
from serflow_opt.traffic.demand.trace import Trace

SHORT = ("azure", "mooncake", "square", "diffserve", "alibaba")
SURE = 0.99
HEAD = ["of", "draws", "late in the first draw", "late in a draw", "may be", "share late", "expected", "kept by"]
HEAD += ["what that says"]


def main() -> None:
    """Draw all traces many times, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("traces", type=Path)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--only", nargs="+", default=SHORT, help="traces whose names begin so")
    parser.add_argument("--out", type=Path, default=DOCS / "traffic.md")
    given = parser.parse_args()
    first, rows = setting(), list[list[str]]()
    for trace in traces(given.traces, None):
        if trace.name.startswith(tuple(given.only)):
            rows.append(row(trace, given.seeds))
            print(rows[-1], flush=True)
    write(given.out, "late counts", f"{first}\n\n{table(HEAD, rows)}")


def row(trace: Trace, seeds: int) -> list[str]:
    """Return what is late on a trace over many draws.

    Parameters
    ----------
    trace
        Its counts are the same in all draws.
    seeds
        How many there are.
    """
    service = service_for(so.load("bert12-sst2"), trace, 2)
    runs = [so.simulate(service, trace, so.Controller(service), seed=seed) for seed in range(seeds)]
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
    return [
        f"bert12-sst2 on {trace.name.split('_')[0]}, {requests:,} requests",
        f"{seeds:,}",
        str(late[0]),
        f"{late.mean():.2f} ({late.min()} to {late.max()})",
        f"{allowed * requests:.2f}",
        f"{max(0.0, share - off):.4%} to {share + off:.4%}",
        f"{expected:.4%}",
        f"{kept / seeds:.0%} of the draws",
        says,
    ]


if __name__ == "__main__":
    main()
