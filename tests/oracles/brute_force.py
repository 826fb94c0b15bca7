"""Exhaustive optima of small instances, by formulas that share no code with the package.

Everything starts from a *document*: the content of an ``instance.toml`` as a plain dict, plus
``document["tables"]``, which maps the file name of each CSV table to its rows (dicts with its column names).
Only what the random instances use is understood: inline options, exit tables (no samples), no catalogue.

Units inside: seconds, bytes, USD, USD per second, FLOP, FLOP per second. What leaves (``Optimum``, ``value``)
carries milliseconds for latencies, as the documents of the package do, and says so in its name.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from scipy.optimize import linprog

FEASIBLE = 1e-9  # tolerance of the limits: absolute on the accuracy, relative on latency, memory and payload
TIE = 1e-9  # objectives closer than this, relatively, are equal
ROUNDING = 1e-9  # relative noise that neither rents one more machine nor moves a percentile

Document = Mapping[str, Any]
Spot = tuple[int, int]  # (index of the tier, index of the option inside it)
Placement = tuple[Spot, ...]  # one spot per stage
Row = tuple[float, float, float]  # threshold, exit rate e, exit rate x accuracy e r


@dataclass(frozen=True)
class Option:
    """One place where stages can run."""

    tier: str
    name: str
    kind: str  # device | edge | vm | function
    seconds: tuple[float, ...]  # time of each stage
    usd_per_s: float  # device, edge, vm
    usd_per_busy_s: float  # function: usd_per_gb_s x GiB
    usd_per_request: float  # function: fee of one invocation
    memory_bytes: float  # inf when there is no limit
    cold_s: float  # function: length of a cold start
    cold_share: float  # function: share of the requests that meet one
    workers: int = 1  # device, edge, vm: requests served at once


@dataclass(frozen=True)
class Link:
    """A directed link between two tiers, or from the client to a tier."""

    bits_per_s: float
    round_trip_s: float
    usd_per_byte: float

    def seconds(self, size_bytes: float) -> float:
        """Seconds that `size_bytes` take."""
        return size_bytes * 8.0 / self.bits_per_s + self.round_trip_s


@dataclass
class Problem:
    """A document, read."""

    stages: int
    flops: list[float]
    activation: list[float]  # activation[s] leaves stage s; activation[0] is the input
    parameters: list[float]  # bytes; parameters[s - 1] belongs to stage s
    tier_names: list[str]
    stage_specific: list[bool]
    payload_max: list[float]  # bytes, inf without a limit
    options: list[list[Option]]
    links: dict[tuple[str, str], Link]
    source: str
    has_exits: bool
    menus: list[list[Row]]  # per stage; one row with e = 0 where there is no classifier; last stage: one row, e = 1
    classifiers: list[int]  # stages (1-based) before the last one that have rows
    thresholds: str  # menu | interpolated | randomized
    accuracy_min: float | None
    slo_s: float | None
    measure: str
    rate: float | None
    cap: float
    minimize: str
    accounting: str
    rules: list[Mapping[str, Any]] = field(default_factory=list)  # as the document has them; patterns are names

    def option(self, spot: Spot) -> Option:
        """The option at a spot."""
        return self.options[spot[0]][spot[1]]


def read(document: Document) -> Problem:
    """Turn a document into numbers; no checks, no defaults but the documented ones."""
    tables = document["tables"]
    network, workload, objective = document["network"], document["workload"], document["objective"]
    stage_rows = sorted(tables[network["stages"]], key=lambda row: row["stage"])
    count = len(stage_rows)
    flops = [float(row["flops"]) for row in stage_rows]

    options: list[list[Option]] = []
    for tier in document["tier"]:
        measured: dict[tuple[int, str], float] = {}
        if "stage_times" in tier:
            for row in tables[tier["stage_times"]]:
                measured[row["stage"], row["option"]] = row["mean_ms"] / 1000.0
        cold_ms = tier.get("cold_start_ms", 0.0)
        cold_share = tier.get("cold_share", 1.0 if cold_ms > 0 else 0.0)
        here: list[Option] = []
        for option in tier["option"]:
            if measured:
                seconds = tuple(measured[s, option["name"]] for s in range(1, count + 1))
            else:
                seconds = tuple(work / option["flops_per_s"] for work in flops)
            memory_mb = option.get("memory_mb")
            here.append(
                Option(
                    tier=tier["name"],
                    name=option["name"],
                    kind=tier["kind"],
                    seconds=seconds,
                    usd_per_s=option.get("usd_per_hour", 0.0) / 3600.0,
                    workers=option.get("workers", tier.get("workers", 1)),
                    usd_per_busy_s=option.get("usd_per_gb_s", 0.0) * (memory_mb or 0.0) / 1024.0,
                    usd_per_request=option.get("usd_per_request", 0.0),
                    memory_bytes=math.inf if memory_mb is None else memory_mb * 2.0**20,
                    cold_s=cold_ms / 1000.0,
                    cold_share=cold_share,
                )
            )
        options.append(here)

    menus: list[list[Row]] = [[] for _ in range(count)]
    exits = document.get("exits")
    if exits is not None:
        for row in tables[exits["table"]]:
            rate = float(row["exit_rate"])
            menus[row["stage"] - 1].append((float(row["threshold"]), rate, rate * row["accuracy"]))
    classifiers = [s for s in range(1, count) if menus[s - 1]]
    for s in range(1, count + 1):
        if not menus[s - 1]:
            menus[s - 1] = [(math.nan, 1.0 if s == count else 0.0, 0.0)]
        menus[s - 1].sort()

    slo_ms = workload.get("latency_slo_ms")
    return Problem(
        stages=count,
        flops=flops,
        activation=[float(network["input_bytes"])] + [float(row["activation_bytes"]) for row in stage_rows],
        parameters=[float(row["parameter_bytes"]) for row in stage_rows],
        tier_names=[tier["name"] for tier in document["tier"]],
        stage_specific=[bool(tier.get("stage_specific", False)) for tier in document["tier"]],
        payload_max=[float(tier.get("payload_max_bytes", math.inf)) for tier in document["tier"]],
        options=options,
        links={
            (link["from"], link["to"]): Link(
                link["bandwidth_mbit_s"] * 1e6,
                link.get("round_trip_ms", 0.0) / 1000.0,
                link.get("usd_per_gb", 0.0) / 1e9,
            )
            for link in document.get("link", [])
        },
        source=workload.get("source", "client"),
        has_exits=exits is not None,
        menus=menus,
        classifiers=classifiers,
        thresholds="menu" if exits is None else exits.get("thresholds", "menu"),
        accuracy_min=workload.get("accuracy_min"),
        slo_s=None if slo_ms is None else slo_ms / 1000.0,
        measure=workload.get("latency_measure", "worst"),
        rate=workload.get("rate_per_s"),
        cap=workload.get("utilisation_cap", 0.8),
        minimize=objective["minimize"],
        accounting=objective.get("accounting", "per-request"),
        rules=document.get("rule", []),
    )


# ----------------------------------------------------------------------------------------------------
# Placements


def placements(problem: Problem) -> Iterator[Placement]:
    """Every placement that goes down the tiers and keeps to one option a tier where the tier asks for it."""

    def extend(head: Placement) -> Iterator[Placement]:
        if len(head) == problem.stages:
            yield head
            return
        last = head[-1][0] if head else 0
        for tier in range(last, len(problem.options)):
            for option in range(len(problem.options[tier])):
                stays = bool(head) and head[-1][0] == tier
                if stays and not problem.stage_specific[tier] and head[-1][1] != option:
                    continue
                yield from extend((*head, (tier, option)))

    yield from extend(())


def moves(problem: Problem, placement: Placement) -> list[tuple[str, str] | None]:
    """For each stage the (from, to) of what is moved before it, None where nothing is."""
    out: list[tuple[str, str] | None] = []
    for s, (tier, _) in enumerate(placement):
        sender = problem.source if s == 0 else problem.tier_names[placement[s - 1][0]]
        receiver = problem.tier_names[tier]
        out.append(None if sender == receiver else (sender, receiver))
    return out


def violations(problem: Problem, placement: Placement) -> dict[str, float]:
    """By how much, relatively, a placement breaks each kind of limit (0: kept; inf: cannot be done)."""
    found = {"order": 0.0, "option": 0.0, "link": 0.0, "payload": 0.0, "memory": 0.0, "rule": 0.0}
    on: dict[Spot, list[int]] = {}
    for s, spot in enumerate(placement):
        on.setdefault(spot, []).append(s)
        if s and spot[0] < placement[s - 1][0]:
            found["order"] = math.inf
    for tier, specific in enumerate(problem.stage_specific):
        if not specific and len([spot for spot in on if spot[0] == tier]) > 1:
            found["option"] = math.inf
    for s, move in enumerate(moves(problem, placement)):
        if move is None:
            continue
        if move not in problem.links and move[0] != "client":
            found["link"] = math.inf
        limit = problem.payload_max[placement[s][0]]
        if not math.isinf(limit):
            found["payload"] = max(found["payload"], (problem.activation[s] - limit) / limit)
    for spot, here in on.items():
        limit = problem.option(spot).memory_bytes
        if not math.isinf(limit):
            largest = max(max(problem.activation[s], problem.activation[s + 1]) for s in here)
            need = sum(problem.parameters[s] for s in here) + largest
            found["memory"] = max(found["memory"], (need - limit) / limit)
    for rule in problem.rules:
        for s in range(rule["stages"][0] - 1, min(rule["stages"][-1], len(placement))):  # those that run
            names = {problem.tier_names[placement[s][0]], problem.option(placement[s]).name}
            if names & set(rule.get("never", [])) or not names & set(rule.get("only", names)):
                found["rule"] = math.inf
    return found


def allowed(problem: Problem, ignore: Collection[str] = ()) -> list[Placement]:
    """The placements that keep order, links, payloads and memory; `ignore` names kinds of limit to drop."""
    return [
        placement
        for placement in placements(problem)
        if all(amount <= FEASIBLE or kind in ignore for kind, amount in violations(problem, placement).items())
    ]


# ----------------------------------------------------------------------------------------------------
# Time and money. `reach` is an array (M + 1, K): row s - 1 holds R_s of K choices of the thresholds; the last
# row is R_{M+1} = 0.


@dataclass
class Clock:
    """Seconds on the whole path, one entry per stage: what happens before the stage, and the stage."""

    transfer: np.ndarray
    cold: np.ndarray  # whole cold start where an invocation begins at this stage, whatever the share
    cold_share: np.ndarray
    run: np.ndarray
    starts: list[bool] = field(default_factory=list)  # an invocation of a function begins at this stage

    def ends(self) -> np.ndarray:
        """C_s: end of each stage, with every cold start whole where its share is above 0."""
        return np.cumsum(self.transfer + np.where(self.cold_share > 0, self.cold, 0.0) + self.run)


def clock(problem: Problem, placement: Placement) -> Clock:
    """The seconds of a placement."""
    transfer, cold, share, run, starts = [], [], [], [], []
    for s, (spot, move) in enumerate(zip(placement, moves(problem, placement), strict=True)):
        option = problem.option(spot)
        link = None if move is None else problem.links.get(move)
        transfer.append(0.0 if link is None else link.seconds(problem.activation[s]))
        begins = option.kind == "function" and (s == 0 or placement[s - 1] != spot)
        starts.append(begins)
        cold.append(option.cold_s if begins else 0.0)
        share.append(option.cold_share if begins else 0.0)
        run.append(option.seconds[s])
    return Clock(np.array(transfer), np.array(cold), np.array(share), np.array(run), starts)


def percentile_of(measure: str) -> float | None:
    """0.95 for "p95"; None for worst and mean."""
    return float(measure[1:]) / 100.0 if measure.startswith("p") else None


def last_stage(problem: Problem, reach: np.ndarray) -> np.ndarray:
    """The last stage that somebody reaches, one per column of `reach`; the survey's formula pays for all stages."""
    if problem.accounting == "as-printed":
        return np.full(reach.shape[1], problem.stages)
    return np.count_nonzero(reach[:-1] > 0, axis=0)


