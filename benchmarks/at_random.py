"""What is paid at least by whoever knows all rates and not when requests come; for docs/real-traffic.md.

    python benchmarks/at_random.py TRACES [--seconds S] [--only NAME ..] [--draws N] [--times N]

TRACES is a folder with the files that `policies.py` takes, as it takes them. Services are one block. Orders are given
every 60 s, as by the controllers and in the clairvoyant bound, and a start takes longer than that: so how many machines
there are between two moments at which some start or stop (a window) is decided before any of its requests has come, and
what comes in it is independent of all that was seen. So whoever decides, in expectation no more of its requests are on
n machines than the most that n machines, which find nobody from before, can take of random requests of that number:

* where all requests take as long as they may (`libra`), none waits: each holds a place from its arrival on, and taking
  whoever finds one free takes most of equally long ones, whatever comes;
* where they may wait, the work that was taken and is not done is never more than all n can do within the target, since
  all of it has to be done by then. What flows over a vessel of that size is not taken. Nobody knows how long a request
  will take before it is taken, so of work and of requests the same share is lost, on average.

The most is a mean over draws. The best rentals for it are exact by levels (`schedule/levels.py`), with the gains of
machines in falling order, which only adds to what few of them carry. A least over plans of a mean over draws is in
expectation no more than the least of the true means (W.-K. Mak, D. P. Morton, R. K. Wood, "Monte Carlo bounding
techniques for determining solution quality in stochastic programs", 1999), so the mean of several such answers bounds
from below, and Student's distribution says how far it may be off. Last, so many requests may be late as count as none
(`TAIL`): each of them is taken to cost nothing.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from excess import INSTANCES
from money import EVERY_S
from policies import DOCS, traces
from reporting import setting, table, write
from scipy.stats import t as student
from waiting import BOUND

import serflow_opt as so
from serflow_opt.ground.arrays import Floats, Ints, Mask
from serflow_opt.ground.tolerances import MOMENT
from serflow_opt.problem.instance import Instance
from serflow_opt.traffic.control.compare import compare
from serflow_opt.traffic.control.named_policies import service_for
from serflow_opt.traffic.control.slack import may_be_late
from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.schedule.levels import Demand, best_levels, moments
from serflow_opt.traffic.service import Machine, Service
from serflow_opt.traffic.simulate.requests import Requests, draw

LATER = 1e18
"""Seconds at which nobody comes."""
CELLS = 8_000_000
"""Requests x machines x windows that are worked out at once."""
SURE = 0.99
"""How sure it is that nobody pays less."""
HEAD = ["of", "a fluid: the bound", "at random: at least", "`foresight`", "controller", "asked"]


@dataclass(frozen=True)
class Floor:
    """What is paid at least.

    Attributes
    ----------
    each
        By repetition, USD.
    late
        What those save at most who may be late, USD.
    """

    each: tuple[float, ...]
    late: float

    @property
    def usd(self) -> float:
        """What nobody is below on average, `SURE`."""
        n = len(self.each)
        off = student.ppf(SURE, n - 1) * np.std(self.each, ddof=1) / math.sqrt(n)
        return float(np.mean(self.each) - off) - self.late


def floor(service: Service, trace: Trace, draws: int, times: int) -> Floor:
    """Return what is paid at least, on average over draws, by whoever knows rates and no moments.

    Parameters
    ----------
    service, trace
        One block with a function, and what comes.
    draws, times
        Of the requests for an answer, and how many answers there are, two at least.

    Raises
    ------
    ValueError
        Where there is more than one block, no function, or a type of machines that is not dearer than the best one.
    """
    (block,) = service.blocks
    if block.function is None or service.slo_s is None:
        raise ValueError(f"{service.name}: a function and a target are asked for")
    machine = _best(service)
    dearest = max(t for t, share in zip(block.function.seconds, service.outcome_shares(0), strict=True) if share > 0)
    call = block.function.usd_per_request + block.function.usd_per_s * block.function.billed_s(dearest)
    late = may_be_late(service) * trace.requests * call
    answers = [_answer(service, machine, trace, range(k * draws, (k + 1) * draws)) for k in range(times)]
    return Floor(tuple(answers), late)


def _best(service: Service) -> Machine:
    """Return the type that serves a request at least cost, if so much of it does for all others at the same rent."""
    (block,) = service.blocks
    best = min(block.machines, key=lambda own: own.usd_per_s / service.rate_per_s(0, own))
    for other in block.machines:
        faster = max(a / b for a, b in zip(best.seconds, other.seconds, strict=True))
        instead = math.floor(other.usd_per_s / best.usd_per_s * (1 + 1e-9))
        if other is not best and (instead * best.workers < faster * other.workers or other.start_s < best.start_s):
            raise ValueError(f"{other.name} is not beaten by {best.name}")
    return best


def _answer(service: Service, machine: Machine, trace: Trace, seeds: range) -> float:
    """Return what the best rentals cost where each number of machines takes what it takes in the mean of some draws."""
    edges = _edges(trace.seconds, machine.start_s)
    workers = np.arange(1, _most(service, machine, trace) + 1) * machine.workers
    came, taken = np.zeros(len(edges) - 1), np.zeros((len(edges) - 1, len(workers)))
    for seed in seeds:
        requests = draw(service, trace, seed)
        first = np.searchsorted(requests.times, edges)
        came += np.diff(first)
        for part in _parts(first, len(workers)):
            taken[part] += _taken(service, machine, requests, (first[part], first[part + 1], edges[part + 1]), workers)
    lengths, price = np.diff(edges), service.function_usd(0)
    more = -np.sort(-np.diff(taken / len(seeds), axis=1, prepend=0.0), axis=1)
    levels = best_levels(
        Demand(edges, came / len(seeds) / lengths),
        moments(trace.seconds, EVERY_S),
        rate=service.rate_per_s(0, machine),
        usd_per_s=machine.usd_per_s,
        start_s=machine.start_s,
        billing_min_s=machine.billing_min_s,
        usd_per_request=price,
        machines_max=machine.machines_max,
        held=np.ascontiguousarray(more / lengths[:, None]),
    )
    return levels.usd + price * trace.requests


def _taken(
    service: Service, machine: Machine, requests: Requests, windows: tuple[Ints, Ints, Floats], workers: Ints
) -> Floats:
    """Return the most requests of some windows that are on machines, window x workers.

    Parameters
    ----------
    service, machine, requests
        Who is served.
    windows
        The first request of each, the first of the next, and when it ends.
    workers
        How many there are.
    """
    first, last, until = windows
    there = np.arange(int((last - first).max())) < (last - first)[:, None]
    at = np.where(there, first[:, None] + np.arange(there.shape[1]), 0)
    moment, within_s = np.where(there, requests.times[at], math.inf), service.slo_s
    assert within_s is not None
    if set(machine.seconds) == {within_s}:
        return most_at_once(moment, within_s, workers)
    # who comes shortly before more machines may be there is taken by these
    waits = there & ~((moment > until[:, None] - within_s) & _starts(until, machine.start_s)[:, None])
    lost = overflow(moment, np.where(waits, np.asarray(machine.seconds)[requests.exits[at]], 0.0), within_s, workers)
    return (last - first)[:, None] - lost / service.busy_s(0, machine)


def most_at_once(moment: Floats, seconds: float, workers: Ints) -> Floats:
    """Return how many requests that all hold a worker equally long can be taken without a wait, window x workers.

    Parameters
    ----------
    moment
        When they come, window x request in order, infinite behind the last.
    seconds
        How long each holds a worker.
    workers
        How many there are.
    """
    windows, length = moment.shape
    there, rows = np.isfinite(moment), np.arange(windows)
    gone = np.array([np.searchsorted(own, own - seconds + MOMENT) for own in np.where(there, moment, LATER)]).T
    taken = np.zeros((length + 1, windows, len(workers)), dtype=np.int32)
    for i in range(length):
        free = taken[i] - taken[gone[i], rows] < workers
        np.add(taken[i], free & there[:, i, None], out=taken[i + 1])
    return taken[-1].astype(float)


def overflow(moment: Floats, work: Floats, within_s: float, workers: Ints) -> Floats:
    """Return the seconds of work that cannot be done in time, whoever decides, window x workers.

    Parameters
    ----------
    moment
        As of `most_at_once`.
    work
        How long each holds a worker; 0: it is left out.
    within_s
        From their arrival on they have to be done.
    workers
        How many there are.
    """
    moment = np.maximum.accumulate(np.where(np.isfinite(moment), moment, 0.0), axis=1)
    passed = np.diff(moment, axis=1, prepend=moment[:, :1])
    level = np.zeros((len(moment), len(workers)))
    lost, room = np.zeros_like(level), within_s * workers
    for i in range(moment.shape[1]):
        level -= passed[:, i, None] * workers
        np.maximum(level, 0.0, out=level)
        level += work[:, i, None]
        over = np.maximum(level - room, 0.0)
        level -= over
        lost += over
    return lost


def _edges(seconds: float, start_s: float) -> Floats:
    """Return where machines may begin or stop to serve, from 0 to the end."""
    steps = moments(seconds, EVERY_S)
    both = np.unique(np.concatenate([steps, steps + start_s]))
    inside = both[both < seconds - MOMENT]
    return np.append(inside[np.diff(inside, append=seconds) > MOMENT], seconds)


def _starts(moment: Floats, start_s: float) -> Mask:
    """Whether machines may begin to serve then."""
    steps = (moment - start_s) / EVERY_S
    flags: Mask = np.abs(steps - np.rint(steps)) * EVERY_S <= MOMENT
    return flags


def _most(service: Service, machine: Machine, trace: Trace) -> int:
    """Return how many machines are weighed: for the busiest period and six deviations more."""
    peak = float(trace.counts.max()) / trace.period_s * service.busy_s(0, machine)
    return math.ceil((peak + 6 * math.sqrt(peak) + 6) / machine.workers)


def _parts(first: Ints, machines: int) -> Iterator[Ints]:
    """Yield windows of about the same number of requests, as many as are worked out at once."""
    number = np.diff(first)
    order = np.argsort(number, kind="stable")
    order, begin = order[number[order] > 0], 0
    while begin < len(order):
        end = begin + 1
        while end < len(order) and (end + 1 - begin) * machines * int(number[order[end]]) <= CELLS:
            end += 1
        yield order[begin:end]
        begin = end


def main() -> None:
    """Bound all, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("traces", type=Path)
    parser.add_argument("--seconds", type=float, help="only so much of each trace, for a trial")
    parser.add_argument("--only", nargs="+", help="traces whose names begin so")
    parser.add_argument("--draws", type=int, default=2, help="of the requests, for an answer")
    parser.add_argument("--times", type=int, default=5, help="answers, of which the mean is taken; two at least")
    parser.add_argument("--out", type=Path, default=DOCS / "real-traffic.md")
    given = parser.parse_args()
    first, rows = setting(), list[list[str]]()
    for trace in traces(given.traces, given.seconds):
        if given.only is not None and not trace.name.startswith(tuple(given.only)):
            continue
        for name in INSTANCES:
            rows.append(row(so.load(name), trace, given.draws, given.times))
            print(rows[-1], flush=True)
    write(given.out, "at random", f"{first}\n\n{table(HEAD, rows)}")


def row(instance: Instance, trace: Trace, draws: int, times: int) -> list[str]:
    """Return the bound, what is paid at least where moments are random, and what two policies pay.

    Parameters
    ----------
    instance, trace
        What is served, as one block.
    draws, times
        As of `floor`.
    """
    found = compare(instance, trace, policies=("whole", "foresight"), blocks=1, every_s=EVERY_S)
    least = floor(service_for(instance, trace, 1), trace, draws, times).usd
    bound = found.bounds[1].bound
    paid = [own.usd if (own := found.row(name)) else math.nan for name in ("foresight", "whole")]
    said = [f"{usd:.4g} ({usd / bound - 1:+.1%})" for usd in (least, *paid)]
    source = trace.name.split("_")[0]
    above = BOUND.get((instance.name, source))
    asked = "" if above is None else f"{bound * (1 + above):.4g} ({above:+.0%})"
    return [f"{instance.name} on {source}", f"{bound:.4g}", *said, asked]


if __name__ == "__main__":
    main()
