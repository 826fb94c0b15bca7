"""The [[link]] tables of an instance file."""

from __future__ import annotations

from collections.abc import Mapping

from serflow_opt.errors import Problem, nearest
from serflow_opt.problem.kinds import CLIENT
from serflow_opt.problem.offers import Link
from serflow_opt.problem.schema import InstanceDocument, LinkTable


def read_links(document: InstanceDocument, file: str, problems: list[Problem]) -> dict[tuple[str, str], Link]:
    """Index the links and check that each goes down the list.

    Parameters
    ----------
    document
        The file.
    file
        What messages name.
    problems
        Takes every fault.
    """
    names = [tier.name for tier in document.tier]
    for position, name in enumerate(names):
        if names.index(name) != position or name == CLIENT:
            found = f"'{name}'" + (" twice" if name != CLIENT else " means the place requests come from")
            problems.append(Problem(file, f"tier[{position + 1}].name", found, "give each tier its own name"))
    links: dict[tuple[str, str], Link] = {}
    for position, link in enumerate(document.link, start=1):
        place = f"link[{position}]"
        faults = _faults(link, names, links)
        problems += [Problem(file, place, *fault) for fault in faults]
        if not faults:
            links[link.from_, link.to] = Link(
                link.bandwidth_mbit_s * 1e6 / 8,
                link.round_trip_ms / 1000,
                link.usd_per_gb / 1e9,
                link.trusted,
                link.egress or "",
            )
    return links


def _faults(link: LinkTable, names: list[str], links: Mapping[tuple[str, str], Link]) -> list[tuple[str, str]]:
    """What is wrong with the ends of a link, and what to do."""
    ends = dict.fromkeys(((link.from_, (CLIENT, *names)), (link.to, tuple(names))))
    unknown = [(f"no tier '{end}'", nearest(end, known)) for end, known in ends if end not in known]
    if unknown:
        return unknown
    if (link.from_, link.to) in links:
        return [(f"{link.from_} -> {link.to} twice", "keep one")]
    if link.from_ != CLIENT and names.index(link.from_) >= names.index(link.to):
        found = f"{link.from_} -> {link.to} does not go down the list of tiers"
        return [(found, "requests never move up or within")]
    return []