def ending_at(problem: Problem) -> list[Problem]:
    """The problem, and those of plans that end before its last stage: at a stage with rows where everybody leaves."""
    found = [problem]
    for s in range(1, problem.stages) if problem.accounting != "as-printed" else ():
        rows = [row for row in problem.menus[s - 1] if row[1] == 1]
        if rows:
            shorter = replace(
                problem,
                stages=s,
                flops=problem.flops[:s],
                activation=problem.activation[: s + 1],
                parameters=problem.parameters[:s],
                menus=[*problem.menus[: s - 1], rows],
                classifiers=[c for c in problem.classifiers if c <= s],
            )
            found.append(shorter)
    return found


def latency(measure: str, time: Clock, reach: np.ndarray, last: np.ndarray | None = None) -> np.ndarray:
    """Latency in seconds, one per column of `reach`; `last`: of `last_stage`, None: all stages are reached."""
    if measure == "worst":
        ends = time.ends()
        return np.full(reach.shape[1], ends[-1]) if last is None else ends[last - 1]
    if measure == "mean":
        return (time.transfer + time.cold_share * time.cold + time.run) @ reach[:-1]
    quantile = percentile_of(measure)
    assert quantile is not None
    return percentile(quantile, time.transfer + time.run, time.cold, time.cold_share, reach)


