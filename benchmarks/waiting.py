"""What was asked of waits, and what comes out: a table for docs/real-traffic.md.

    python benchmarks/promises.py --services 200 --out benchmarks/README.md
    python benchmarks/waiting.py TRACES
    python benchmarks/waiting.py --counts

TRACES is a folder with the files that `policies.py` takes, as it takes them. Each is compared on LIBRA's constants and
on `bert12-sst2`; with `--seconds` only so much of each, which the table says. What counts of machines are worth is read
off the table of `promises.py`; the second call puts that row anew.
"""

from __future__ import annotations

import argparse
import re
import time
from collections.abc import Iterator
from pathlib import Path

from policies import DOCS, traces
from promises import ALL, NAMED
from reporting import cores, setting, table, write

import serflow_opt as so
from serflow_opt.traffic.control.compare import POLICIES, Comparison, compare
from serflow_opt.traffic.demand.trace import Trace

Row = tuple[str, str, str, str, str]
"""Of what, what was asked, what came out, whether that is enough, and where it is not, why."""

BESIDE = ("whole", "controller", "libra-mean", "tracking-60", "tracking-70", "tracking-80")
"""Policies whose money and late requests stand side by side: the controller on one block, on as many as it likes."""
RIVALS = ("tracking-60", "tracking-70", "tracking-80", "libra", "libra-mean", "serflow")
BOUND = {
    ("libra", "wits"): 0.05,
    ("libra", "twitter"): 0.15,
    ("bert12-sst2", "wits"): 0.1,
    ("bert12-sst2", "twitter"): 0.3,
}
"""How far the controller may be above the clairvoyant bound."""
OVER_MEAN = 0.2
"""What the controller saves over LIBRA told the mean run time on `bert12-sst2`, at least."""
SECONDS = {1: 0.5, 3: 3.0}
"""Processor time of `provision bert12-sst2`, by most blocks."""
COMPARED_S = 40.0
"""Of `compare` on WITS."""
FIRST_S = 180.0
"""All policies start without machines, and these take 100 s."""
SECOND = """USD, and the share of requests that were late; the bound is of a fluid that knows all rates and serves all
as they come. `whole` is the controller on one block, `controller` on one or two: whichever costs less of those of
which cold functions are expected to make no more late than may be, else whichever has fewest late."""


