"""The messages of KEDA's external scalers, built from names, numbers and types of their fields.

The protocol is public (`externalscaler.proto` of KEDA 2); field numbers are what counts on the wire. Building them here
leaves no generated file to keep in step.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

PACKAGE = "externalscaler"
SERVICE = f"{PACKAGE}.ExternalScaler"
FIELDS: dict[str, tuple[tuple[str, int, str], ...]] = {
    "ScaledObjectRef": (("name", 1, "string"), ("namespace", 2, "string"), ("scalerMetadata", 3, "map")),
    "IsActiveResponse": (("result", 1, "bool"),),
    "MetricSpec": (("metricName", 1, "string"), ("targetSize", 2, "int64"), ("targetSizeFloat", 3, "double")),
    "GetMetricSpecResponse": (("metricSpecs", 1, "repeated MetricSpec"),),
    "GetMetricsRequest": (("scaledObjectRef", 1, "ScaledObjectRef"), ("metricName", 2, "string")),
    "MetricValue": (("metricName", 1, "string"), ("metricValue", 2, "int64"), ("metricValueFloat", 3, "double")),
    "GetMetricsResponse": (("metricValues", 1, "repeated MetricValue"),),
}
"""By message, its fields: name, number, type."""
METHODS: dict[str, tuple[str, str, bool]] = {
    "IsActive": ("ScaledObjectRef", "IsActiveResponse", False),
    "StreamIsActive": ("ScaledObjectRef", "IsActiveResponse", True),
    "GetMetricSpec": ("ScaledObjectRef", "GetMetricSpecResponse", False),
    "GetMetrics": ("GetMetricsRequest", "GetMetricsResponse", False),
}
"""By method, what it is asked, what it answers, and whether it answers many times."""


@cache
def messages() -> dict[str, Any]:
    """Return the classes of all messages, by name."""
    file = descriptor_pb2.FileDescriptorProto(name="serflow_opt/externalscaler.proto", package=PACKAGE, syntax="proto3")
    for name, fields in FIELDS.items():
        message = file.message_type.add(name=name)
        for field, number, kind in fields:
            _add(message, field, number, kind)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{PACKAGE}.{name}")) for name in FIELDS}


def _add(message: Any, name: str, number: int, kind: str) -> None:
    """Add a field to a message."""
    own = descriptor_pb2.FieldDescriptorProto
    repeated = kind.startswith("repeated ") or kind == "map"
    field = message.field.add(name=name, number=number, label=own.LABEL_REPEATED if repeated else own.LABEL_OPTIONAL)
    kind = kind.removeprefix("repeated ")
    if kind == "map":  # on the wire a map is a list of its entries
        entry = message.nested_type.add(name=f"{name[0].upper()}{name[1:]}Entry")
        entry.options.map_entry = True
        _add(entry, "key", 1, "string")
        _add(entry, "value", 2, "string")
        field.type, field.type_name = own.TYPE_MESSAGE, f".{PACKAGE}.{message.name}.{entry.name}"
    elif kind in FIELDS:
        field.type, field.type_name = own.TYPE_MESSAGE, f".{PACKAGE}.{kind}"
    else:
        field.type = getattr(own, f"TYPE_{kind.upper()}")
