"""The schedule of least carbon, of least money and carbon at a price, or of least money within a limit on carbon."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from serflow_opt.errors import InputError, OutOfReach, Problem
from serflow_opt.ground.deadline import Deadline, OutOfTime
from serflow_opt.ground.gaps import relative_gap
from serflow_opt.ground.tolerances import INTEGRAL, ROUNDING, TOLERANCE
from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.schedule.emitted import CarbonPrice, Emitted
from serflow_opt.traffic.schedule.levels import Demand
from serflow_opt.traffic.schedule.priced import MayWait, PricedBlock, block_of, by_levels, fluid_bound

if TYPE_CHECKING:
    from collections.abc import Callable

    from serflow_opt.traffic.service import Service

Least = Literal["cost", "carbon"]
PRICES, HALVINGS = 24, 60
"""Prices of a gram that are tried within a limit, at most; and how often they are halved to keep it."""
CLEANEST = CarbonPrice(0.0, 1.0)


@dataclass(frozen=True, slots=True)
class CarbonTerms:
    """What a schedule is asked about carbon.

    Attributes
    ----------
    least
        What is minimised.
    usd_per_tonne
        Price of carbon that is added to money.
    max_g
        Grams a request of the trace, on average; None: any.
    waiting
        Which requests may wait; None: none.
    """

    least: Least = "cost"
    usd_per_tonne: float = 0.0
    max_g: float | None = None
    waiting: MayWait | None = None

    @property
    def asked(self) -> bool:
        """Whether anything is asked beyond money as requests come."""
        return self.least == "carbon" or self.usd_per_tonne != 0 or self.max_g is not None or self.waiting is not None

    @property
    def price(self) -> CarbonPrice:
        """The weights that are asked for."""
        return CLEANEST if self.least == "carbon" else CarbonPrice(1.0, self.usd_per_tonne / 1e6)


@dataclass(frozen=True, slots=True)
class CleanBlock:
    """A block of what was found: as `BlockSchedule` has it."""

    task: PricedBlock
    emitted: Emitted


@dataclass(frozen=True, slots=True)
class Clean:
    """What was found.

    Attributes
    ----------
    blocks
        By position.
    price
        By which it was decided who serves.
    value, bound, checked
        Of what is minimised, within the limit.
    served
        When requests are served, a second, where some may wait.
    """

    blocks: tuple[CleanBlock, ...]
    price: CarbonPrice
    value: float
    bound: float
    checked: float
    served: Demand | None = None

    @property
    def grams(self) -> float:
        """Of CO2e."""
        return math.fsum(math.fsum(own.emitted.grams.values()) for own in self.blocks)

    @property
    def usd(self) -> float:
        """Money."""
        return math.fsum(own.emitted.usd for own in self.blocks)

    def worth(self, price: CarbonPrice) -> float:
        """Return what it is worth at a price."""
        return price.usd * self.usd + price.gram * self.grams


def check_terms(service: Service, trace: Trace, terms: CarbonTerms) -> None:
    """Raise InputError with what makes no sense of what is asked about carbon.

    Parameters
    ----------
    service, trace
        What is scheduled.
    terms
        What is asked.
    """
    problems = []
    if not service.counts_carbon and (terms.least == "carbon" or terms.usd_per_tonne or terms.max_g is not None):
        cure = "write [carbon] in the instance, and watts where the catalogue has none"
        problems.append(Problem(service.name, "carbon", "not counted", cure))
    if not 0 <= terms.usd_per_tonne < math.inf:
        problems.append(Problem("", "usd_per_tonne", f"{terms.usd_per_tonne:g}", "write 0 or more"))
    if terms.max_g is not None and not 0 <= terms.max_g < math.inf:
        problems.append(Problem("", "carbon_max_g", f"{terms.max_g:g}", "write grams a request, 0 or more"))
    waiting = terms.waiting
    if waiting is not None and not (0 < waiting.share <= 1 and waiting.most_s >= trace.period_s):
        found = f"{waiting.share:g} may wait up to {waiting.most_s:g} s"
        cure = f"write a share from 0 to 1, and at least a period of the trace, {trace.period_s:g} s"
        problems.append(Problem("", "deferrable, defer_h", found, cure))
    if problems:
        raise InputError(problems)


def clean_schedule(
    service: Service,
    trace: Trace,
    terms: CarbonTerms,
    *,
    step_s: float,
    cap: float,
    gap: float,
    deadline: Deadline,
    tell: Callable[[float, float], None],
) -> Clean:
    """Return the best schedule on given terms.

    Parameters
    ----------
    service, trace, step_s, cap, gap, deadline
        As of `schedule`.
    terms
        What is asked about carbon.
    tell
        Called with what the best so far is worth, and what nothing is below.

    Raises
    ------
    InputError
        Where no schedule of this service keeps the limit; proven.
    OutOfTime
        Where nothing was found in time.
    """
    waiting = terms.waiting
    if waiting is not None:
        trace = trace.in_periods(step_s)
        waiting = replace(waiting, most_s=math.floor(waiting.most_s / trace.period_s + ROUNDING) * trace.period_s)
    tasks = [block_of(service, b, trace, step_s, cap, waiting) for b in range(len(service.blocks))]

    def at(price: CarbonPrice, share: float = 1.0) -> Clean:
        try:
            return _at_price(tasks, price, waiting, gap * share, deadline)
        except OutOfTime as error:
            limited = "" if terms.max_g is None else " that keeps the limit on carbon"
            raise OutOfTime(str(error) or f"no schedule{limited} was found in time; allow more time") from None

    if terms.max_g is None:
        found = at(terms.price)
        tell(found.value, found.bound)
        return found
    limit = terms.max_g * trace.requests
    least = 0.0 if waiting is not None else math.fsum(fluid_bound(task, CLEANEST) for task in tasks)
    if least > limit * (1 + TOLERANCE):
        raise _too_little(limit, least, trace.requests)
    found = _within(at, terms.price, limit, gap, deadline, tell, trace.requests)
    if relative_gap(found.value, found.bound) > gap and not deadline.expired:
        found = _mended(found, tasks, terms.price, waiting, limit, gap, deadline)
        tell(found.value, found.bound)
    return found


def _within(
    at: Callable[[CarbonPrice, float], Clean],
    asked: CarbonPrice,
    limit: float,
    gap: float,
    deadline: Deadline,
    tell: Callable[[float, float], None],
    requests: float,
) -> Clean:
    """The best at a price whose carbon is within a limit, and its bound by prices above it."""
    room = limit * (1 + TOLERANCE)
    found = at(asked, 1.0)
    if found.grams <= room:
        return found
    bound, checked = found.bound, found.checked
    asked_g, allow = f"carbon_max_g = {limit / requests:.6g}", ", or allow more time"
    try:
        cleanest = at(CLEANEST, 1.0)
    except OutOfTime:
        most = f"{found.grams / requests:.6g} g a request"
        said = f"the cheapest schedule emits {most}, more than {asked_g}, and no cleaner one was found in time"
        raise OutOfTime(f"{said}; raise it to that{allow}") from None
    if cleanest.grams > room:
        if cleanest.bound > room:
            raise _too_little(limit, cleanest.bound, requests)
        most, low = (f"{own / requests:.6g} g a request" for own in (cleanest.grams, cleanest.bound))
        said = f"no schedule was found within {asked_g}: the cleanest so far emits {most}, and none below {low}"
        raise OutOfTime(f"{said}; raise it to {cleanest.grams / requests:.6g}{allow}")
    over, best, within = found, cleanest, cleanest
    for _ in range(PRICES):
        if relative_gap(best.worth(asked), bound) <= gap or deadline.expired:
            break
        # the price at which the two are alike: whatever is between them on the hull of the front is better there
        gram = asked.gram + (within.worth(asked) - over.worth(asked)) / (over.grams - within.grams)
        price = CarbonPrice(asked.usd, gram)
        tried = at(price, 0.5)
        bound = max(bound, tried.bound - (gram - asked.gram) * limit)
        checked = max(checked, tried.checked - (gram - asked.gram) * limit)
        on_line = within.worth(price)
        if tried.grams <= room:
            within = tried
            best = min(best, tried, key=lambda own: own.worth(asked))
        else:
            over = tried
        tell(best.worth(asked), bound)
        if tried.worth(price) >= on_line * (1 - gap / 2):
            break  # nothing lies between
    value = best.worth(asked)
    return replace(best, value=value, bound=min(bound, value), checked=min(checked, value))


def _too_little(limit: float, least: float, requests: float) -> OutOfReach:
    """A limit in grams over the trace that is below the least there can be."""
    found = f"{limit / requests:.6g} g a request ({limit:.6g} g over the trace)"
    cure = f"this deployment emits at least {least / requests:.6g} g a request: raise it"
    return OutOfReach([Problem("", "carbon_max_g", found, cure)])


def _mended(
    best: Clean,
    tasks: Sequence[PricedBlock],
    asked: CarbonPrice,
    waiting: MayWait | None,
    limit: float,
    gap: float,
    deadline: Deadline,
) -> Clean:
    """What prices leave open, by the model of all blocks with the limit in it."""
    from serflow_opt.traffic.schedule.dispatching import Dispatching

    own = [
        replace(task, rentals=block.task.rentals, worth=block.emitted.value(asked), how=[*block.task.how, "MILP"])
        for task, block in zip(tasks, best.blocks, strict=True)
    ]
    found = Dispatching(own, asked, waiting).solve(gap / 2, deadline, limit)
    if found is None:
        return best
    plans, served, bound, checked = found
    bound, checked = max(best.bound, bound), max(best.checked, checked)
    if plans:
        moved = [replace(task, rentals=task.rented(plan)) for task, plan in zip(own, plans, strict=True)]
        clean = _kept(moved, asked, served if waiting is not None else None, limit)
        if clean is not None and clean.worth(asked) < best.worth(asked):
            best = clean
    value = best.worth(asked)
    return replace(best, value=value, bound=min(bound, value), checked=min(checked, value))


def _kept(tasks: Sequence[PricedBlock], asked: CarbonPrice, served: Demand | None, limit: float) -> Clean | None:
    """Rentals with the cheapest way to serve within a limit: two prices of a gram, one a bit above the other, mixed."""

    def at(price: CarbonPrice) -> Clean:
        blocks = []
        for task in tasks:
            own = None if served is None else Demand(served.edges, served.rates * task.service.reach(task.b))
            blocks.append(CleanBlock(task, task.emitted(task.rentals, price, own)))
        return Clean(tuple(blocks), price, 0.0, 0.0, 0.0, served)

    now = at(asked)
    if now.grams <= limit:
        return now
    cleanest = at(CLEANEST)
    if cleanest.grams > limit * (1 + TOLERANCE):
        return None
    high = max(asked.gram, ROUNDING)
    while at(CarbonPrice(asked.usd, high)).grams > limit and high < 1 / ROUNDING:
        high *= 2
    low = asked.gram
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if at(CarbonPrice(asked.usd, middle)).grams > limit else (low, middle)
    under, over = at(CarbonPrice(asked.usd, high)), at(CarbonPrice(asked.usd, low))
    if under.grams > limit:
        return cleanest
    share = (over.grams - limit) / (over.grams - under.grams)
    return at(CarbonPrice(asked.usd, high, low, min(max(share, 0.0), 1.0)))


def _at_price(
    tasks: Sequence[PricedBlock], price: CarbonPrice, waiting: MayWait | None, gap: float, deadline: Deadline
) -> Clean:
    """The best schedule of all blocks at a price."""
    own = [replace(task, rentals=(), worth=math.inf, bound=0.0, checked=0.0, how=[]) for task in tasks]
    for task in own:
        task.bound = task.checked = 0.0 if waiting is not None else fluid_bound(task, price)
        by_levels(task, price, deadline)
    if waiting is not None:
        return _waiting(own, price, waiting, gap, deadline)
    for task in own:
        if relative_gap(task.worth, task.bound) > gap and len(task.machines) > 1:
            _mixed(task, price, gap, deadline)
        if not math.isfinite(task.worth):
            raise OutOfTime("no schedule was found in time")
    blocks = tuple(_valued(task, price) for task in own)
    value = math.fsum(block.emitted.value(price) for block in blocks)
    bound, checked = (math.fsum(getattr(task, name) for task in own) for name in ("bound", "checked"))
    return Clean(blocks, price, value, min(bound, value), min(checked, value))


def _mixed(task: PricedBlock, price: CarbonPrice, gap: float, deadline: Deadline) -> None:
    """Mix types, by the model."""
    from serflow_opt.traffic.schedule.dispatching import Dispatching  # loads Pyomo

    found = Dispatching([task], price, None).solve(gap / 2, deadline)
    task.how.append("MILP")
    if found is None:
        return
    plans, _, bound, checked = found
    if plans:
        task.offer(plans[0], price)
    task.bound = min(max(task.bound, bound), task.worth)
    task.checked = min(max(task.checked, checked), task.worth)


def _waiting(tasks: list[PricedBlock], price: CarbonPrice, waiting: MayWait, gap: float, deadline: Deadline) -> Clean:
    """All blocks together, where requests wait for all of them at once."""
    from serflow_opt.traffic.schedule.dispatching import Dispatching, waits_in_time

    for task in tasks:
        task.how.append("MILP")
    come = tasks[0].demand
    found = Dispatching(tasks, price, waiting).solve(gap / 2, deadline)
    now = tuple(_valued(task, price) for task in tasks)
    at_once = math.fsum(block.emitted.value(price) for block in now)
    bound, checked = (0.0, 0.0) if found is None else found[2:]
    best = Clean(now, price, at_once, min(bound, at_once), min(checked, at_once), come)
    if found is None or not found[0]:
        return best
    plans, served = found[0], found[1]
    if not waits_in_time(come, served, waiting, INTEGRAL):
        raise AssertionError("requests wait longer than they may")
    blocks = []
    for task, plan in zip(tasks, plans, strict=True):
        own = Demand(served.edges, served.rates * task.service.reach(task.b))
        moved = replace(task, rentals=task.rented(plan))
        blocks.append(CleanBlock(moved, task.emitted(moved.rentals, price, own)))
    value = math.fsum(block.emitted.value(price) for block in blocks)
    if value >= at_once:
        return best
    return Clean(tuple(blocks), price, value, min(bound, value), min(checked, value), served)


def _valued(task: PricedBlock, price: CarbonPrice) -> CleanBlock:
    """A block with the exact value of its rentals."""
    return CleanBlock(task, task.emitted(task.rentals, price))
