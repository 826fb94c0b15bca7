"""Tests here compare compiled kernels with the numpy code they stand for."""

import pytest

from serflow_opt import kernels


@pytest.fixture(autouse=True)
def _needs_kernels() -> None:
    if not kernels.compiled:
        pytest.skip("kernels are not compiled here")
