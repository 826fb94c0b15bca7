"""The [[link]] tables of an instance file."""

from __future__ import annotations

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
        fault = _fault(link, names, links)
        if fault:
            problems.append(Problem(file, place, *fault))
        else:
            links[link.from_, link.to] = Link(
                link.bandwidth_mbit_s * 1e6 / 8,
                link.round_trip_ms / 1000,
                link.usd_per_gb / 1e9,
                link.trusted,
                link.egress or "",
            )
    return links


def _fault(link: LinkTable, names: list[str], links: dict[tuple[str, str], Link]) -> tuple[str, str] | None:
    for end, known in ((link.from_, [CLIENT, *names]), (link.to, names)):
        if end not in known:
            return f"no tier '{end}'", nearest(end, known)
    if (link.from_, link.to) in links:
        return f"{link.from_} -> {link.to} twice", "keep one"
    if link.from_ != CLIENT and names.index(link.from_) >= names.index(link.to):
        return f"{link.from_} -> {link.to} does not go down the list of tiers", "requests never move up or within"
    return None
