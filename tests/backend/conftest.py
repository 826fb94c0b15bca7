"""What tests of the adapter are given: the best load of the knapsack, by trying all."""

from __future__ import annotations

import pytest
from support.models import best_load


@pytest.fixture(scope="module")
def best() -> tuple[int, set[int]]:
    return best_load()