def percentile(q: float, warm: np.ndarray, cold: np.ndarray, share: np.ndarray, reach: np.ndarray) -> np.ndarray:
    """The least time within which a share q of the requests is done, one per column of `reach`.

    Each function's cold start is met by a share of the requests that come to it, whichever others they meet.
    """
    leave = reach[:-1] - reach[1:]
    kinds = starts(warm, cold, share)
    at = np.concatenate([done for _, done in kinds])
    shares = np.concatenate([leave * chance for chance, _ in kinds])
    order = np.argsort(at, kind="stable")
    later = shares[order].sum(axis=0) - np.cumsum(shares[order], axis=0)  # done after that
    return at[order][np.argmax(later <= 1.0 - q + ROUNDING, axis=0)]


def starts(warm: np.ndarray, cold: np.ndarray, share: np.ndarray) -> list[tuple[float, np.ndarray]]:
    """The kinds of requests by the cold starts they meet: their share, and when they are done with each stage."""
    coins = [s for s in range(len(cold)) if cold[s] > 0 and share[s] > 0]
    kinds = []
    for met in itertools.product((False, True), repeat=len(coins)):
        chance = math.prod(share[s] if yes else 1.0 - share[s] for s, yes in zip(coins, met, strict=True))
        extra = np.zeros(len(cold))
        extra[[s for s, yes in zip(coins, met, strict=True) if yes]] = 1.0
        if chance > 0:
            kinds.append((chance, np.cumsum(warm + cold * extra)))
    return kinds


def lateness(time: Clock, limit: float) -> np.ndarray:
    """Coefficients of R_1 .. R_M in the share of requests that are not done within a limit in seconds.

    Those that leave at stage s, R_s - R_{s+1}, are late if their kind is; who is late at a stage is so later on.
    """
    kinds = starts(time.transfer + time.run, time.cold, time.cold_share)
    late = sum(chance * (done > limit * (1.0 + FEASIBLE)) for chance, done in kinds)
    return np.diff(late, prepend=0.0)


