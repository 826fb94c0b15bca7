"""Plan several services that share a budget or a pool of machines; proven to a gap."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace

from serflow_opt.errors import Problem, nearest
from serflow_opt.fleets.close_gap import close
from serflow_opt.fleets.column_generation import LagrangianBound, generate
from serflow_opt.fleets.master import Chosen, FleetMaster, SharedLimits
from serflow_opt.fleets.pricing import FleetService, PricingTask, SharedPrices
from serflow_opt.fleets.result import Fleet, FleetCertificate, ServicePlan, ShadowPrice, SharedMachines
from serflow_opt.fleets.workers import Searches
from serflow_opt.ground.arguments import Arguments, as_number, shown
from serflow_opt.ground.deadline import Deadline
from serflow_opt.ground.gaps import relative_gap
from serflow_opt.ground.stopping import stoppable
from serflow_opt.ground.tolerances import EQUAL, FLEET_GAP, LACKING, ROUNDING, STRICTLY, TOLERANCE, UNCHANGED
from serflow_opt.plan.names import document_of
from serflow_opt.plan.valuation import value_plan
from serflow_opt.problem.batches import one_by_one
from serflow_opt.problem.egress import tiers_refused
from serflow_opt.problem.given import Named, instances_of
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.kinds import Objective
from serflow_opt.search.outcome import SearchSettings
from serflow_opt.solving import answer

FINER = 0.01
"""Gap of the searches for single plans, in that of the fleet: they add up, and money counts against latency."""
MINIMIZED: tuple[Objective, ...] = ("cost", "latency", "energy", "privacy")


@dataclass(frozen=True, slots=True)
class FleetProgress:
    """A moment of the search: seconds, what is done, value of the best choice or relaxation, bound, plans known."""

    seconds: float
    doing: str
    value: float
    bound: float
    plans: int


def solve_fleet(
    instances: Iterable[Named],
    *,
    budget_usd_per_hour: float | None = None,
    machines_max: Mapping[str, int] | None = None,
    minimize: Objective | None = None,
    weights: Mapping[str, float] | None = None,
    gap: float = FLEET_GAP,
    time_limit: float | None = None,
    jobs: int = 1,
    executor: Executor | None = None,
    on_progress: Callable[[FleetProgress], None] | None = None,
) -> Fleet:
    """Find a plan for each service such that all together stay within what they share, and prove it.

    Parameters
    ----------
    instances
        One for each service, or what `load` takes, each with `rate_per_s` and limits of its own. What they minimise
        does not matter.
    budget_usd_per_hour
        Most that all plans together cost, USD an hour at the services' rates; None: any amount.
    machines_max
        By type, as options are called: most machines that all services rent together. Needs accounting reserved in
        each instance that offers the type.
    minimize
        cost: USD an hour of all services; latency or privacy: the mean over all requests, of each instance's own
        latency measure; energy: J a second. None: latency under a budget, cost otherwise.
    weights
        By the name of an instance, how much its requests (of the cost: its dollars) count; 1 where not named.
    gap
        Relative distance of value and bound that counts as optimal.
    time_limit
        Seconds for everything; at the limit the best that is known is returned with its gap.
    jobs, executor
        Processes, or anything that maps as executors of `concurrent.futures` do.
    on_progress
        Called now and then.

    Returns
    -------
    Fleet
        `status` is optimal (proven within the gap), feasible (stopped before), infeasible (proven; `because` says why)
        or no_solution.

    Raises
    ------
    InputError
        For instances without a rate, limits that do not fit, and nothing that is shared.
    """
    instances = instances_of(instances)
    machines = dict(machines_max or {})
    minimize = minimize or ("latency" if budget_usd_per_hour is not None else "cost")
    with Arguments() as given:
        if budget_usd_per_hour is not None:
            budget_usd_per_hour = given.number("budget_usd_per_hour", budget_usd_per_hour, above=True)
        gap, jobs = given.number("gap", gap), given.whole("jobs", jobs, 1)
        seconds = given.limit("time_limit", time_limit)
        given.one_of("minimize", minimize, MINIMIZED)
        given.problems += _misfits(instances, budget_usd_per_hour, machines, weights or {})
    services = _services(instances, machines, minimize, weights or {})
    shared = SharedLimits(budget_usd_per_hour, machines)
    master = FleetMaster(len(services), shared)
    with stoppable():
        deadline = Deadline(seconds)

        def tell(doing: str, value: float, bound: float) -> None:
            if on_progress is not None:
                on_progress(FleetProgress(deadline.seconds, doing, value, bound, len(master.columns)))

        settings = SearchSettings(gap=gap * FINER, deadline=deadline, threads=1 if jobs > 1 else 0)
        with Searches(settings, jobs, executor) as searches:
            return _search(services, shared, master, searches, gap, tell)


def _search(
    services: Sequence[FleetService],
    shared: SharedLimits,
    master: FleetMaster,
    searches: Searches,
    gap: float,
    tell: Callable[[str, float, float], None],
) -> Fleet:
    """First plans, prices, the gap closed, and of equally good plans the cheapest."""
    best, chosen, bound = LagrangianBound(), Chosen(), -math.inf
    searches.find_fronts(services)
    because = _first_plans(services, master, searches, tell)
    if not because and master.complete:
        chosen = master.choose(searches.deadline, gap / 10)
        if not chosen.columns:
            because = _what_is_missing(services, master, searches, gap, tell)
            chosen = master.choose(searches.deadline, gap / 10)
        if chosen.columns:
            best = generate(services, master, searches, gap, tell)
            chosen = master.choose(searches.deadline, gap / 10)
            chosen, bound = close(services, master, best, chosen, searches, gap, tell)
            chosen = _cheapest(services, shared, chosen, searches)
    return _fleet(services, shared, master, searches, best, chosen, bound, because, gap)


def _cheapest(services: Sequence[FleetService], shared: SharedLimits, chosen: Chosen, searches: Searches) -> Chosen:
    """Of plans that are as good for each service take the cheapest.

    Where the budget does not bind, each service has its best value, and no equally good fleet is cheaper.
    """
    if services[0].objective == "cost" or len(chosen.columns) != len(services) or searches.deadline.expired:
        return chosen
    _, used = shared.used(chosen.columns)
    tasks = []
    for own in chosen.columns:
        service = services[own.service]
        most = tuple((t, shared.machines[t] - used[t] + own.count(t)) for t in service.types)
        tasks.append(PricingTask(own.service, service, SharedPrices(1.0, {}, 0.0), most=most, as_good_as=own.adds))
    columns = list(chosen.columns)
    for n, found in enumerate(searches.ask(tasks)):
        if found.column is None or found.column.usd_per_hour >= columns[n].usd_per_hour * (1 - STRICTLY):
            continue
        changed = [*columns[:n], found.column, *columns[n + 1 :]]
        if shared.kept(changed):
            columns = changed
    value = math.fsum(own.adds for own in columns)
    return replace(chosen, columns=columns, value=value) if value <= chosen.value * (1 + EQUAL) else chosen


def _services(
    instances: Sequence[Instance], machines: Mapping[str, int], minimize: Objective, weights: Mapping[str, float]
) -> list[FleetService]:
    """What each service adds: its share of all requests, requests a second, or its dollars; times its weight."""
    own = [weights.get(instance.name, 1.0) for instance in instances]
    rates = [weight * (instance.rate_per_s or 0.0) for weight, instance in zip(own, instances, strict=True)]
    whole = math.fsum(rates)
    shares = {"cost": own, "energy": rates}.get(minimize, [rate / whole for rate in rates])
    services = []
    for instance, share in zip(instances, shares, strict=True):
        offered = {o.name for o in instance.options if instance.tiers[o.tier].kind != "function"}
        types = tuple(name for name in machines if name in offered)
        services.append(FleetService(instance, minimize, share, types))
    return services


def _first_plans(
    services: Sequence[FleetService], master: FleetMaster, searches: Searches, tell: Callable[[str, float, float], None]
) -> list[str]:
    """Add the plans that are best alone, and those that take least of what is shared; say which service has none."""
    shared = master.shared
    least = SharedPrices(1.0 if shared.budget is not None else 0.0, dict.fromkeys(shared.machines, 1.0), 0.0)
    kinds = [SharedPrices()]
    if shared.budget is not None:
        kinds.append(SharedPrices(1.0, {}, 0.0))
    if shared.machines:
        kinds.append(least)
    cheapest = 0.0
    for kind in kinds:
        answers = searches.ask([PricingTask(k, service, kind) for k, service in enumerate(services)])
        for own in answers:
            master.add(own.column)
        tell("first plans", math.inf, -math.inf)
        without = [own.task.service for own in answers if own.column is None and own.bound == math.inf]
        if without:
            return [_why(service, searches) for service in without]
        if kind == SharedPrices(1.0, {}, 0.0):
            cheapest = math.fsum(own.bound for own in answers)
    budget = shared.budget
    if budget is not None and cheapest > budget * (1 + TOLERANCE):
        return [
            f"the cheapest plans of all services together cost {cheapest:.6g} USD an hour, {budget:g} are allowed; "
            f"allow --budget-usd-per-hour {math.ceil(cheapest * 1.0001 * 100) / 100:g}"
        ]
    return []


def _why(service: FleetService, searches: Searches) -> str:
    """Say why a service has no plan even alone."""
    plan = answer(service.instance, SearchSettings(deadline=searches.deadline))
    reasons = "; ".join(clash.message for clash in plan.infeasible_because) or "no plan keeps its limits"
    return f"{service.instance.name}: {reasons}"


def _what_is_missing(
    services: Sequence[FleetService],
    master: FleetMaster,
    searches: Searches,
    gap: float,
    tell: Callable[[str, float, float], None],
) -> list[str]:
    """Find the least by which plans exceed what is shared: dollars an hour and machines, added up; [] where nothing."""
    short = FleetMaster(len(services), replace(master.shared, short=True), master.columns)
    best = generate(services, short, searches, gap, tell)
    chosen, bound = close(services, short, best, short.choose(searches.deadline, gap / 10), searches, gap, tell)
    for column in short.columns:
        master.add(column)
    if bound <= LACKING * max(1.0, master.shared.budget or 0.0):
        return []
    usd, counts = master.shared.used(chosen.columns)
    parts = [f"{counts[t] - most} more {t}" for t, most in master.shared.machines.items() if counts[t] > most]
    budget = master.shared.budget
    if budget is not None and usd > budget * (1 + TOLERANCE):
        parts.append(f"{usd - budget:.4g} USD an hour more")
    proven = chosen.value - bound <= gap * abs(chosen.value) + LACKING
    least = "the least that would do" if proven else "what would certainly do"
    return [f"no plans of all services fit what they share; {least}: {' and '.join(parts)}"]


def _fleet(
    services: Sequence[FleetService],
    shared: SharedLimits,
    master: FleetMaster,
    searches: Searches,
    best: LagrangianBound,
    chosen: Chosen,
    bound: float,
    because: list[str],
    gap: float,
) -> Fleet:
    """Put the answer together; plans are valued anew, each by the exact evaluator."""
    minimize = services[0].objective
    shown, unit = UNITS[minimize]
    plans = []
    for column in chosen.columns:
        service = services[column.service]
        document = document_of(service.instance, column.decision).model_dump(mode="json")
        plan = value_plan(service.instance, document)
        reduced = column.priced(best.prices) - best.values[column.service] if best.values else 0.0
        plan.certificate.method = (
            "part of a fleet; best at the fleet's prices"
            if reduced <= UNCHANGED * abs(chosen.value)
            else "part of a fleet; chosen to stay within what is shared"
        ) + ", valued by the exact evaluator"
        plans.append(
            ServicePlan(
                instance=service.instance.name,
                rate_per_s=service.instance.rate_per_s or 0.0,
                weight=service.share,
                adds=column.adds * shown,
                usd_per_hour=column.usd_per_hour,
                plan=plan,
            )
        )
    used = shared.used(chosen.columns)
    value = chosen.value if chosen.columns else None
    relative = None if value is None or not math.isfinite(bound) else relative_gap(value, bound)
    proven = relative is not None and relative <= max(gap, ROUNDING)
    status = "infeasible" if because and value is None else "no_solution" if value is None else "feasible"
    if status == "no_solution":
        because = ["time ran out before plans of all services were found that keep what they share"]
    return Fleet(
        status="optimal" if proven else status,  # type: ignore[arg-type]
        minimize=minimize,
        value=None if value is None else value * shown,
        unit=unit,
        bound=bound * shown if math.isfinite(bound) else None,
        gap=relative,
        seconds=searches.deadline.seconds,
        usd_per_hour=used[0] if chosen.columns else None,
        budget_usd_per_hour=shared.budget,
        dollar=ShadowPrice.of(best.prices.dollar, shown) if shared.budget is not None and best.values else None,
        machines=[
            SharedMachines(
                type=name,
                most=most,
                used=used[1][name],
                worth=ShadowPrice.of(best.prices.machine.get(name, 0.0), shown) if best.values else None,
            )
            for name, most in shared.machines.items()
        ],
        services=plans,
        certificate=FleetCertificate(
            exact_objective=None if value is None else value * shown,
            max_constraint_violation=max(
                (own.plan.certificate.max_constraint_violation or 0.0 for own in plans), default=None
            ),
            lagrangian_bound=best.bound * shown if math.isfinite(best.bound) else None,
            rounds=best.rounds,
            plans=len(master.columns),
            searches=searches.count,
            scope=one_by_one(any(own.instance.takes_batches for own in services), "fleets know no batches"),
            method="column generation: Lagrangian bound, integer master by HiGHS, plans of small reduced cost listed",
        ),
        because=because if value is None else [],
    )


UNITS = {
    "cost": (1.0, "USD/hour"),
    "latency": (1000.0, "ms"),
    "energy": (1.0, "J/s"),
    "privacy": (1.0, "leak"),
}


def _misfits(
    instances: Sequence[Instance], budget: float | None, machines: Mapping[str, int], weights: Mapping[str, float]
) -> list[Problem]:
    """What does not go together."""
    problems: list[Problem] = []

    def wrong(file: str, place: str, found: str, cure: str) -> None:
        problems.append(Problem(file, place, found, cure))

    if not instances:
        wrong("", "instances", "none", "name the services")
    if budget is None and not machines:
        cure = "give a budget or numbers of machines; `solve FILE...` plans services that share nothing"
        wrong("", "budget_usd_per_hour, machines_max", "nothing is shared", cure)
    names = sorted({instance.name for instance in instances})
    for name, weight in weights.items():
        if name not in names:
            wrong("", "weights", f"'{name}'", nearest(name, names))
        elif not 0 < as_number(weight) < math.inf:
            wrong("", f"weights of {name}", shown(weight), "write a number above 0")
    offered: set[str] = set()
    for instance in instances:
        mine = {o.name for o in instance.options if instance.tiers[o.tier].kind != "function"}
        offered |= mine
        if instance.rate_per_s is None:
            wrong(instance.name, "workload.rate_per_s", "missing", "set it: fleets count requests by their rates")
        problems += tiers_refused(instance, "services that share")
        if instance.families:
            cure = "list the choices: memory_mb = [...], noise = 'rows'"
            wrong(instance.name, "memory_mb_range, noise", "sizes or noise from a range", cure)
        limited = mine & set(machines)
        if limited and instance.accounting != "reserved":
            cure = "set objective.accounting = 'reserved': only then machines are counted"
            wrong(instance.name, "objective.accounting", f"'{instance.accounting}' with {sorted(limited)[0]}", cure)
        if limited and instance.cost_max_usd is not None:
            cure = "remove it: prices of machines that are shared change what is counted as cost"
            wrong(instance.name, "workload.cost_max_usd", f"{instance.cost_max_usd:g} with machines_max", cure)
    for name, most in machines.items():
        if name not in offered:
            wrong("", "machines_max", f"'{name}'", nearest(name, sorted(offered)))
        count = as_number(most)
        if not (0 <= count < math.inf and count == int(count)):
            wrong("", f"machines_max of {name}", shown(most), "write a whole number of at least 0")
    return problems
