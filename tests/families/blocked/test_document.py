"""Tables of task graphs: prices and graphs that exclude each other."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from serflow_opt.families.blocked.document import BlockedOptionTable, BlockedTables

CORE = {"name": "core", "kind": "vm", "flops_per_s": 1e9, "usd_per_hour": 1.0}
BASE = {"schema": 1, "kind": "blocked", "name": "own", "workers": [1], "option": [CORE]}


@pytest.mark.parametrize("keys", [{"usd_per_hour": None}, {"vm": "c6i.large"}])
def test_an_option_has_one_price(keys: dict[str, Any]) -> None:
    """A price of its own and one of the catalogue would contradict each other; without either work is free."""
    with pytest.raises(ValidationError, match="either `usd_per_hour` or `vm`"):
        BlockedOptionTable.model_validate({key: value for key, value in {**CORE, **keys}.items() if value is not None})


def test_a_problem_has_one_graph() -> None:
    """A matrix or a graph of one's own, not both and not neither."""
    with pytest.raises(ValidationError, match=r"either \[matrix\] or \[graph\]"):
        BlockedTables.model_validate(BASE)
