"""Tables of clusters: what goes together."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from serflow_opt.families.cluster.document import ClusterServerTable, ModelTable


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({}, "give `cores`, `gpus`, or both"),
        ({"cores": 4, "layouts": [["1g"]]}, "goes with `gpus`"),
        ({"gpus": 1, "layouts": [["1g"], []]}, "one slice at least"),
        ({"gpus": 1, "layouts": [["1g"]], "sharing": "pooled"}, "slices lie on one card"),
    ],
)
def test_a_server_has_something_to_share_in_one_way(keys: dict[str, Any], said: str) -> None:
    """Servers of nothing, and slices that could lie on two cards, are refused."""
    with pytest.raises(ValidationError, match=said):
        ClusterServerTable.model_validate({"name": "box", **keys})


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({}, "either `profiles` or `operators`"),
        ({"profiles": "p.csv", "operators": "o.csv"}, "either `profiles` or `operators`"),
        ({"operators": "o.csv"}, "go together"),
    ],
)
def test_a_network_is_measured_whole_or_by_operators(keys: dict[str, Any], said: str) -> None:
    """Both would contradict each other, and operators are of no use without their order."""
    with pytest.raises(ValidationError, match=said):
        ModelTable.model_validate({"name": "net", "slo_ms": 100, "rate_per_s": 1, **keys})
