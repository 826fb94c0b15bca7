"""The carbon of a plan, from the definition: who is busy how long, what is on, where joules are taken."""

from __future__ import annotations

import math
from collections.abc import Sequence

from serflow_opt.plan.document import Machines
from serflow_opt.plan.walk import Step
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.offers import Option, Tier


def emitted(instance: Instance, steps: Sequence[Step], machines: Sequence[Machines]) -> float | None:
    """Return grams of CO2e per request; None where some option does not say what it emits.

    Parameters
    ----------
    instance
        The problem.
    steps
        The way of a request.
    machines
        Those rented whole (accounting reserved), which emit by being on.
    """
    used = [step.option for step in steps]
    if any(option.emissions is None for option in used):
        return None
    reserved = instance.accounting == "reserved"
    grams: list[float] = []
    if reserved:
        assert instance.rate_per_s is not None
        by_name = {(instance.tiers[own.tier].name, own.name): own for own in used}
        for rented in machines:
            emissions = by_name[rented.tier, rented.option].emissions
            assert emissions is not None
            grams.append(rented.count * emissions.on_g_per_s / instance.rate_per_s)

    def work(option: Option, seconds: float) -> None:
        """Count seconds of work per request; a machine paid by use is on for its share of them."""
        emissions = option.emissions
        assert emissions is not None
        on = 0.0 if reserved or instance.tiers[option.tier].kind == "function" else emissions.on_g_per_s
        grams.append((emissions.busy_g_per_s + on / option.workers) * seconds)

    def taken(tier: Tier, joules: float) -> None:
        grams.append(tier.g_per_joule * joules)

    for step in steps:
        option, tier = step.option, step.tier
        work(option, step.load * (step.compute_s + step.decode_s))
        taken(tier, step.load * option.joules_per_flop * step.flops)
        if step.begins and tier.kind == "function":
            assert option.emissions is not None
            grams.append(step.load * option.emissions.call_g)
            work(option, step.load * step.cold_s * step.cold_share)
        if step.link is None:
            continue
        taken(tier, step.load * option.joules_per_flop * step.coding * step.way.decode_flops)
        taken(tier, step.load * tier.joules_per_byte * step.back_bytes)
        if step.sender is not None and step.sender_tier is not None:
            waits = step.wait_s if step.sender_tier.pays_for_waiting else 0.0
            work(step.sender, step.load * (step.encode_s + waits))
            taken(step.sender_tier, step.load * step.sender.joules_per_flop * step.coding * step.way.encode_flops)
        if step.sender_tier is not None:
            taken(step.sender_tier, step.load * step.sender_tier.joules_per_byte * step.sent_bytes)
    return math.fsum(grams)
