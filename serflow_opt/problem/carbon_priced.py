"""An instance whose prices are money and carbon together, for what knows prices only."""

from __future__ import annotations

from dataclasses import replace

from serflow_opt.problem.instance import Instance
from serflow_opt.problem.offers import Option


def without_carbon_asked(instance: Instance) -> Instance:
    """Return the instance with money as its objective and no limit on carbon."""
    return replace(instance, minimize="cost", weights=(), then=(), carbon_max_g=None)


def carbon_priced(instance: Instance, usd: float, gram: float) -> Instance:
    """Return an instance whose prices are so much of a USD and so much of a gram of CO2e, by the mean of the grids.

    Machines are taken for busy as long as they are rented. Who decides by these prices decides roughly; what comes of
    it has to be valued by the instance itself.

    Parameters
    ----------
    instance
        All of whose options say what they emit.
    usd, gram
        Weights.
    """

    def priced(option: Option) -> Option:
        own, tier = option.emissions, instance.tiers[option.tier]
        assert own is not None
        operations = option.joules_per_flop * tier.g_per_joule * option.flops_per_s if option.joules_per_flop else 0.0
        grams = (own.busy_g_per_s if tier.kind == "function" else own.by_use_g_per_s(option.workers)) + operations
        return replace(
            option,
            usd_per_s=usd * option.usd_per_s + gram * grams,
            usd_per_request=usd * option.usd_per_request,
        )

    links = {ends: replace(link, usd_per_byte=usd * link.usd_per_byte) for ends, link in instance.links.items()}
    return replace(instance, options=tuple(priced(option) for option in instance.options), links=links)
