"""Fixtures: commands on traffic, run on small services."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.service import write_trace


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_trace(tmp_path_factory.mktemp("traffic") / "t.csv")
