"""What holds for all tests: random ones are not judged by the clock, which tells of the machine."""

from hypothesis import HealthCheck, settings

settings.register_profile("serflow-opt", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("serflow-opt")
