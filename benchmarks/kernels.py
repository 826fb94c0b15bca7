"""What compiled kernels save: the same work with them and without, in turn, in one process.

Random instances (`generate.py`) paid per request, solved to a gap; and a trace simulated, once with our controller and
once with its orders replayed, which takes what the simulator takes alone. Prints one table of processor time. Exits
with 1 when both ways contradict each other.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from compare import load
from reporting import setting, table, write

import serflow_opt as so
from serflow_opt import kernels

SIZES = ["8x20x18:20", "16x20x46:20", "32x50x46:20", "64x50x46:20", "128x100x500:2"]


def timed(compiled: bool, work: Callable[[], Any]) -> tuple[Any, float]:
    """Return what work returns, and its processor time."""
    kernels.compiled = compiled
    begin = time.process_time()
    return work(), time.process_time() - begin


def shown(seconds: float) -> str:
    """Milliseconds, or seconds where they are many."""
    return f"{seconds * 1e3:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"


def solved(size: str, seeds: range, gap: float) -> tuple[list[str], bool]:
    """Solve instances both ways: a line of the table, and whether the ways agree."""
    fast, slow, same = [], [], True
    for seed in seeds:
        instance = load(size, seed)

        def work(instance: so.Instance = instance) -> so.Plan:
            return so.solve(instance, gap=gap, method="labels")

        (one, a), (other, b) = timed(True, work), timed(False, work)
        fast.append(a)
        slow.append(b)
        values = one.objective.value, other.objective.value
        same = same and one.status == other.status == "optimal" and abs(values[0] - values[1]) <= gap * abs(values[1])
        print(f"{size} seed {seed}: {shown(b)} -> {shown(a)}", file=sys.stderr)
    ratio = statistics.median(b / a for a, b in zip(fast, slow, strict=True))
    line = [f"solve {size}", shown(statistics.median(slow)), shown(statistics.median(fast)), shown(max(fast))]
    return [*line, f"{ratio:.1f}", f"{len(fast)}"], same


class Replayed:
    """The orders of a policy, again.

    Parameters
    ----------
    policy
        Whose orders are kept when it decides; once it is None those kept are given.
    """

    name = "replayed"

    def __init__(self, policy: so.Controller) -> None:
        self.policy: so.Controller | None = policy
        self.every_s, self.orders, self.place = policy.every_s, list[Any](), 0

    def decide(self, seen: Any) -> Any:
        """Decide as the policy, or as it has decided before."""
        if self.policy is not None:
            self.orders.append(self.policy.decide(seen))
            return self.orders[-1]
        self.place += 1
        return self.orders[self.place - 1]


def simulated(trace: Path) -> tuple[list[list[str]], bool]:
    """Simulate a trace both ways: lines of the table, and whether the ways agree to the last digit."""
    from serflow_opt.traffic.control.named_policies import service_for

    service, counts = service_for(so.load("bert12-sst2"), trace, blocks=2), so.read_trace(trace)
    kept = Replayed(so.Controller(service, every_s=60))
    so.simulate(service, counts, kept)  # what is imported counts for neither
    kept.policy = None

    def controlled() -> so.Simulation:
        return so.simulate(service, counts, so.Controller(service, every_s=60))

    def replayed() -> so.Simulation:
        kept.place = 0
        return so.simulate(service, counts, kept)

    lines, agree = [], True
    for how, work in (("controller", controlled), ("orders replayed", replayed)):
        pairs = [(timed(True, work), timed(False, work)) for _ in range(3)]
        for (one, _), (other, _) in pairs:
            same = one.usd == other.usd and np.array_equal(one.latency, other.latency)
            agree = agree and same and one.by_machine == other.by_machine
        fast, slow = [one[1] for one, _ in pairs], [other[1] for _, other in pairs]
        ratio = statistics.median(b / a for a, b in zip(fast, slow, strict=True))
        medians = [shown(statistics.median(slow)), shown(statistics.median(fast)), shown(max(fast))]
        lines.append([f"simulate {pairs[0][0][0].arrivals:,} requests, {how}", *medians, f"{ratio:.1f}", "1"])
    return lines, agree


def main() -> int:
    """Run; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="*", default=SIZES, metavar="STAGESxTHRESHOLDSxOPTIONS:INSTANCES")
    parser.add_argument("--first-seed", type=int, default=8000, help="change it for fresh instances")
    parser.add_argument("--gap", type=float, default=1e-4)
    parser.add_argument("--trace", type=Path, help="a trace to simulate, too")
    parser.add_argument("--out", type=Path, help="Markdown file to write, or the one whose section to replace")
    given = parser.parse_args()
    if not kernels.built():
        print("kernels are not compiled here", file=sys.stderr)
        return 1
    heading, lines, agree = setting(), [], True
    for compiled in (True, False):
        timed(compiled, lambda: so.solve(load("3x3x4", 0), method="labels"))  # imports do not count
    for text in given.sizes:
        size, count = text.split(":")
        line, same = solved(size, range(given.first_seed, given.first_seed + int(count)), given.gap)
        lines.append(line)
        agree = agree and same
    if given.trace is not None:
        more, same = simulated(given.trace)
        lines += more
        agree = agree and same
    columns = ["work", "numpy, median", "kernels, median", "kernels, worst", "times, median of pairs", "instances"]
    verdict = "Both ways agree." if agree else "**The ways contradict each other.**"
    note = f"Processor time, gap {given.gap:g}, seeds from {given.first_seed} on; each instance both ways in turn."
    found = "\n\n".join([heading, note, table(columns, lines), verdict])
    print(found)
    if given.out:
        write(given.out, "kernels", found)
    return 0 if agree else 1


if __name__ == "__main__":
    sys.exit(main())
