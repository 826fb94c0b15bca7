"""Where the money goes: what the controller pays over the clairvoyant bound, cause by cause; docs/real-traffic.md.

    python benchmarks/money.py TRACES [--seconds S]

TRACES is a folder with the files that `policies.py` takes, as it takes them. The controller runs as it is; then one
thing at a time is perfect: it knows all rates in advance (`foresight`), though machines still take their time to start;
its machines serve at once and are paid from then on, though it still has its own forecast; requests come evenly within
each period of the trace, so that machines can be filled and need no headroom, forecast and start as they are. The bound
has all of these at once but the start, which it pays, too: it is a fluid that machines ordered in time carry whole.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from policies import DOCS, traces
from reporting import setting, table, write

import serflow_opt as so
from serflow_opt.traffic.control.compare import compare
from serflow_opt.traffic.control.named_policies import service_for
from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.service import Service

INSTANCES = ("bert12-sst2", "libra")
EVERY_S = 60.0
FIRST_S = 180.0
"""All begin without machines, which take 100 s."""
HEAD = ["of", "blocks", "bound", "what is perfect", "USD", "late", "above the bound", "of what is paid above it"]


def main() -> None:
    """Run all, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("traces", type=Path)
    parser.add_argument("--seconds", type=float, help="only so much of each trace, for a trial")
    parser.add_argument("--only", nargs="+", default=["wits", "twitter"], help="traces whose names begin so")
    parser.add_argument("--out", type=Path, default=DOCS / "real-traffic.md")
    given = parser.parse_args()
    first, rows = setting(), list[list[str]]()
    for trace in traces(given.traces, given.seconds):
        if trace.name.startswith(tuple(given.only)):
            for name in INSTANCES:
                rows += _rows(name, trace)
                print(table(HEAD, rows), flush=True)
    write(given.out, "money", f"{first}\n\n{table(HEAD, rows)}")


def _rows(name: str, trace: Trace) -> Iterator[list[str]]:
    """Yield the rows of an instance on a trace."""
    instance = so.load(name)
    found = compare(instance, trace, policies=("controller", "foresight"), every_s=EVERY_S)
    own, knows = found.row("controller"), found.row("foresight")
    assert own is not None
    assert knows is not None
    bound, late = own.bound, own.simulation.violations / own.simulation.arrivals
    service = service_for(instance, trace, own.blocks)
    frame = own.simulation.to_frame()
    first = float(frame.loc[frame["start_s"] < FIRST_S, ["usd_machines", "usd_functions"]].to_numpy().sum())
    soon = so.simulate(at_once(service), trace, so.Controller(at_once(service), EVERY_S))
    evenly = so.simulate(service, trace, so.Controller(service, EVERY_S, arrivals="smooth"), arrivals="even")
    runs = [
        ("nothing: the controller", own.usd, late),
        ("the forecast: all rates are known", knows.usd, knows.violations),
        ("the start: machines serve at once", soon.usd_total, soon.violations / soon.arrivals),
        ("the arrivals: evenly, no headroom", evenly.usd_total, evenly.violations / evenly.arrivals),
        (f"the first {FIRST_S:g} s, which cost nothing", own.usd - first, late),
    ]
    for n, (what, usd, share) in enumerate(runs):
        head = [f"{name} on {trace.name.split('_')[0]}", str(own.blocks), f"{bound:.4g}"] if not n else [""] * 3
        saved = f"{(own.usd - usd) / (own.usd - bound):.0%}" if n and own.usd > bound else ""
        yield [*head, what, f"{usd:.4g}", f"{share:.3%}", f"{usd / bound - 1:.1%}", saved]


def at_once(service: Service) -> Service:
    """Return a service whose machines need no time to start."""
    blocks = tuple(replace(b, machines=tuple(replace(m, start_s=0.0) for m in b.machines)) for b in service.blocks)
    return replace(service, blocks=blocks)


if __name__ == "__main__":
    main()
