"""Tables of jobs: machines of one's own."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from serflow_opt.families.job.document import MachinePlatformTable


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ({}, "give `options`, or"),
        ({"vcpus": 2}, "takes `vcpus`, `memory_mb` and `usd_per_hour`"),
        ({"options": ["c6i.large"], "memory_mb": 100}, "takes `vcpus`, `memory_mb` and `usd_per_hour`"),
    ],
)
def test_a_machine_of_ones_own_is_described_whole(keys: dict[str, Any], said: str) -> None:
    """Half a description would be priced at nothing or hold nothing."""
    with pytest.raises(ValidationError, match=said):
        MachinePlatformTable.model_validate({"kind": "vm", **keys})