def main() -> None:
    """Compare on all traces, time provisioning, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("traces", type=Path, nargs="?")
    parser.add_argument("--counts", action="store_true", help="only put the row of counts anew; no traces are needed")
    parser.add_argument("--seconds", type=float, help="only so much of each trace, for a trial")
    parser.add_argument("--only", nargs="+", help="traces whose names begin so")
    parser.add_argument("--jobs", type=int, default=cores())
    parser.add_argument("--promises", type=Path, default=Path(__file__).parent / "README.md")
    parser.add_argument("--out", type=Path, default=DOCS / "real-traffic.md")
    given = parser.parse_args()
    if given.counts:
        write(given.out, "waiting", _with_counts(given.out, next(_counts(given.promises))))
        return
    if given.traces is None:
        parser.error("give TRACES, a folder")
    first, rows = setting(), [*_counts(given.promises), *_speed()]
    beside: list[list[str]] = []
    for trace in traces(given.traces, given.seconds):
        if given.only and not trace.name.startswith(tuple(given.only)):
            continue
        for name in ("libra", "bert12-sst2"):
            began = time.process_time() if given.jobs == 1 else time.monotonic()
            found = compare(so.load(name), trace, policies=POLICIES, jobs=given.jobs)
            ended = time.process_time() if given.jobs == 1 else time.monotonic()
            rows += _policies(found, trace, ended - began)
            beside.append(_beside(found, trace))
            print(rows[-1], beside[-1], flush=True)
    kept = sum(row[3] == "yes" for row in rows)
    whole = table(["of", "asked", "came out", "holds", "why not"], [list(row) for row in rows])
    head = ["of", "bound, 1 block", "bound, 2 blocks", *BESIDE]
    second = f"{SECOND}\n\n{table(head, beside)}"
    text = "\n\n".join([first, f"{kept} of {len(rows)} hold.", whole, second])
    print(text)
    write(given.out, "waiting", text)


def _with_counts(path: Path, row: Row) -> str:
    """Return what stands there, with another row of counts."""
    begin, end = "<!-- begin waiting -->\n", "<!-- end waiting -->"
    lines = path.read_text(encoding="utf-8").split(begin)[1].split(end)[0].strip().splitlines()
    anew = [f"| {' | '.join(row)} |" if own.startswith(f"| {row[0]} |") else own for own in lines]
    judged = [own.split(" | ")[3] for own in anew if " | yes | " in own or " | no | " in own]
    return re.sub(r"\d+ of \d+ hold", f"{judged.count('yes')} of {len(judged)} hold", "\n".join(anew))


def _counts(path: Path) -> Iterator[Row]:
    """Read what simulations say of counts."""
    of = "counts of `provision`"
    asked = "the simulator confirms them, and refutes one machine less, on 200 services"
    lines = path.read_text(encoding="utf-8").splitlines()
    header = next((line for line in lines if line.startswith("| blocks | services")), None)
    if header is None:
        yield of, asked, "not measured: run promises.py first", "no", ""
        return
    names = [cell.strip() for cell in header.strip("|").split("|")]
    sums = next(line for line in lines[lines.index(header) :] if line.startswith(f"| {ALL} "))
    found = dict(zip(names, (cell.strip() for cell in sums.strip("|").split("|")), strict=True))
    services, kept, broken = int(found["services"]), int(found["simulator: kept"]), int(found["broken"])
    less, needless = int(found["one machine less: broken"]), int(found["less: kept"])
    near, undecided = int(found["within 1% of the limit"]), int(found["undecided"])
    tried = services + int(found["no deployment"]) + int(found["none in time"])
    said = f"{services} of {tried} can be served: {kept} confirmed, {near} within 1 % of the limit, {broken} refuted, "
    said += f"{undecided} undecided; one machine less refuted {less} times, confirmed {needless}"
    good = tried >= 200 and kept == services and not needless
    named = [line for line in lines if line.startswith(tuple(f"{words}: seed" for words in NAMED.values()))]
    why = [f"{tried} services so far"] * (tried < 200) + [line.rstrip(".") for line in named]
    yield of, asked, said, "yes" if good else "no", "" if good else "; ".join(why)


def _speed() -> Iterator[Row]:
    """Time provisioning, once warm."""
    instance = so.load("bert12-sst2")
    so.provision(instance, 1.0, blocks=1, confirm=False)
    for blocks, most in SECONDS.items():
        began = time.process_time()
        so.provision(instance, 20.5, blocks=blocks)  # no rate that anything is known of
        took = time.process_time() - began
        asked = f"{most:g} s of processor time"
        good = "yes" if took <= most else "no"
        yield f"`provision bert12-sst2 --blocks {blocks}`", asked, f"{took:.2f} s", good, ""


def _policies(found: Comparison, trace: Trace, seconds: float) -> Iterator[Row]:
    """Say how the controller stands beside the others on a trace."""
    source = _source(trace)
    of = f"{found.instance} on {source}, {trace.seconds / 3600:.3g} h"
    frame = found.to_frame().set_index("policy")
    own = frame.loc["controller"]
    late = f"{own['violations']:.3%} late"
    rivals = frame.loc[[name for name in RIVALS if name in frame.index]]
    fit = rivals[rivals["keeps_target"]]
    asked = "in time, and not dearer than tracking, LIBRA and SERFLOW that are"
    said, good = f"{own['usd']:.3g} USD, {late}; none of them is in time", bool(own["keeps_target"])
    why = "" if good else _cold(found)
    if len(fit):
        name, least = str(fit["usd"].idxmin()), float(fit["usd"].min())
        said = f"{own['usd']:.3g} USD, {late}; {name} {least:.3g}"
        if own["usd"] > least * (1 + 1e-9):
            good, why = False, "; ".join(filter(None, (why, f"{name} is cheaper: {_foreseen(found)}")))
    yield of, asked, said, "yes" if good else "no", why
    most = BOUND.get((found.instance, source))
    if most is not None:
        above = float(own["above_bound"])
        good = above <= most
        yield of, f"{most:.0%} above the bound at most", f"{above:.1%}", *_judged(good, _foreseen(found))
    if found.instance == "bert12-sst2" and "libra-mean" in frame.index:
        saved = 1 - float(own["usd"]) / float(frame.loc["libra-mean"]["usd"])
        good = saved >= OVER_MEAN
        yield of, f"{OVER_MEAN:.0%} less than LIBRA told the mean", f"{saved:.1%}", *_judged(good, _foreseen(found))
    if source == "wits":
        good = seconds <= COMPARED_S
        why = "all policies, one after the other"
        yield f"`compare` on {of}", f"{COMPARED_S:g} s", f"{seconds:.0f} s", *_judged(good, why)


def _judged(good: bool, why: str) -> tuple[str, str]:
    return ("yes", "") if good else ("no", why)


def _cold(found: Comparison) -> str:
    """Say how many of the controller's late requests met a cold function."""
    row = found.row("controller")
    assert row is not None
    run = row.simulation
    said = f"{run.violations} late of {run.arrivals:,}; {sum(run.cold_starts)} calls met a function that was cold"
    knows = found.row("foresight")
    return said if knows is None else f"{said}; who knows all rates in advance has {knows.simulation.violations} late"


def _foreseen(found: Comparison) -> str:
    """Say what knowing all rates in advance would save."""
    own, knows = found.row("controller"), found.row("foresight")
    if own is None or knows is None:
        return "nothing is known of what foresight would save"
    usd, above = knows.usd, f", {knows.usd / knows.bound - 1:.1%} above the bound" if knows.bound > 0 else ""
    less = 1 - usd / own.usd
    said = f"who knows all rates in advance pays {usd:.3g} USD, {less:.1%} less{above}"
    frame = own.simulation.to_frame()
    first = float(frame.loc[frame["start_s"] < FIRST_S, ["usd_machines", "usd_functions"]].to_numpy().sum())
    return f"{said}; the first {FIRST_S:g} s, before machines are there, cost {first:.3g} USD"


def _beside(found: Comparison, trace: Trace) -> list[str]:
    """Return the row of a trace in the second table."""
    cells = [f"{found.instance} on {_source(trace)}"]
    bounds = [found.bounds.get(blocks) for blocks in (1, 2)]
    cells += ["" if bound is None else f"{bound.bound:.3g}" for bound in bounds]
    for name in BESIDE:
        row = found.row(name) or (found.row("controller") if name == "whole" else None)
        cells.append("left out" if row is None else f"{row.usd:.3g}, {row.violations:.3%}")
    return cells


def _source(trace: Trace) -> str:
    return re.split("[_.]", trace.name)[0]


if __name__ == "__main__":
    main()