def usage_cost(problem: Problem, placement: Placement, time: Clock, reach: np.ndarray) -> np.ndarray:
    """USD per request of what is paid by use in every accounting but as-printed: functions and links."""
    total = np.zeros(reach.shape[1])
    for s, move in enumerate(moves(problem, placement)):
        option = problem.option(placement[s])
        if option.kind == "function":
            if time.starts[s]:
                cold = option.usd_per_busy_s * option.cold_share * option.cold_s
                total = total + reach[s] * (option.usd_per_request + cold)
            total = total + option.usd_per_busy_s * time.run[s] * reach[s]
        link = None if move is None else problem.links.get(move)
        if link is not None:
            total = total + link.usd_per_byte * problem.activation[s] * reach[s]
    return total


def busy_seconds(problem: Problem, placement: Placement, time: Clock, reach: np.ndarray) -> dict[Spot, np.ndarray]:
    """Seconds per request that each device, edge or VM option is held: its stages, and waits of senders."""
    busy: dict[Spot, np.ndarray] = {}
    for s, spot in enumerate(placement):
        if problem.option(spot).kind != "function":
            busy[spot] = busy.get(spot, 0.0) + time.run[s] * reach[s]
        if s and placement[s - 1][0] != spot[0]:
            sender = placement[s - 1]
            if problem.option(sender).kind in ("vm", "edge"):
                busy[sender] = busy[sender] + time.transfer[s] * reach[s]
    return busy


def machines(problem: Problem, placement: Placement, time: Clock, reach: np.ndarray) -> dict[Spot, np.ndarray]:
    """Machines rented of each option under reserved accounting: least n with n x cap >= rate x busy."""
    assert problem.rate is not None
    busy = busy_seconds(problem, placement, time, reach)
    return {
        spot: np.maximum(0, np.ceil(problem.rate * held / problem.option(spot).workers / problem.cap * (1 - ROUNDING)))
        for spot, held in busy.items()
    }


def cost(problem: Problem, placement: Placement, time: Clock, reach: np.ndarray) -> np.ndarray:
    """USD per request, one per column of `reach`."""
    if problem.accounting == "per-request":
        total = usage_cost(problem, placement, time, reach)
        for spot, held in busy_seconds(problem, placement, time, reach).items():
            total = total + problem.option(spot).usd_per_s / problem.option(spot).workers * held
        return total
    if problem.accounting == "reserved":
        assert problem.rate is not None
        total = usage_cost(problem, placement, time, reach)
        for spot, rented in machines(problem, placement, time, reach).items():
            total = total + rented * problem.option(spot).usd_per_s / problem.rate
        return total
    assert problem.accounting == "as-printed"
    assert len(problem.options) == 2
    count = problem.stages
    cut = cut_of(problem, placement)
    share = reach[:-1] - reach[1:]  # beta
    total = np.zeros(reach.shape[1])
    if cut > 0:
        seconds = sum(time.run[:cut]) + (time.transfer[cut] if cut < count else 0.0)
        total = total + printed_price(problem.option(placement[0])) * seconds * share[:cut].sum(axis=0)
    if cut < count:
        option = problem.option(placement[-1])
        seconds = sum(time.run[cut:]) + (option.cold_s if option.kind == "function" else 0.0)
        total = total + printed_price(option) * seconds * share[cut:].sum(axis=0)
    return total


def printed_price(option: Option) -> float:
    """USD per second of an option in the as-printed accounting."""
    return option.usd_per_busy_s if option.kind == "function" else option.usd_per_s / option.workers


def cut_of(problem: Problem, placement: Placement) -> int:
    """Number of stages that run before the last tier of the list."""
    return sum(1 for tier, _ in placement if tier < len(problem.options) - 1)


# ----------------------------------------------------------------------------------------------------
# Exits


