"""What Prometheus is told: orders, machines, measurements and faults, read off the loop when it asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from serflow_opt.serving.loop import ControlLoop

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class LoopCollector(Collector):
    """Metrics of a loop; a registry of its own, so that several services of a process do not meet.

    Parameters
    ----------
    loop
        Read when asked.
    """

    def __init__(self, loop: ControlLoop) -> None:
        self._loop = loop
        self.refused: Counter[str] = Counter()
        self.scrape_failures = 0
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)

    def text(self) -> bytes:
        """Return all metrics as Prometheus reads them."""
        return generate_latest(self._registry)

    def collect(self) -> Iterator[Any]:
        """Yield all metrics of the loop."""
        yield from self._machines()
        yield from self._counted()
        loop = self._loop
        gauges = {
            "decision_age_seconds": ("Seconds since the last decision.", loop.age_s),
            "decision_seconds": ("Seconds that the last decision took.", loop.counts.decision_seconds),
            "stale": ("1: decisions were missed.", float(loop.stale)),
            "clock_offset_seconds": ("How far the wall clock is ahead of the service's own.", loop.clock.offset_s),
            "measurement_age_seconds": (
                "Seconds since requests were last told.",
                None if loop.measured_s is None else loop.clock.now_s() - loop.measured_s,
            ),
        }
        for name, (text, value) in gauges.items():
            if value is not None:
                yield GaugeMetricFamily(f"serflow_{name}", text, value=value)

    def _machines(self) -> Iterator[Any]:
        """Yield what was ordered at the last decision."""
        orders = self._loop.orders
        if orders is None:
            return
        texts = {"count": "Machines wanted.", "ready": "Machines that serve.", "starting": "Machines that start."}
        for key, text in texts.items():
            name = "wanted" if key == "count" else key
            family = GaugeMetricFamily(f"serflow_machines_{name}", text, labels=("block", "type"))
            for own in orders["blocks"]:
                for row in own["machines"]:
                    family.add_metric((str(own["block"]), row["type"]), row[key])
            yield family
        queue = GaugeMetricFamily("serflow_queue_max", "Requests that may wait for machines.", labels=("block",))
        for own in orders["blocks"]:
            if not isinstance(own["queue_max"], list | tuple):
                queue.add_metric((str(own["block"]),), own["queue_max"])
        yield queue
        warm = GaugeMetricFamily("serflow_keep_warm", "Environments of functions to keep warm.", labels=("block",))
        for own in orders["blocks"]:
            if own["function"] is not None:
                warm.add_metric((str(own["block"]),), own.get("keep_warm", {"count": 0})["count"])
        yield warm
        yield GaugeMetricFamily("serflow_degraded", "1: the second menu of thresholds.", value=orders["degraded"])

    def _counted(self) -> Iterator[Any]:
        """Yield what only grows."""
        counts = self._loop.counts
        requests = CounterMetricFamily("serflow_requests", "Requests told by measurements.", labels=("block",))
        for b, number in enumerate(counts.requests):
            requests.add_metric((str(b + 1),), number)
        yield requests
        refused = CounterMetricFamily("serflow_refused", "Requests to this service refused.", labels=("reason",))
        for reason, number in sorted(self.refused.items()):
            refused.add_metric((reason,), number)
        yield refused
        texts = {
            "measurements": "Measurements taken in.",
            "repeated": "Measurements that came again.",
            "late": "Seconds that came after they were decided upon.",
            "early": "Measurements refused because their stamps are ahead.",
            "decisions": "Decisions.",
            "clock_jumps": "Times that the wall clock was set.",
            "store_failures": "Commits that failed.",
        }
        for name, text in texts.items():
            yield CounterMetricFamily(f"serflow_{name}", text, value=getattr(counts, name))
        yield CounterMetricFamily("serflow_scrape_failures", "Failed queries.", value=self.scrape_failures)
