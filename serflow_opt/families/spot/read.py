"""The pool of an instance, and all that is wrong with it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from serflow_opt.errors import InputError, Problem, nearest
from serflow_opt.families.spot.document import SpotOfferTable, SpotTables, SpotZoneTable
from serflow_opt.families.spot.lateness import late_shares
from serflow_opt.families.spot.problem import DAY_S, SpotOffer, SpotPool, SpotZone
from serflow_opt.families.tables import check_names
from serflow_opt.ground.tolerances import TOLERANCE
from serflow_opt.problem.catalog import Catalog, load_catalog
from serflow_opt.problem.tables import Column, read_table
from serflow_opt.traffic.provision.lateness import TAIL

MOST_WORKERS = 5000
SHARE = "share"
Joint = tuple[tuple[float, frozenset[int]], ...]
QUEUE = ("rate_per_s", "service_ms", "latency_slo_ms")


def read(document: SpotTables, path: Path, catalogs: Sequence[str | Path], problems: list[Problem]) -> SpotPool | None:
    """Return the problem of an instance; None where something is wrong with it.

    Parameters
    ----------
    document, path, catalogs, problems
        As `Standard.data` takes them.
    """
    file, before = str(path), len(problems)
    names = {"offer": [own.name for own in document.offer], "zone": [own.name for own in document.zone]}
    check_names(names, file, problems)
    joint, depend = _joint(document, names["zone"], path, problems)
    zones = [_zone(own, n, joint if n in depend else (), file, problems) for n, own in enumerate(document.zone)]
    catalog = load_catalog(*catalogs)
    offers = [_offer(own, names["zone"], catalog, file, problems) for own in document.offer]
    most = sum(own.machines_max * own.workers for own in document.offer)
    if most > MOST_WORKERS:
        cure = f"lower machines_max: at most {MOST_WORKERS:,} workers together"
        problems.append(Problem(file, "offer.machines_max", f"{most:,} workers", cure))
    _check_requests(document, file, problems)
    if len(problems) > before:
        return None
    known = tuple(own for own in offers if own is not None)
    given = (known, tuple(zones), joint, depend)
    if document.workers_min is not None:
        needed = document.workers_min
        return SpotPool(*given, tuple(float(c < needed) for c in range(most + 1)), needed)
    assert document.rate_per_s is not None
    assert document.service_ms is not None
    assert document.latency_slo_ms is not None
    rate, service, slo = document.rate_per_s, document.service_ms / 1000, document.latency_slo_ms / 1000
    exponential, measure = document.service == "exponential", document.latency_measure
    target = TAIL if measure == "worst" else round(1 - float(measure[1:]) / 100, 12)
    late = late_shares(rate, service, slo, exponential, most)
    enough = next((c for c, share in enumerate(late) if share <= target * (1 + TOLERANCE)), most + 1)
    queue = "M/M/c" if exponential else "M/D/c"
    return SpotPool(*given, late, enough, target, queue, rate, service, slo, exponential)


def _check_requests(document: SpotTables, file: str, problems: list[Problem]) -> None:
    """Either workers are given, or all that a queue takes."""
    given = [key for key in QUEUE if getattr(document, key) is not None]
    if document.workers_min is not None and given:
        cure = "give workers_min, or what the queue takes"
        problems.append(Problem(file, ", ".join(given), "beside workers_min", cure))
    elif document.workers_min is None and len(given) < len(QUEUE):
        missing = ", ".join(key for key in QUEUE if key not in given)
        cure = f"give {', '.join(QUEUE)}, or workers_min: how many workers are enough"
        problems.append(Problem(file, missing, "missing", cure))
    elif document.service == "fixed" and (document.latency_slo_ms or 0.0) < (document.service_ms or 0.0):
        found = f"{document.latency_slo_ms:g}, less than service_ms = {document.service_ms:g}"
        problems.append(Problem(file, "latency_slo_ms", found, "nobody is in time: raise it"))


def _joint(
    document: SpotTables, zones: Sequence[str], path: Path, problems: list[Problem]
) -> tuple[Joint, frozenset[int]]:
    """Return the states of zones that depend on each other, and these zones."""
    if not document.zone_states:
        return (), frozenset()
    source, before = path.parent / document.zone_states, len(problems)
    header: list[str] = []

    def columns(names: list[str]) -> list[Column]:
        header.extend(name for name in names if name != SHARE)
        return [Column(SHARE, low=0), *(Column(name, low=0, high=1) for name in header)]

    rows = read_table(source, columns, problems)
    for name in header:
        if name not in zones:
            cure = nearest(name, zones) if zones else "write a [[zone]] of that name"
            problems.append(Problem(str(source), f"column {name}", "no [[zone]]", cure))
    if len(problems) > before:
        return (), frozenset()
    shares = [row.number(SHARE) for row in rows]
    whole = math.fsum(shares)
    if not whole > 0:
        problems.append(Problem(str(source), f"column {SHARE}", "no state lasts any time", "give shares of the time"))
        return (), frozenset()
    at = {name: zones.index(name) for name in header}
    states = [frozenset(n for name, n in at.items() if row.number(name) > 0.5) for row in rows]
    return tuple(zip([own / whole for own in shares], states, strict=True)), frozenset(at.values())


def _zone(table: SpotZoneTable, at: int, joint: Joint, file: str, problems: list[Problem]) -> SpotZone:
    """Return a zone; `joint` are the states of those that it depends on, if it does."""
    place = f"zone '{table.name}'"
    up_s = DAY_S / table.outages_per_day if table.outages_per_day else math.inf
    if joint:
        there = math.fsum(share for share, up in joint if at in up)
        if table.outage_s:
            found = f"{table.outage_s:g}, beside zone_states, where it is there for {there:.4g} of the time"
            problems.append(Problem(file, f"{place}.outage_s", found, "leave it out"))
        return SpotZone(table.name, there, up_s)
    if bool(table.outages_per_day) != bool(table.outage_s):
        found = f"outages_per_day = {table.outages_per_day:g}, outage_s = {table.outage_s:g}"
        problems.append(Problem(file, place, found, "give both, or neither"))
    return SpotZone(table.name, 1.0 if math.isinf(up_s) else up_s / (up_s + table.outage_s), up_s)


def _offer(
    table: SpotOfferTable, zones: Sequence[str], catalog: Catalog, file: str, problems: list[Problem]
) -> SpotOffer | None:
    """Return an offer with its price; None: something is wrong with it."""
    place, before, spot = f"offer '{table.name}'", len(problems), table.term == "spot"

    def wrong(key: str, found: str, cure: str) -> None:
        problems.append(Problem(file, f"{place}.{key}", found, cure))

    usd = table.usd_per_hour
    if usd is None and not table.machine:
        wrong("usd_per_hour", "missing", "give it, or `machine`, a type of the catalogue")
    elif usd is None:
        try:
            usd = catalog.vm(table.machine, table.region, table.term).usd_per_hour
        except InputError as error:
            for own in error.problems:
                wrong("machine", own.found, own.cure)
    if table.zone and table.zone not in zones:
        wrong("zone", repr(table.zone), nearest(table.zone, list(zones)) if zones else "write a [[zone]] of that name")
    if table.interruptions_per_day is None and spot:
        wrong("interruptions_per_day", "missing", "say how often one is taken away, 0 for never: 4 is every 6 hours")
    rate = table.interruptions_per_day or 0.0
    if rate and table.replace_s is None:
        wrong("replace_s", "missing", "say how long it takes until the next one serves")
    replace = table.replace_s or 0.0
    if rate and table.start_s > replace:
        wrong("start_s", f"{table.start_s:g}, of replace_s = {replace:g}", "at most replace_s, which it is a part of")
    if len(problems) > before or usd is None:
        return None
    zone = zones.index(table.zone) if table.zone else None
    up_s = DAY_S / rate if rate else math.inf
    sizes = (zone, usd / 3600, table.workers, table.machines_max)
    return SpotOffer(table.name, table.term, *sizes, up_s, replace, table.start_s)
