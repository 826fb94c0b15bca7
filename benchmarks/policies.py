"""Policies on real traffic: the tables and pictures of docs/real-traffic.md, made anew.

    python benchmarks/policies.py TRACES [--instance FOLDER] [--quick]

TRACES is a folder with the files of `TRACES_OF`; those that are not there are left out, and said. Of the Twitter trace
the eighth day is taken: nothing was tuned on it. All are put on LIBRA's own constants, on `bert12-sst2`, and on
instances that are named; target tracking and our controller decide every 60 s. Pictures are drawn of WITS and Twitter.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from matplotlib.figure import Figure
from reporting import cores, setting, table, write

import serflow_opt as so
from serflow_opt.plotting import plot_policies
from serflow_opt.traffic.control.compare import POLICIES, Comparison, compare
from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.demand.trace_file import read_trace

DOCS = Path(__file__).parent.parent / "docs"
DAY_S = 86_400
DAY = 7
QUICK_S = 3600.0
TRACES_OF = {
    "wits_per_second.csv": None,
    "twitter_per_minute.csv": (DAY * DAY_S, (DAY + 1) * DAY_S),
    "azure_llm_code_per_second.csv": None,
    "mooncake_conversation_per_second.csv": None,
    "square_per_second.csv": None,
    "diffserve_maf_4to32_per_second.csv": None,
    "alibaba_genai_requests_per_minute.csv": (0, 7 * DAY_S),
}
"""Files, and the seconds of each that are taken; None: all."""
DRAWN = ("wits", "twitter")


def main() -> None:
    """Run all, draw all, write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("traces", type=Path)
    parser.add_argument("--instance", type=Path, action="append", default=[], help="one more, as often as you like")
    parser.add_argument("--seconds", type=float, help="only so much of each trace, for a trial")
    parser.add_argument("--quick", action="store_true", help="an hour of each trace: minutes in place of half an hour")
    parser.add_argument("--jobs", type=int, default=cores())
    parser.add_argument("--out", type=Path, default=DOCS / "real-traffic.md")
    given = parser.parse_args()
    parts = [setting()]
    for trace in traces(given.traces, QUICK_S if given.quick else given.seconds):
        for name in ("libra", "bert12-sst2", *given.instance):
            began = time.monotonic()
            found = compare(so.load(name), trace, policies=POLICIES, jobs=given.jobs)
            drawn = trace.name.split("_")[0] in DRAWN and found.instance in ("libra", "bert12-sst2")
            parts.append(_section(found, trace, time.monotonic() - began, drawn))
            if drawn:
                _draw(found, given.out.parent / f"policies-{found.instance}-{trace.name.split('_')[0]}.png")
            print(parts[-1], flush=True)
    write(given.out, "policies", "\n\n".join(parts))


def traces(folder: Path, seconds: float | None) -> Iterator[Trace]:
    """Yield the traces that are there."""
    for name, part in TRACES_OF.items():
        if not (folder / name).exists():
            print(f"{name} is not there: left out", file=sys.stderr)
            continue
        trace = read_trace(folder / name)
        begin, end = part or (0.0, trace.seconds)
        yield trace.slice(begin, end if seconds is None else min(end, begin + seconds))


def _section(found: Comparison, trace: Trace, seconds: float, drawn: bool) -> str:
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
                "yes" if record["keeps_target"] else "no",
                f"{record['utilisation']:.0%}",
                "" if record["policy"] == "libra" else f"{record['saving_over_libra']:.1%}",
                f"{record['above_bound']:.1%}",
            ]
        )
    header = ["policy", "blocks", "USD", "machines", "functions", "p50 ms", "p95 ms", "p99 ms", "late", "kept", "busy"]
    header += ["saves over LIBRA", "above the bound"]
    source = trace.name.split("_")[0]
    bounds = ", ".join(f"{own.bound:.2f} USD as {blocks} block(s)" for blocks, own in found.bounds.items())
    head = f"### {found.instance} on {source}: {trace.requests:,} requests in {trace.seconds / 3600:.4g} hours"
    picture = "" if not drawn else f"![{found.instance} on {source}](policies-{found.instance}-{source}.png)"
    foot = f"With perfect foresight: no less than {bounds or 'nothing that is known'}. All of it took {seconds:.0f} s."
    left_out = "; ".join(f"`{name}`: {why}" for name, why in found.left_out.items())
    return "\n\n".join(part for part in (head, table(header, rows), foot, left_out, picture) if part)


def _draw(found: Comparison, path: Path) -> None:
    figure = Figure(figsize=(10, 4), layout="constrained")
    plot_policies(found, figure.subplots())
    figure.savefig(path, dpi=110)


if __name__ == "__main__":
    main()