def flows(problem: Problem, rates: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Reach (M + 1, K) and accuracy (K) from e and e x r, both (M, K)."""
    reach = np.ones((problem.stages + 1, rates.shape[1]))
    for s in range(problem.stages):
        reach[s + 1] = reach[s] * (1.0 - rates[s])
    return reach, (reach[:-1] * right).sum(axis=0)


def combinations(menus: Sequence[Sequence[Row]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All choices of one row per stage: index of the row, e and e x r, each (M, K)."""
    grids = np.meshgrid(*[np.arange(len(menu)) for menu in menus], indexing="ij")
    picked = np.stack([grid.ravel() for grid in grids])
    rates = np.stack([np.array([row[1] for row in menu])[pick] for menu, pick in zip(menus, picked, strict=True)])
    right = np.stack([np.array([row[2] for row in menu])[pick] for menu, pick in zip(menus, picked, strict=True)])
    return picked, rates, right


def interpolate(menu: Sequence[Row], threshold: float) -> tuple[float, float]:
    """e and e x r at a threshold between rows, both linear in the threshold."""
    at = [row[0] for row in menu]
    if not at[0] - 1e-12 <= threshold <= at[-1] + 1e-12:
        raise ValueError(f"threshold {threshold} outside {at[0]}..{at[-1]}")
    return (
        float(np.interp(threshold, at, [row[1] for row in menu])),
        float(np.interp(threshold, at, [row[2] for row in menu])),
    )


# ----------------------------------------------------------------------------------------------------
# Menu thresholds: everything there is


@dataclass(frozen=True)
class Optimum:
    """A proven optimum."""

    objective: float  # USD per request, or milliseconds
    tie_break: float | None  # the other one of the two, least among the plans that tie; None where not computed
    placement: list[dict[str, Any]]  # as in a plan document
    thresholds: list[dict[str, Any]]
    plans: int  # plans or linear programs looked at


@dataclass
class PlanTable:
    """Every plan: placements x threshold choices. Latency: seconds in the instance's measure; cost: USD."""

    problem: Problem
    placements: list[Placement]
    picked: np.ndarray  # (M, K) index of the menu row
    reach: np.ndarray  # (M + 1, K)
    accuracy: np.ndarray  # (K)
    latency: np.ndarray  # (P, K); inf where memory, a link or a payload forbids it
    cost: np.ndarray  # (P, K); likewise


def plan_table(document: Document, ignore: Collection[str] = ()) -> PlanTable:
    """Evaluate all plans that can be done, whatever their accuracy and latency."""
    problem = read(document)
    picked, rates, right = combinations(problem.menus)
    reach, accuracy = flows(problem, rates, right)
    last = last_stage(problem, reach)
    spots, latencies, costs = [], [], []
    for placement in placements(problem):
        fits = np.zeros(problem.stages + 1, dtype=bool)  # by the last stage reached: what comes behind needs nothing
        for s in np.unique(last):
            broken = violations(problem, placement[:s])
            fits[s] = all(amount <= FEASIBLE or kind in ignore for kind, amount in broken.items())
        can = fits[last]
        if can.any():
            time = clock(problem, placement)
            spots.append(placement)
            latencies.append(np.where(can, latency(problem.measure, time, reach, last), math.inf))
            costs.append(np.where(can, cost(problem, placement, time, reach), math.inf))
    shape = len(spots), reach.shape[1]
    return PlanTable(problem, spots, picked, reach, accuracy, np.reshape(latencies, shape), np.reshape(costs, shape))


def accurate_enough(problem: Problem, accuracy: np.ndarray | float) -> Any:
    """Is the accuracy floor kept?"""
    return accuracy >= (-math.inf if problem.accuracy_min is None else problem.accuracy_min - FEASIBLE)


def fast_enough(problem: Problem, seconds: np.ndarray | float) -> Any:
    """Is the latency limit kept?"""
    return seconds <= (math.inf if problem.slo_s is None else problem.slo_s * (1.0 + FEASIBLE))


def enumerate_optimum(
    document: Document, ignore: Collection[str] = (), table: PlanTable | None = None
) -> Optimum | None:
    """Best plan with thresholds from the menus, None when there is none.

    `ignore` drops limits: any of link, payload, memory, accuracy, latency (to see which bind). `table`: the
    document's plan table, where it is at hand.
    """
    table = table or plan_table(document, ignore)
    problem = table.problem
    keep = np.isfinite(table.cost)
    if "accuracy" not in ignore:
        keep &= accurate_enough(problem, table.accuracy)[None, :]
    if "latency" not in ignore:
        keep &= fast_enough(problem, table.latency)
    if not keep.any():
        return None
    milliseconds = table.latency * 1000.0
    first, second = (table.cost, milliseconds) if problem.minimize == "cost" else (milliseconds, table.cost)
    best = first[keep].min()
    ties = keep & (first <= best * (1.0 + TIE))
    where = np.where(ties, second, math.inf)
    i, k = np.unravel_index(int(np.argmin(where)), where.shape)
    thresholds = [
        {"stage": s, "threshold": problem.menus[s - 1][table.picked[s - 1, k]][0]} for s in problem.classifiers
    ]
    return Optimum(
        float(best),
        float(where[i, k]),
        _spell(problem, table.placements[i]),
        thresholds,
        int(table.cost.size),
    )


def _spell(problem: Problem, placement: Placement) -> list[dict[str, Any]]:
    return [
        {"stage": s, "tier": problem.option(spot).tier, "option": problem.option(spot).name}
        for s, spot in enumerate(placement, start=1)
    ]


# ----------------------------------------------------------------------------------------------------
# One given plan


def value(document: Document, plan_document: Mapping[str, Any]) -> dict[str, Any]:
    """Metrics of one plan, in the names and units of a plan document's `metrics`.

    `plan_document` has `placement` and `thresholds`, or holds a mapping that has them under `plan`. Besides
    the metrics: objective (USD per request or ms, as the instance minimises), tie_break (the other one), cut,
    and violation, the largest relative violation of any limit (0: all kept; inf: cannot be done, e.g. no
    link for a hand-over).
    """
    problem = read(document)
    plan = plan_document.get("plan", plan_document)
    spots = {
        (option.tier, option.name): (t, o) for t, tier in enumerate(problem.options) for o, option in enumerate(tier)
    }
    entries = sorted(plan["placement"], key=lambda entry: entry["stage"])
    if [entry["stage"] for entry in entries] != list(range(1, len(entries) + 1)) or not entries:
        raise ValueError(f"placement does not name each stage once: {entries}")
    placement: Placement = tuple(spots[entry["tier"], entry["option"]] for entry in entries)

    asked = {entry["stage"]: entry for entry in plan["thresholds"]}
    if len(asked) != len(plan["thresholds"]) or not set(asked) <= {*problem.classifiers, problem.stages}:
        raise ValueError(f"thresholds name a stage twice or one without a classifier: {plan['thresholds']}")
    rates, right = np.zeros((problem.stages, 1)), np.zeros((problem.stages, 1))
    for s, menu in enumerate(problem.menus[: len(placement)], start=1):
        if s not in problem.classifiers:
            rates[s - 1], right[s - 1] = menu[0][1:]
            continue
        if s not in asked:
            raise ValueError(f"no threshold for the classifier of stage {s}")
        rates[s - 1], right[s - 1] = _exit_point(problem.thresholds, menu, asked[s])
    stages = problem.stages
    if problem.accounting != "as-printed":  # what is said of stages that nobody reaches does not count
        end = next((s for s in range(1, len(placement)) if rates[s - 1] > 1.0 - 1e-12), len(placement))
        if end < stages:
            rates[end - 1] = np.round(rates[end - 1], 12)
            problem = replace(problem, stages=end)
            placement, rates, right = placement[:end], rates[:end], right[:end]
    if len(placement) != problem.stages or rates[-1] != 1:
        raise ValueError(f"stages are missing where not everybody has left: {entries}")

    reach, accuracy = flows(problem, rates, right)
    time = clock(problem, placement)
    seconds = {
        name: float(latency(name, time, reach)[0]) for name in {"worst", "mean", "p50", "p95", "p99", problem.measure}
    }
    usd = float(cost(problem, placement, time, reach)[0])
    broken = max(0.0, *violations(problem, placement).values())
    if problem.accuracy_min:
        broken = max(broken, (problem.accuracy_min - float(accuracy[0])) / problem.accuracy_min)
    if problem.slo_s is not None:
        broken = max(broken, (seconds[problem.measure] - problem.slo_s) / problem.slo_s)
    out: dict[str, Any] = {
        "accuracy": float(accuracy[0]) if problem.has_exits else None,
        "cost_usd_per_request": usd,
        "cost_usd_per_hour": None if problem.rate is None else usd * problem.rate * 3600.0,
        "reach": [float(r) for r in reach[:-1, 0]] + [0.0] * (stages - problem.stages),
        "exit_share": [float(b) for b in (reach[:-1] - reach[1:])[:, 0]] + [0.0] * (stages - problem.stages),
        "objective": usd if problem.minimize == "cost" else seconds[problem.measure] * 1000.0,
        "tie_break": seconds[problem.measure] * 1000.0 if problem.minimize == "cost" else usd,
        "cut": cut_of(problem, placement),
        "violation": broken,
    }
    out.update({f"latency_{name}_ms": s * 1000.0 for name, s in seconds.items()})
    if problem.accounting == "reserved":
        rented = machines(problem, placement, time, reach)
        out["machines"] = [
            {"tier": problem.option(spot).tier, "option": problem.option(spot).name, "count": int(count[0])}
            for spot, count in rented.items()
        ]
    return out


def _exit_point(kind: str, menu: Sequence[Row], entry: Mapping[str, Any]) -> tuple[float, float]:
    """e and e x r of one entry of a plan's thresholds."""
    if kind == "interpolated":
        return interpolate(menu, entry["threshold"])
    by_threshold = {row[0]: row[1:] for row in menu}
    if kind == "randomized":
        mix = entry["mix"] if "mix" in entry else [{"threshold": entry["threshold"], "probability": 1.0}]
        total = sum(part["probability"] for part in mix)
        if abs(total - 1.0) > 1e-9 or any(part["probability"] < -1e-12 for part in mix):
            raise ValueError(f"not a probability distribution: {mix}")
        return (
            sum(part["probability"] * by_threshold[part["threshold"]][0] for part in mix),
            sum(part["probability"] * by_threshold[part["threshold"]][1] for part in mix),
        )
    return by_threshold[entry["threshold"]]


# ----------------------------------------------------------------------------------------------------
# Linear programs for thresholds that are not menu rows. With v[s, l] = R_s x probability of row l, reach and
# accuracy are linear in v; for a fixed placement so are, or can be made by cases, all costs and latencies.


@dataclass(frozen=True)
class _Program:
    """Least constant + prices . R (or constant, then least prices . R) with every coefficients . R <= cap."""

    constant: float
    prices: np.ndarray
    prices_break_ties: bool
    limits: tuple[tuple[np.ndarray, float], ...]


@dataclass(frozen=True)
class _Mixed:
    """A solution: objective in USD or ms, what breaks ties (nan: unknown), probabilities of the rows."""

    objective: float
    tie_break: float
    probabilities: list[list[float]]


def _solve(problem: Problem, menus: Sequence[Sequence[Row]], program: _Program) -> _Mixed | None:
    """Optimum of a program over all mixtures of rows that keep the accuracy floor; None: there is none."""
    index = [(s, row) for s, menu in enumerate(menus) for row in menu]
    flow = np.zeros((problem.stages, len(index)))
    start = np.zeros(problem.stages)
    start[0] = 1.0
    for j, (s, row) in enumerate(index):
        flow[s, j] = 1.0
        if s + 1 < problem.stages:
            flow[s + 1, j] = -(1.0 - row[1])
    limits = [[coefficients[s] for s, _ in index] for coefficients, _ in program.limits]
    caps = [cap for _, cap in program.limits]
    if problem.accuracy_min is not None:
        limits.append([-row[2] for _, row in index])
        caps.append(-problem.accuracy_min)
    scale = float(np.abs(program.prices).max()) or 1.0
    answer = linprog(
        [program.prices[s] / scale for s, _ in index],
        A_ub=np.array(limits) if limits else None,
        b_ub=np.array(caps) if limits else None,
        A_eq=flow,
        b_eq=start,
        bounds=(0, None),
        method="highs-ds",
        options={"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10},
    )
    if answer.status == 2:
        return None
    if answer.status != 0:
        raise RuntimeError(f"linear program not solved: {answer.message}")
    flows_out: list[list[float]] = [[] for _ in menus]
    for (s, _), v in zip(index, answer.x, strict=True):
        flows_out[s].append(max(0.0, float(v)))
    probabilities = []
    for row_flows in flows_out:
        total = sum(row_flows)
        sure = [1.0] + [0.0] * (len(row_flows) - 1)
        probabilities.append([v / total for v in row_flows] if total > 1e-12 else sure)
    paid = float(answer.fun) * scale
    if program.prices_break_ties:
        return _Mixed(program.constant, paid, probabilities)
    return _Mixed(program.constant + paid, math.nan, probabilities)


def _latency_limits(problem: Problem, time: Clock, mean: np.ndarray) -> tuple[tuple[np.ndarray, float], ...] | None:
    """The latency limit as linear limits on the reach; None when no thresholds keep it."""
    if problem.slo_s is None:
        return ()
    quantile = percentile_of(problem.measure)
    if problem.measure == "mean":
        return ((mean / problem.slo_s, 1.0),)
    if quantile is None:
        return () if fast_enough(problem, float(time.ends()[-1])) else None
    late = lateness(time, problem.slo_s)
    return () if not late.any() else ((late, 1.0 - quantile + ROUNDING),)


def _programs(problem: Problem, placement: Placement, most: int = 400) -> tuple[list[_Program], list[_Program], bool]:
    """(relaxations, programs, exact) of a placement.

    The best of the relaxations bounds the placement's optimum from below; the best of the programs is its
    optimum when `exact`, a bound otherwise (more than `most` combinations of machine counts).
    """
    time = clock(problem, placement)
    unit = np.vstack([np.eye(problem.stages), np.zeros(problem.stages)])  # what R = (0, .., 1, .., 0) is charged
    mean = latency("mean", time, unit)
    limits = _latency_limits(problem, time, mean)
    if limits is None:
        return [], [], True
    quantile = percentile_of(problem.measure)

    if problem.minimize == "latency":
        if problem.measure == "mean":
            both = [_Program(0.0, mean * 1000.0, False, limits)]
            return both, both, True
        # the latency is when some kind of requests is done with some stage, if few enough are late
        linear = problem.accounting != "reserved"
        usd = cost(problem, placement, time, unit) if linear else np.zeros(problem.stages)
        if quantile is None:
            both = [_Program(float(time.ends()[-1]) * 1000.0, usd, True, ())]
            return both, both, True
        kinds = starts(time.transfer + time.run, time.cold, time.cold_share)
        out = []
        for end in sorted({float(end) for _, done in kinds for end in done if fast_enough(problem, float(end))}):
            out.append(_Program(end * 1000.0, usd, True, ((lateness(time, end), 1.0 - quantile + ROUNDING),)))
        return out, out, True

    if problem.accounting != "reserved":
        both = [_Program(0.0, cost(problem, placement, time, unit), False, limits)]
        return both, both, True

    # reserved: fractions of machines are a relaxation; each vector of machine counts is a linear program
    assert problem.rate is not None
    usage = usage_cost(problem, placement, time, unit)
    needs = {
        spot: held * problem.rate / problem.option(spot).workers / problem.cap
        for spot, held in busy_seconds(problem, placement, time, unit).items()
    }
    rents = {spot: problem.option(spot).usd_per_s / problem.rate for spot in needs}
    relaxed = _Program(0.0, usage + sum(rents[spot] * need for spot, need in needs.items()), False, limits)
    ranges = [range(math.ceil(float(need.sum()) - ROUNDING) + 1) for need in needs.values()]  # sum: every reach is 1
    if math.prod(len(r) for r in ranges) > most:
        return [relaxed], [relaxed], False
    out = []
    for counts in itertools.product(*ranges):
        rent = sum(n * rents[spot] for n, spot in zip(counts, needs, strict=True))
        enough = tuple((need, n + ROUNDING) for n, need in zip(counts, needs.values(), strict=True))
        out.append(_Program(rent, usage, False, (*limits, *enough)))
    return [relaxed], out, True


def randomized_optimum(document: Document) -> Optimum | None:
    """Optimum with a probability for each row of each classifier, by one or more linear programs a placement.

    The tie-break value is computed where latency is minimised, not as a mean, and the cost is linear.
    """
    problem = read(document)
    found: list[tuple[Placement, _Mixed]] = []
    count = 0
    best = math.inf
    for shorter, placement in [(one, placement) for one in ending_at(problem) for placement in allowed(one)]:
        relaxed, programs, exact = _programs(shorter, placement)
        if not exact:
            raise ValueError("too many machine counts")
        if relaxed is not programs:
            bounds = [bound for bound in (_solve(shorter, shorter.menus, r) for r in relaxed) if bound is not None]
            if not bounds or min(bound.objective for bound in bounds) > best:
                continue
        for program in programs:
            if program.constant > best * (1.0 + TIE):
                continue
            count += 1
            mixed = _solve(shorter, shorter.menus, program)
            if mixed is not None:
                best = min(best, mixed.objective)
                found.append((placement, mixed))
    if not found:
        return None
    tied = [entry for entry in found if entry[1].objective <= best * (1.0 + TIE)]
    placement, mixed = min(tied, key=lambda entry: entry[1].tie_break)
    linear = problem.accounting != "reserved" and problem.minimize == "latency" and problem.measure != "mean"
    thresholds = [
        {
            "stage": s,
            "mix": [
                {"threshold": row[0], "probability": p}
                for row, p in zip(_rows(problem, placement, s), mixed.probabilities[s - 1], strict=True)
                if p > 0
            ],
        }
        for s in problem.classifiers
        if s <= len(placement)
    ]
    return Optimum(best, mixed.tie_break if linear else None, _spell(problem, placement), thresholds, count)


def _rows(problem: Problem, placement: Placement, s: int) -> list[Row]:
    """The rows of a stage; where the placement ends early, those of its last stage where everybody leaves."""
    ends = s == len(placement) < problem.stages
    return [row for row in problem.menus[s - 1] if row[1] == 1 or not ends]


@dataclass(frozen=True)
class Bracket:
    """The optimum lies in [lower, upper], USD per request or ms. upper is inf when the grid has no plan."""

    lower: float
    upper: float
    exact: bool  # lower is the optimum itself


def interpolated_bracket(document: Document, pieces: int = 12) -> Bracket | None:
    """Bracket of the optimum with thresholds anywhere between the rows; None when certainly no plan exists.

    upper: best plan on a grid with `pieces` equal steps between neighbouring rows, all placements.

    lower: a point between two neighbouring rows is a mixture of these two, and every mixture of the two is
    such a point. So a linear program restricted to one pair of neighbours per classifier is the problem
    itself on these pairs, and the least one over all pairs and placements is the optimum.
    """
    problem = read(document)
    if len(problem.classifiers) > 3:
        raise ValueError("at most 3 classifiers")
    upper, all_exact = math.inf, True
    for shorter in ending_at(problem):
        reach, accuracy = flows(shorter, *combinations([_refine(menu, pieces) for menu in shorter.menus])[1:])
        good = accurate_enough(shorter, accuracy)
        for placement in allowed(shorter):
            time = clock(shorter, placement)
            seconds = latency(shorter.measure, time, reach)
            keep = good & fast_enough(shorter, seconds)
            if keep.any():
                objective = cost(shorter, placement, time, reach) if shorter.minimize == "cost" else seconds * 1000.0
                upper = min(upper, float(objective[keep].min()))

    lower = upper
    for shorter in ending_at(problem):
        pairs = [list(itertools.pairwise(menu)) if len(menu) > 1 else [tuple(menu)] for menu in shorter.menus]
        for placement in allowed(shorter):
            relaxed, programs, exact = _programs(shorter, placement)
            if relaxed is not programs and not any(_below(shorter, shorter.menus, r, lower) for r in relaxed):
                continue
            all_exact = all_exact and exact
            for program in programs:
                if not _below(shorter, shorter.menus, program, lower):
                    continue
                for menus in itertools.product(*pairs):
                    mixed = _solve(shorter, menus, program)
                    if mixed is not None:
                        lower = min(lower, mixed.objective)
    return None if math.isinf(lower) else Bracket(lower, upper, all_exact)


def _below(problem: Problem, menus: Sequence[Sequence[Row]], program: _Program, objective: float) -> bool:
    """Can a program's optimum be less than this objective?"""
    if program.constant >= objective:
        return False
    mixed = _solve(problem, menus, program)
    return mixed is not None and mixed.objective < objective


def _refine(menu: Sequence[Row], pieces: int) -> list[Row]:
    """The rows of a menu and `pieces` - 1 interpolated ones between neighbours."""
    if len(menu) == 1:
        return list(menu)
    at = [row[0] for row in menu]
    fine = sorted({a + (b - a) * i / pieces for a, b in itertools.pairwise(at) for i in range(pieces)} | set(at))
    return [(threshold, *interpolate(menu, threshold)) for threshold in fine]
