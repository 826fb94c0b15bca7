"""Tables of trainings: servers, topologies and what goes with them."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from serflow_opt.families.training.document import TopologyTable, TrainingServerTable


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({}, "give one of"),
        ({"vm": "c6i.large", "usd_per_hour": 1.0}, "give one of"),
        ({"usd_per_gb_s": 1e-5}, "`memory_gb` goes with"),
        ({"usd_per_hour": 1.0, "memory_gb": 2.0}, "`memory_gb` goes with"),
        ({"usd_per_gb_s": 1e-5, "memory_gb": 2.0, "workers": [2]}, "leave `workers` out"),
    ],
)
def test_a_server_has_one_price(keys: dict[str, Any], said: str) -> None:
    """Rent, a machine of the catalogue or use of a function: two of them would be paid twice."""
    with pytest.raises(ValidationError, match=said):
        TrainingServerTable.model_validate({"name": "s", "flops_per_s": 1e12, **keys})


@pytest.mark.parametrize(
    "keys",
    [
        {"kind": "ring"},
        {"kind": "star", "neighbours": 2},
        {"kind": "edge", "edges": 2, "cloud_every": 3, "lan_mbit_s": 10},
    ],
)
def test_a_topology_has_what_its_kind_needs_and_nothing_else(keys: dict[str, Any]) -> None:
    """A key of another kind would be ignored, one that is missing be guessed."""
    with pytest.raises(ValidationError, match="which needs it"):
        TopologyTable.model_validate({"name": "t", **keys})
