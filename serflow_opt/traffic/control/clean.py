"""The cleanest, or cheapest and clean enough, that a network can be served over a trace known in advance.

Which blocks, tiers, functions and thresholds there are is decided at the trace's rates by prices that are money and
carbon together; when machines run, and who serves, is decided hour by hour.
"""

from __future__ import annotations

from dataclasses import replace

from serflow_opt.errors import InputError, OutOfReach, Problem
from serflow_opt.ground.deadline import Deadline, OutOfTime
from serflow_opt.problem.carbon_priced import carbon_priced, without_carbon_asked
from serflow_opt.problem.instance import Instance
from serflow_opt.traffic.batches.even import AT_MEAN
from serflow_opt.traffic.control.named_policies import Services, Unfit, batched_for
from serflow_opt.traffic.demand.trace import Trace
from serflow_opt.traffic.schedule.clean import CLEANEST, CarbonTerms
from serflow_opt.traffic.schedule.emitted import CarbonPrice
from serflow_opt.traffic.schedule.result import Schedule
from serflow_opt.traffic.schedule.solve import schedule
from serflow_opt.traffic.service import Service

AT_PRICE = "blocks, tiers and thresholds of the deployment that is best at the trace's rates, carbon at its price"


def terms_of(instance: Instance, terms: CarbonTerms) -> CarbonTerms:
    """Return what is asked about carbon, with what the instance says where nothing else is asked.

    Parameters
    ----------
    instance
        Minimises cost or carbon, and may limit the carbon of a request.
    terms
        What is asked beside.

    Raises
    ------
    InputError
        Where the instance minimises something else.
    """
    if instance.minimize not in ("cost", "carbon"):
        cure = 'a schedule has the least money or carbon: minimize = "cost" or "carbon", or usd_per_tonne for both'
        raise InputError([Problem(instance.name, "objective.minimize", instance.minimize, cure)])
    least = "carbon" if instance.minimize == "carbon" and not terms.usd_per_tonne else terms.least
    return replace(terms, least=least, max_g=instance.carbon_max_g if terms.max_g is None else terms.max_g)


def clean_scale(
    instance: Instance,
    trace: Trace,
    terms: CarbonTerms,
    *,
    blocks: int,
    step_s: float,
    gap: float,
    deadline: Deadline,
) -> Schedule:
    """Return the best schedule on given terms about carbon.

    Parameters
    ----------
    instance, trace, terms
        What is served, and what is asked.
    blocks
        Most blocks of stages.
    step_s, gap, deadline
        As of `schedule`.

    Raises
    ------
    InputError
        Where nothing keeps the targets, or no schedule of what was found keeps the limit on carbon.
    OutOfTime
        Where nothing was found in time.
    """
    plain = without_carbon_asked(instance)
    counts = terms.least == "carbon" or terms.usd_per_tonne > 0 or terms.max_g is not None
    if counts and not instance.carbon_known:
        cure = "write [carbon] in the instance, and watts where the catalogue has none"
        raise InputError([Problem(instance.name, "carbon", "not counted", cure)])
    prices = [terms.price, *([CLEANEST] if terms.max_g is not None else [])]
    found: list[Schedule] = []
    refused: list[InputError] = []
    for price in prices:
        try:
            service = _service(instance, plain, trace, price, blocks, deadline)
            one = schedule(service, trace, step_s=step_s, gap=gap, time_limit=deadline, carbon=terms)
        except OutOfReach as error:
            refused.append(error)
            continue
        except OutOfTime as error:
            if found:
                break
            if refused:
                own = refused[-1].problems[0]
                what = f"at the cheapest blocks carbon_max_g is out of reach, {own.found}: {own.cure}"
                raise OutOfTime(f"{what}; cleaner ones were not found in time, allow more") from error
            raise
        words = AT_MEAN if instance.takes_batches else AT_PRICE if terms.asked else ""
        found.append(replace(one, alone="; ".join(filter(None, (one.alone, words)))))
        if one.asked is None or one.asked.price == terms.price:
            break  # the limit does not bind
    if not found:
        raise refused[-1]
    return min(found, key=lambda own: own.value)


def _service(
    instance: Instance, plain: Instance, trace: Trace, price: CarbonPrice, blocks: int, deadline: Deadline
) -> Service:
    """What is scheduled: the deployment that is best at a price."""
    if not instance.takes_batches:
        searched = carbon_priced(plain, price.usd, price.gram) if price.gram else None
        found = Services(plain, trace, blocks, deadline, searched=searched).service("any", blocks)
        if isinstance(found, Unfit):
            raise found.error("")
        return found
    if price.gram:
        cure = "leave batch out of the tiers, or count the carbon of what is cheapest"
        raise InputError([Problem(instance.name, "tier.batch", "batches, and carbon that is chosen by", cure)])
    return batched_for(plain, trace, blocks, deadline)
