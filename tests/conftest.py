"""What holds for all tests: random ones are not judged by the clock, and what they print to is as wide as it needs."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("serflow-opt", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("serflow-opt")
os.environ.pop("COLUMNS", None)  # some runners say that they are screens


KERNELS = Path(__file__).parents[1] / "serflow_opt" / "kernels"
for compiled in [*KERNELS.glob("*.so"), *KERNELS.glob("*.pyd")]:
    source = KERNELS / f"{compiled.name.split('.')[0]}.py"
    if source.exists() and source.stat().st_mtime > compiled.stat().st_mtime:
        raise pytest.UsageError(f"{compiled.name} is older than its source: pip install --no-deps -e .")
