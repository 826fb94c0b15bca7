"""What tests of problems are given: a good instance, and the shipped catalogue."""

from __future__ import annotations

import pytest
from support.helpers import GOOD

import serflow_opt as so
from serflow_opt.problem.catalog import Catalog, load_catalog


@pytest.fixture
def instance() -> so.Instance:
    return so.load(GOOD)


@pytest.fixture
def catalog() -> Catalog:
    return load_catalog()
