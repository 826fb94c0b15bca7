"""A deployment: what each block rents, where its requests go, and what is promised."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from serflow_opt.pages.anything import anything
from serflow_opt.pages.markup import Markup, facts, join, section, table, tag, tiles
from serflow_opt.problem.tariffs import HOURS_PER_MONTH
from serflow_opt.report.plan import usd

TITLES = ("stages", "requests/s", "machines", "each takes", "busy", "function", "to function", "USD/h")


def deployment_sections(document: Mapping[str, Any]) -> Markup:
    """Return figures, blocks, thresholds and proof.

    Parameters
    ----------
    document
        As `provision --json` prints it.
    """
    status, metrics = str(document["status"]), document["metrics"] or {}
    badge = tag("p", tag("strong", status, class_="good" if status == "optimal" else "bad"))
    blocks = [[*_block(own)] for own in document["blocks"]]
    rest = {key: document[key] for key in ("simulated", "clashing_sets") if document.get(key)}
    leave = ", ".join(f"stage {own['stage']}: {own['threshold']:.4g}" for own in document["thresholds"])
    return join(
        [
            badge,
            tiles(_figures(document, metrics)),
            section("Blocks", table(TITLES, blocks, ("machines", "function"), "Blocks of stages") if blocks else None),
            section("Leaves at confidence", tag("p", leave) if leave else None),
            section("Simulated", anything(rest) if rest else None),
            section(
                "Proof",
                facts(
                    [
                        ("no deployment is below", f"{document['bound']:.6g} USD/h" if document.get("bound") else ""),
                        ("how", str(document["method"])),
                        ("proof of", str(document.get("scope") or "")),
                        ("reason", str(document.get("reason") or "")),
                    ]
                ),
            ),
        ]
    )


def _figures(document: Mapping[str, Any], metrics: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    hourly = metrics.get("usd_per_hour")
    if hourly is None:
        return
    yield "an hour", usd(hourly)
    yield "a month", usd(hourly * HOURS_PER_MONTH)
    yield "per million requests", usd(metrics["usd_per_million_requests"])
    yield "ms in the worst case", f"{metrics['latency_worst_ms']:.4g}"
    yield "ms on average", f"{metrics['latency_mean_ms']:.4g}"
    in_time = metrics.get("on_time_share")
    yield "in time", "" if in_time is None else f"{in_time:.3%}"
    accuracy = metrics.get("accuracy")
    yield "accuracy", "" if accuracy is None else f"{accuracy:.4f}"
    yield "requests a second", f"{document['demand']['mean_per_s']:.4g}"


def _block(own: Mapping[str, Any]) -> Iterator[str]:
    pools = own.get("pools") or [own]
    first, last = own["stages"]
    yield f"{first}-{last}"
    yield f"{own['requests_per_s']:.4g}"
    yield "; ".join(f"{pool['count']} x {pool['machine']}" for pool in pools if pool.get("machine")) or "-"
    rate = own.get("machine_requests_per_s")
    yield "" if rate is None else f"{rate:.4g}/s"
    yield "" if own.get("busy") is None else f"{own['busy']:.0%}"
    yield str(own.get("function") or "-")
    yield f"{own['function_requests_per_s']:.4g}/s" if own.get("function") else ""
    yield f"{sum(own['usd_per_hour'].values()):.4g}"
