"""Messages of KEDA's protocol, byte by byte."""

from __future__ import annotations

import pytest

from serflow_opt.serving.keda_messages import FIELDS, METHODS, messages


@pytest.mark.parametrize(
    ("name", "values", "wire"),
    [
        ("IsActiveResponse", {"result": True}, "08 01"),
        (
            "MetricSpec",
            {"metricName": "m", "targetSize": 1, "targetSizeFloat": 1.0},
            "0a 01 6d 10 01 19" + "00" * 6 + "f03f",
        ),
        ("MetricValue", {"metricName": "m", "metricValue": 300}, "0a 01 6d 10 ac 02"),
        (
            "ScaledObjectRef",
            {"name": "a", "namespace": "b", "scalerMetadata": {"k": "v"}},
            "0a0161 120162 1a06 0a016b 120176",
        ),
        ("GetMetricsRequest", {"scaledObjectRef": {"name": "a"}, "metricName": "m"}, "0a03 0a0161 12016d"),
        ("GetMetricsResponse", {"metricValues": [{"metricName": "m"}]}, "0a03 0a016d"),
        ("GetMetricSpecResponse", {"metricSpecs": [{"targetSize": 2}]}, "0a02 1002"),
    ],
)
def test_messages_on_the_wire(name: str, values: dict[str, object], wire: str) -> None:
    """Tags are 8 x number + type (0: whole numbers, 1: doubles, 2: lengths), written out by hand; and read back."""
    made = messages()[name](**values)
    assert made.SerializeToString() == bytes.fromhex(wire)
    assert messages()[name].FromString(bytes.fromhex(wire)) == made


def test_methods_have_their_messages() -> None:
    """Each asks and answers with a message that there is."""
    assert {name for asked, answered, _ in METHODS.values() for name in (asked, answered)} <= set(FIELDS)
