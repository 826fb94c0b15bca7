"""Which stage a plan's money is spent on: the cost of the exact evaluation, split by stage."""

from __future__ import annotations

import math
from dataclasses import dataclass

from serflow_opt.plan.decision import Decision
from serflow_opt.plan.document import Plan, PlanDocument
from serflow_opt.plan.evaluator import evaluate
from serflow_opt.plan.names import decision_of
from serflow_opt.plan.transferred import egress_of
from serflow_opt.plan.walk import Step, walk
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.offers import Option
from serflow_opt.problem.tariffs import GB


@dataclass(frozen=True, slots=True)
class Spending:
    """What a request spends on a stage on average, USD.

    Attributes
    ----------
    computing
        The stage's own time, where it runs.
    arriving
        The hand-over to it: encoding and waiting of the machine that sends, transfer, decoding, invocation and cold
        start.
    """

    computing: float
    arriving: float


def spending(instance: Instance, plan: Plan | PlanDocument | Decision) -> list[Spending] | None:
    """Split the cost of a plan by stage; the parts sum to `cost_usd_per_request`.

    Rented machines (accounting = reserved) are charged to the stages that keep them busy, by their share of the busy
    time: idle machines cost those that need them.

    Parameters
    ----------
    instance
        The problem.
    plan
        A plan of it.

    Returns
    -------
    list of Spending
        One a stage; None where accounting is as-printed, whose formula has no parts by stage.

    Raises
    ------
    InputError
        When the plan does not fit the instance.
    """
    decision = decision_of(instance, plan)
    if instance.accounting == "as-printed":
        return None
    steps = walk(instance, decision)
    price = {p: instance.options[p].usd_per_s for p in decision.options}
    if instance.accounting == "reserved":
        price |= _rents(instance, decision, steps)
    at = {id(instance.options[p]): usd for p, usd in price.items()}
    return [_spent(step, at, _by_volume(instance, steps)) for step in steps]


def _by_volume(instance: Instance, steps: list[Step]) -> dict[str, float]:
    """Return what a byte costs on average under each tariff that is used."""
    return {bill.name: bill.usd_per_month / bill.gb_per_month / GB for bill in egress_of(instance, steps)}


def _spent(step: Step, price: dict[int, float], by_volume: dict[str, float]) -> Spending:
    """Split one step by seconds and the price of a second of each option, by id, and bytes and theirs."""
    usd = price[id(step.option)]
    arriving = [usd * step.decode_s * step.load]
    if step.link is not None:
        per_byte = step.link.usd_per_byte + by_volume.get(step.link.egress, 0.0)
        arriving.append(per_byte * (step.sent_bytes + step.back_bytes) * step.load)
        if step.sender is not None:
            arriving.append(price[id(step.sender)] * _sending(step))
    if step.tier.kind == "function" and step.begins:
        arriving.append(step.load * step.entering_usd)
    return Spending(usd * step.compute_s * step.load, math.fsum(arriving))


def _sending(step: Step) -> float:
    """Seconds a request keeps its sender busy before this step."""
    waits = step.sender_tier is not None and step.sender_tier.pays_for_waiting
    return step.load * (step.encode_s + (step.wait_s if waits else 0.0))


def _rents(instance: Instance, decision: Decision, steps: list[Step]) -> dict[int, float]:
    """Return the price of a busy second of each machine rented: rent of all there are / busy seconds."""
    assert instance.rate_per_s is not None
    busy: dict[int, list[float]] = {}
    for step in steps:
        busy.setdefault(id(step.option), []).append((step.decode_s + step.compute_s) * step.load)
        if step.link is not None and step.sender is not None:
            busy.setdefault(id(step.sender), []).append(_sending(step))
    rents = {}
    for machine in evaluate(instance, decision).machines:
        p = instance.option_named(machine.tier, machine.option)
        assert p is not None
        option: Option = instance.options[p]
        seconds = math.fsum(busy[id(option)])
        rents[p] = machine.usd_per_hour / 3600 / instance.rate_per_s / seconds if seconds else 0.0
    return rents
