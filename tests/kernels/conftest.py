"""Tests here compare compiled kernels with the numpy code they stand for."""

from pathlib import Path

import pytest

from serflow_opt import kernels

KERNELS = Path(__file__).parents[2] / "serflow_opt" / "kernels"
"""In a checkout."""


@pytest.fixture(autouse=True)
def _needs_kernels() -> None:
    if not kernels.compiled:
        pytest.skip("kernels are not compiled here")
    for compiled in [*KERNELS.glob("*.so"), *KERNELS.glob("*.pyd")]:
        source = KERNELS / f"{compiled.name.split('.')[0]}.py"
        if source.exists() and source.stat().st_mtime > compiled.stat().st_mtime:
            pytest.fail(f"{compiled.name} is older than its source: pip install --no-deps -e .")
