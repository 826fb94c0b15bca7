"""Answers about traffic: policies side by side, deployments, machines and requests over time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from serflow_opt.pages.chart import over_time
from serflow_opt.pages.markup import Markup, facts, join, section, table, tag, tiles
from serflow_opt.report.plan import usd

if TYPE_CHECKING:
    import pandas as pd

    from serflow_opt.traffic.bound_result import CostBound


COLUMNS = (
    ("policy", "policy", ""),
    ("blocks", "blocks", ""),
    ("USD", "usd", ".4g"),
    ("above the bound", "above_bound", ".1%"),
    ("machines", "usd_machines", ".4g"),
    ("functions", "usd_functions", ".4g"),
    ("p50 ms", "p50_ms", ".4g"),
    ("p95 ms", "p95_ms", ".4g"),
    ("p99 ms", "p99_ms", ",.4g"),
    ("late", "violations", ".2%"),
    ("dropped", "dropped", ".2%"),
    ("busy", "utilisation", ".0%"),
)
"""Titles of the table of policies, keys of their rows, and how figures are written."""


def comparison_sections(document: Mapping[str, Any]) -> Markup:
    """Return a bar a policy with the bound that none can beat, and the table of them.

    Parameters
    ----------
    document
        As `compare --json` prints it.
    """
    rows = [dict(row) for row in document["policies"]]
    bounds = {int(blocks): float(own["usd"]) for blocks, own in document["clairvoyant"].items()}
    most = max([*(float(row["usd"]) for row in rows), *bounds.values(), 0.0]) or 1.0
    bars = []
    for row in rows:
        machines, functions = float(row["usd_machines"]), float(row["usd_functions"])
        least = bounds.get(row["blocks"])
        at = None if least is None else 100 * least / most
        parts = [
            tag("rect", x=0, y=0, width=100 * machines / most, height=10, class_="c0"),
            tag("rect", x=100 * machines / most, y=0, width=100 * functions / most, height=10, class_="c1"),
            *(() if at is None else [tag("line", x1=at, x2=at, y1=0, y2=10, class_="least")]),
        ]
        picture = tag("svg", *parts, viewBox="0 0 100 10", preserveAspectRatio="none", class_="bar", aria_hidden="true")
        late = f"{float(row['violations']):.2%} late"
        bars.append(tag("li", tag("span", f"{row['policy']}: {usd(float(row['usd']))}, {late}"), picture))
    said = "machines blue, functions red; the line is what nobody can beat in as many blocks, even with foresight"
    cells = [[*(_shown(row.get(key), form) for _, key, form in COLUMNS)] for row in rows]
    titles = [title for title, _, _ in COLUMNS]
    scopes = [
        (
            f"with foresight, {blocks} block{'s' if blocks != '1' else ''}",
            f"no less than {usd(float(own['usd']))}; {own.get('scope', '')}",
        )
        for blocks, own in document["clairvoyant"].items()
    ]
    return join(
        [
            section("Who pays what", tag("p", said), tag("ul", *bars, class_="bars")),
            section("Policies", table(titles, cells, ("policy",), "Policies")),
            section("Bound", facts(scopes)),
        ]
    )


def bound_sections(bound: CostBound) -> Markup:
    """Return the least any autoscaler pays, and demand and machines over time."""
    edges = [*(n * bound.step_s for n in range(len(bound.machines))), bound.trace_s]
    able = [n * bound.pool.capacity_per_s for n in bound.machines]
    label = "requests a second, and what ready machines can serve"
    drawn = over_time(label, "requests/s", edges, [("what ready machines can serve", able)], bound.demand_per_s)
    figures = [
        ("no autoscaler pays less", usd(bound.usd)),
        ("reached by a schedule with foresight", usd(bound.reached_usd)),
        ("machines for the peak, all the time", usd(bound.static_usd)),
        ("paid", "" if bound.paid_usd is None else usd(bound.paid_usd)),
    ]
    return join([tiles(figures), section("Over time", drawn), section("Proof", tag("p", f"Proof of: {bound.scope}"))])


def schedule_series(document: Mapping[str, Any]) -> Markup:
    """Return machines rented over time, a picture a block, from the rentals of a schedule.

    Parameters
    ----------
    document
        As `scale --json` prints it.
    """
    parts = []
    for block in document["blocks"]:
        rentals = [(str(name), float(a), float(b)) for name, a, b in block["rentals"]]
        edges = sorted({0.0, *(at for _, a, b in rentals for at in (a, b))})
        if len(edges) < 2:
            continue
        areas = []
        for name in dict.fromkeys(name for name, _, _ in rentals):
            change = dict.fromkeys(edges, 0)
            for own, a, b in rentals:
                if own == name:
                    change[a] += 1
                    change[b] -= 1
            count, heights = 0, []
            for edge in edges[:-1]:
                count += change[edge]
                heights.append(float(count))
            areas.append((name, heights))
        title = f"block {int(block['block']) + 1}: machines rented"
        parts.append(tag("h3", title))
        parts.append(over_time(title, "machines", edges, areas, ()))
    return section("Machines over time", *parts)


def simulation_series(frame: pd.DataFrame, period_s: float) -> Markup:
    """Return requests and machines over time, block by block.

    Parameters
    ----------
    frame
        As `Simulation.to_frame` returns it.
    period_s
        Seconds of a row.
    """
    parts = []
    for block, rows in frame.groupby("block"):
        edges = [*map(float, rows["start_s"]), float(rows["start_s"].iloc[-1]) + period_s]
        by_machine = [float(x) / period_s for x in rows["machine_requests"]]
        by_function = [float(x) / period_s for x in rows["function_requests"]]
        served = [("on machines", by_machine), ("on the function", by_function)]
        ready = [float(x) for x in rows["machines_ready"]]
        billed = [float(x) for x in rows["machines_billed"]]
        title = f"block {int(str(block)) + 1}"
        parts += [
            tag("h3", f"{title}: requests a second"),
            over_time(f"{title}: requests a second", "requests/s", edges, served, ()),
            tag("h3", f"{title}: machines ready, and paid for (the line)"),
            over_time(f"{title}: machines", "machines", edges, [("ready", ready)], billed),
        ]
    return section("Traffic and pools over time", *parts)


def _shown(value: Any, form: str) -> str:
    """A figure as it reads; nothing where nothing is known."""
    if value is None or value != value:
        return ""
    return f"{float(value):{form}}" if form else str(value)
