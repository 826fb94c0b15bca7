"""What Prometheus is told."""

from __future__ import annotations

from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families
from support.serving import HandClocks, counted, loop_on, two_blocks

from serflow_opt.serving.metrics import LoopCollector


def samples(text: bytes) -> dict[tuple[str, ...], float]:
    """By name and values of labels, what a Prometheus would read."""
    return {
        (own.name, *own.labels.values()): own.value
        for family in text_string_to_metric_families(text.decode())
        for own in family.samples
    }


def test_metrics_follow_the_loop(tmp_path: Path) -> None:
    """Requests that were told, machines wanted, ages in seconds, refusals by reason."""
    clocks, service = HandClocks(), two_blocks()
    loop = loop_on(tmp_path / "s.db", clocks, service)
    collector = LoopCollector(loop)
    before = samples(collector.text())
    assert ("serflow_decision_age_seconds",) not in before
    assert before["serflow_stale",] == 1
    loop.take([counted(service, *[40] * 60), counted(service, *[20] * 60, block=2)])
    clocks.passes(3)
    document = loop.decide()
    clocks.passes(7)
    collector.refused["key"] += 2
    found = samples(collector.text())
    assert found["serflow_requests_total", "1"] == 2400
    assert found["serflow_requests_total", "2"] == 1200
    assert found["serflow_decision_age_seconds",] == 7
    assert found["serflow_measurement_age_seconds",] == 10
    assert found["serflow_refused_total", "key"] == 2
    assert found["serflow_measurements_total",] == 2
    for own in document["blocks"]:
        assert found["serflow_queue_max", str(own["block"])] == own["queue_max"]
        for row in own["machines"]:
            assert found["serflow_machines_wanted", str(own["block"]), row["type"]] == row["count"]


def test_two_services_of_a_process_do_not_meet(tmp_path: Path) -> None:
    """Each has a registry of its own."""
    texts = [LoopCollector(loop_on(tmp_path / f"{k}.db", HandClocks())).text() for k in range(2)]
    assert len(samples(texts[0])) == len(samples(texts[1]))
