"""Bytes priced by volume in an instance: whose links they cross, and what stands for them where prices are flat."""

from __future__ import annotations

from dataclasses import replace

from serflow_opt.errors import InputError, Problem
from serflow_opt.problem.instance import Instance
from serflow_opt.problem.tariffs import GB, EgressTariff, Pair, SentLimit


def links_of(instance: Instance, tariff: EgressTariff) -> frozenset[Pair]:
    """Return the links that share a tariff."""
    return frozenset(pair for pair, link in instance.links.items() if link.egress == tariff.name)


def without_tiers(instance: Instance, prices: dict[str, float], limits: tuple[SentLimit, ...] = ()) -> Instance:
    """Return an instance whose bytes cost the same however many there are.

    Parameters
    ----------
    instance
        The problem.
    prices
        USD per byte in the place of each tariff, by its name; added to what its links cost besides.
    limits
        On the bytes of a request, beside those there are.
    """
    links = {
        pair: replace(link, usd_per_byte=link.usd_per_byte + prices[link.egress], egress="") if link.egress else link
        for pair, link in instance.links.items()
    }
    return replace(instance, links=links, egress=(), sent_limits=(*instance.sent_limits, *limits))


def at_dearest(instance: Instance) -> Instance:
    """Return an instance with each tariff at the price of its dearest tier that others leave room in."""
    return without_tiers(instance, {tariff.name: _dearest(tariff) for tariff in instance.egress})


def said_of_dearest(instance: Instance) -> list[str]:
    """Say what `at_dearest` counts, a line a tariff."""
    return [
        f'egress "{tariff.name}" at {_dearest(tariff) * GB:g} USD per GB whatever the volume, its dearest tier'
        for tariff in instance.egress
    ]


def _dearest(tariff: EgressTariff) -> float:
    both = zip(tariff.until_bytes, tariff.usd_per_byte, strict=True)
    return max(usd for until, usd in both if until > tariff.other_bytes)


def refuse_tiers(instance: Instance, what: str) -> None:
    """Raise what has to be written where only a flat price is understood.

    Parameters
    ----------
    instance
        The problem.
    what
        Cannot count tiers, as a message says it.

    Raises
    ------
    InputError
        Where links share prices by volume.
    """
    problems = tiers_refused(instance, what)
    if problems:
        raise InputError(problems)


def tiers_refused(instance: Instance, what: str) -> list[Problem]:
    """Return a problem for each tariff that something cannot count, with what to write instead.

    Parameters
    ----------
    instance, what
        As of `refuse_tiers`.
    """
    found = []
    for tariff in instance.egress:
        links = ", ".join(f"{a} -> {b}" for a, b in sorted(links_of(instance, tariff)))
        prices = sorted({f"{usd * GB:g}" for usd in tariff.usd_per_byte if usd}, key=float, reverse=True)
        cure = f"give {links or 'its links'} usd_per_gb instead ({' or '.join(prices)}); solve and evaluate count tiers"
        found.append(Problem(instance.name, f'egress "{tariff.name}"', f"tiers of volume, with {what}", cure))
    return found
