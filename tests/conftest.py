"""What holds for all tests: not judged by clock, calendar or chance, and what they print to is as wide as it needs.

The command is made once, not for each of two thousand runs: making it takes ten times as long as most of them.
"""

import functools
import os

import typer.testing
from hypothesis import HealthCheck, settings

FREELY = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("drawn-anew", **FREELY)  # other examples in each run: --hypothesis-profile drawn-anew
settings.register_profile("serflow-opt", derandomize=True, **FREELY)
settings.load_profile("serflow-opt")
os.environ.pop("COLUMNS", None)  # some runners say that they are screens
typer.testing._get_command = functools.cache(typer.testing._get_command)  # type: ignore[attr-defined]
os.environ["SOURCE_DATE_EPOCH"] = "1796000000"  # 30 November 2026: shipped prices grow old, tests do not
