"""Policies on real traffic: the tables and pictures of docs/traffic.md, made anew.

    python benchmarks/policies.py TRACES

TRACES is a folder with `wits_per_second.csv` (45,000 s) and `twitter_per_minute.csv`, of which the eighth day is taken:
nothing was tuned on it. Both are put on LIBRA's own constants and on `bert12-sst2`; our controller decides every 60 s.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from matplotlib.figure import Figure
from reporting import cores, setting, table, write

import serflow_opt as so
from serflow_opt.plotting import plot_policies
from serflow_opt.traffic.control.compare import Comparison, compare
from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.demand.trace_file import read_trace

DOCS = Path(__file__).parent.parent / "docs"
DAY_S = 86_400
DAY = 7


def main() -> None:
    """Run all, draw all, write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("traces", type=Path)
    parser.add_argument("--seconds", type=float, help="only so much of each trace, for a trial")
    parser.add_argument("--jobs", type=int, default=cores())
    parser.add_argument("--out", type=Path, default=DOCS / "traffic.md")
    given = parser.parse_args()
    parts = [setting()]
    for trace in (read_trace(given.traces / "wits_per_second.csv"), _day(given.traces / "twitter_per_minute.csv")):
        part = trace if given.seconds is None else trace.slice(0, given.seconds)
        for name in ("libra", "bert12-sst2"):
            began = time.monotonic()
            found = compare(so.load(name), part, jobs=given.jobs)
            parts.append(_section(found, part, time.monotonic() - began))
            _draw(found, given.out.parent / f"policies-{name}-{part.name.split('_')[0]}.png")
            print(parts[-1], flush=True)
    write(given.out, "policies", "\n\n".join(parts))


def _day(path: Path) -> Trace:
    return read_trace(path).slice(DAY * DAY_S, (DAY + 1) * DAY_S)


def _section(found: Comparison, trace: Trace, seconds: float) -> str:
    """Return heading, table and picture."""
    rows = []
    for record in found.to_frame().to_dict("records"):
        rows.append(
            [
                record["policy"],
                str(record["blocks"]),
                f"{record['usd']:.2f}",
                f"{record['usd_machines']:.2f}",
                f"{record['usd_functions']:.2f}",
                *(f"{record[q]:,.0f}" for q in ("p50_ms", "p95_ms", "p99_ms")),
                f"{record['violations']:.3%}",
                f"{record['utilisation']:.0%}",
                "" if record["policy"] == "libra" else f"{record['saving_over_libra']:.1%}",
                f"{record['above_bound']:.1%}",
            ]
        )
    header = ["policy", "blocks", "USD", "machines", "functions", "p50 ms", "p95 ms", "p99 ms", "late", "busy"]
    header += ["saves over LIBRA", "above the bound"]
    source = trace.name.split("_")[0]
    bounds = ", ".join(f"{own.bound:.2f} USD as {blocks} block(s)" for blocks, own in found.bounds.items())
    head = f"### {found.instance} on {source}: {trace.requests:,} requests in {trace.seconds / 3600:.4g} hours"
    picture = f"![{found.instance} on {source}](policies-{found.instance}-{source}.png)"
    foot = f"With perfect foresight: no less than {bounds}. All of it took {seconds:.0f} s."
    return "\n\n".join([head, table(header, rows), foot, picture])


def _draw(found: Comparison, path: Path) -> None:
    figure = Figure(figsize=(10, 4), layout="constrained")
    plot_policies(found, figure.subplots())
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
