"""Whether the function's place in the contest of the controller pays where it was not chosen; for docs/real-traffic.md.

    python benchmarks/held_out.py TRACES

That the function alone may give the orders, from ten minutes on and for a tenth less, was chosen by looking at the four
short traces, `CHOSEN_ON`. Here the controller runs with that, and as it was before (nobody takes over in half an hour,
and never the function), on these and on others: later weeks of Alibaba, other days of Twitter and the second half of
WITS, whole or with one request in 50, where a machine is hardly worth its rent.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from policies import DAY_S, DOCS
from reporting import setting, table, write

import serflow_opt as so
from serflow_opt.traffic.control import contest
from serflow_opt.traffic.control.named_policies import service_for
from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.demand.trace_file import read_trace

INSTANCES = ("libra", "bert12-sst2")
CHOSEN_ON = (
    "azure_llm_code_per_second.csv",
    "mooncake_conversation_per_second.csv",
    "square_per_second.csv",
    "diffserve_maf_4to32_per_second.csv",
)
ALIBABA, TWITTER, WITS = "alibaba_genai_requests_per_minute.csv", "twitter_per_minute.csv", "wits_per_second.csv"
HELD_OUT = (
    *((ALIBABA, f"days {7 * w + 1} to {7 * w + 7}", 7 * w * DAY_S, 7 * (w + 1) * DAY_S, 1.0) for w in (1, 2)),
    *((TWITTER, f"day {d}", (d - 1) * DAY_S, d * DAY_S, 0.02) for d in (3, 12, 18)),
    (TWITTER, "day 12", 11 * DAY_S, 12 * DAY_S, 1.0),
    (WITS, "second half", 22_500, 45_000, 0.02),
)
"""Files, what is taken of them, seconds from and to, and how much of the demand."""
BEFORE_S = 1800.0
HEAD = ["of", "chosen on", "before", "now", "change", "late before", "late now", "the function took over"]


def main() -> None:
    """Run all, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("traces", type=Path)
    parser.add_argument("--out", type=Path, default=DOCS / "real-traffic.md")
    given = parser.parse_args()
    first, rows = setting(), list[list[str]]()
    for said, trace, chosen in _traces(given.traces):
        for name in INSTANCES:
            rows.append([f"{name} on {said}", "yes" if chosen else "no", *_both(name, trace)])
            print(rows[-1], flush=True)
    write(given.out, "held out", f"{first}\n\n{table(HEAD, rows)}")


def _traces(folder: Path) -> Iterator[tuple[str, Trace, bool]]:
    """Yield what they are called, the traces, and whether the rule was chosen on them."""
    for name in CHOSEN_ON:
        yield name.split("_")[0], read_trace(folder / name), True
    for name, said, begin, end, part in HELD_OUT:
        trace = read_trace(folder / name)
        trace = trace.slice(begin, min(end, trace.seconds))
        source = f"{name.split('_')[0]}, {said}"
        yield (source, trace, False) if part == 1 else (f"{source}, x {part:g}", trace.scaled(part), False)


def _both(name: str, trace: Trace) -> list[str]:
    """Return what the controller pays as it was and as it is, and who is late."""
    service = service_for(so.load(name), trace, 1)
    with _as_before():
        old = so.simulate(service, trace, so.Controller(service))
    new = so.simulate(service, trace, controller := so.Controller(service))
    took = sum("function gives the orders" in event.text for event in controller.events)
    late = (f"{run.violations / max(run.arrivals, 1):.3%}" for run in (old, new))
    return [
        f"{old.usd_total:.4g}",
        f"{new.usd_total:.4g}",
        f"{new.usd_total / old.usd_total - 1:+.1%}",
        *late,
        str(took),
    ]


@contextmanager
def _as_before() -> Iterator[None]:
    """Hold the contest as it was: later, and without the function."""
    first, much = contest.FIRST_S, contest.MUCH
    contest.FIRST_S, contest.MUCH = BEFORE_S, math.inf
    try:
        yield
    finally:
        contest.FIRST_S, contest.MUCH = first, much


if __name__ == "__main__":
    main()
