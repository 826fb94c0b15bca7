"""Orders as an external metric of Kubernetes: `external.metrics.k8s.io/v1beta1`, as its API server asks for it.

The metric `serflow-machines` has an item for each block and type, picked by the labels `block` and `type`. With a
target of `averageValue: "1"` an autoscaler comes to as many replicas as machines are wanted.
"""

from __future__ import annotations

import re
from typing import Any

from serflow_opt.errors import InputError, Problem

GROUP, VERSION = "external.metrics.k8s.io", "v1beta1"
METRIC = "serflow-machines"
_SET = re.compile(r"^(?P<key>[\w./-]+)\s+in\s+\((?P<values>[^()]*)\)$")
_EQUAL = re.compile(r"^(?P<key>[\w./-]+)\s*==?\s*(?P<values>[\w.-]*)$")


def resources() -> dict[str, Any]:
    """Return the list of resources, by which the API server knows what there is."""
    row = {"name": METRIC, "singularName": "", "namespaced": True, "kind": "ExternalMetricValueList", "verbs": ["get"]}
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": f"{GROUP}/{VERSION}", "resources": [row]}


def group() -> dict[str, Any]:
    """Return the group, for discovery."""
    version = {"groupVersion": f"{GROUP}/{VERSION}", "version": VERSION}
    return {"kind": "APIGroup", "apiVersion": "v1", "name": GROUP, "versions": [version], "preferredVersion": version}


def status(code: int, reason: str, message: str) -> dict[str, Any]:
    """Return a failure as Kubernetes has it.

    Parameters
    ----------
    code, reason, message
        Of HTTP, of Kubernetes, and for people.
    """
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": code,
    }


def values(orders: dict[str, Any], selector: str) -> dict[str, Any]:
    """Return the metric's items that a selector picks.

    Parameters
    ----------
    orders
        The document of the last orders.
    selector
        Of labels, as Kubernetes writes it: `block=1,type in (a,b)`; empty: all.

    Raises
    ------
    InputError
        For a selector that cannot be read.
    """
    picks = _picks(selector)
    items = []
    for own in orders["blocks"]:
        for row in own["machines"]:
            labels = {"block": str(own["block"]), "type": row["type"]}
            if all(labels.get(key) in wanted for key, wanted in picks):
                items.append(
                    {
                        "metricName": METRIC,
                        "metricLabels": labels,
                        "timestamp": orders["decided_at"][:19] + "Z",
                        "value": str(row["count"]),
                    }
                )
    return {
        "kind": "ExternalMetricValueList",
        "apiVersion": f"{GROUP}/{VERSION}",
        "metadata": {},
        "items": items,
    }


def _picks(selector: str) -> list[tuple[str, set[str]]]:
    """Read a selector: for each part its label, and the values that it may have."""
    picks = []
    for part in re.split(r",(?![^(]*\))", selector) if selector.strip() else []:
        match = _SET.match(part.strip()) or _EQUAL.match(part.strip())
        if match is None:
            cure = "write block=1,type=NAME, or type in (A,B)"
            raise InputError([Problem("", "labelSelector", repr(part)[:60], cure)])
        picks.append((match["key"], {value.strip() for value in match["values"].split(",")}))
    return picks
