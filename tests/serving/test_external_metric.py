"""Orders as Kubernetes asks for them."""

from __future__ import annotations

from typing import Any

import pytest

from serflow_opt.errors import InputError
from serflow_opt.serving.external_metric import group, resources, status, values

ORDERS: dict[str, Any] = {
    "decided_at": "2027-01-15T08:00:00.123Z",
    "blocks": [
        {"block": 1, "machines": [{"type": "c6i.large", "count": 3}, {"type": "c6i.xlarge", "count": 0}]},
        {"block": 2, "machines": [{"type": "c6i.large", "count": 5}]},
    ],
}


@pytest.mark.parametrize(
    ("selector", "counts"),
    [
        ("", ["3", "0", "5"]),
        ("block=1,type=c6i.large", ["3"]),
        ("block==2", ["5"]),
        ("type in (c6i.xlarge, m5)", ["0"]),
        ("type in (c6i.large,c6i.xlarge),block=1", ["3", "0"]),
        ("block=3", []),
        ("zone=a", []),
    ],
)
def test_a_selector_picks_items(selector: str, counts: list[str]) -> None:
    """By block and type; labels that no item has pick none."""
    assert [own["value"] for own in values(ORDERS, selector)["items"]] == counts


def test_an_item_has_what_the_api_asks_for() -> None:
    """Name, labels, a moment in whole seconds, a quantity as text."""
    found = values(ORDERS, "block=2")
    assert (found["kind"], found["apiVersion"]) == ("ExternalMetricValueList", "external.metrics.k8s.io/v1beta1")
    assert found["items"] == [
        {
            "metricName": "serflow-machines",
            "metricLabels": {"block": "2", "type": "c6i.large"},
            "timestamp": "2027-01-15T08:00:00Z",
            "value": "5",
        }
    ]


@pytest.mark.parametrize("selector", ["block!=1", "block", "!block", "type notin (a)", "block=1;type=2"])
def test_a_selector_that_cannot_be_read_is_refused(selector: str) -> None:
    """Rather than picking the wrong machines."""
    with pytest.raises(InputError, match="labelSelector"):
        values(ORDERS, selector)


def test_discovery() -> None:
    """Group, version, the resource, and a failure in the form that clients read."""
    assert group()["preferredVersion"]["groupVersion"] == resources()["groupVersion"]
    assert [own["name"] for own in resources()["resources"]] == ["serflow-machines"]
    assert status(404, "NotFound", "no")["code"] == 404
