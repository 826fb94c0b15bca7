"""What holds for all tests: random ones are not judged by the clock, and what they print to is as wide as it needs."""

import os

from hypothesis import HealthCheck, settings

settings.register_profile("serflow-opt", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("serflow-opt")
os.environ.pop("COLUMNS", None)  # some runners say that they are screens
