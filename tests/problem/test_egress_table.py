"""Keys of [[egress]]."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from serflow_opt.problem.egress_table import EgressTable, EgressTierTable


def test_keys_say_what_they_mean() -> None:
    """Each has a description, none that is unknown is taken, prices are not below 0."""
    for table in (EgressTable, EgressTierTable):
        assert all(field.description for field in table.model_fields.values())
    with pytest.raises(ValidationError):
        EgressTable.model_validate({"name": "out", "tier": []})
    with pytest.raises(ValidationError):
        EgressTierTable.model_validate({"usd_per_gb": -1.0})
