"""Results whose document is a digest: kept whole, to the last bit, beside it.

What `--json` prints of a deployment or a simulation is for people: sums, by the hour. `save` adds, under `exact`, all
the data that the result is made of, each with what it is, so that `load` gives back an equal result.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import math
from collections.abc import Mapping
from importlib import import_module
from typing import Any, Self

from serflow_opt.errors import InputError, Problem
from serflow_opt.ground.display import Displayed

HOMES = {
    "BlockChoice": "traffic.provision.structures:BlockChoice",
    "Block": "traffic.service:Block",
    "BlockSchedule": "traffic.schedule.result:BlockSchedule",
    "CarbonAnswer": "traffic.schedule.result:CarbonAnswer",
    "CarbonFlow": "traffic.carbon_flow:CarbonFlow",
    "CarbonPrice": "traffic.schedule.emitted:CarbonPrice",
    "Change": "plan.document:Change",
    "Choice": "plan.document:Choice",
    "ClashingSet": "plan.document:ClashingSet",
    "Comparison": "traffic.control.compare:Comparison",
    "Confirmation": "traffic.confirm.result:Confirmation",
    "Deployment": "traffic.provision.result:Deployment",
    "Demand": "traffic.schedule.levels:Demand",
    "Draws": "traffic.service:Draws",
    "Function": "traffic.service:Function",
    "GridHours": "problem.grid_hours:GridHours",
    "Machine": "traffic.service:Machine",
    "Less": "traffic.provision.confirmed:Less",
    "Part": "traffic.provision.result:Part",
    "Rates": "traffic.demand.rates:Rates",
    "Row": "traffic.control.compare:PolicyRow",
    "Schedule": "traffic.schedule.result:Schedule",
    "Service": "traffic.service:Service",
    "Simulated": "traffic.provision.confirmed:Simulated",
    "Simulation": "traffic.simulate.result:Simulation",
    "Target": "traffic.confirm.result:LatencyTarget",
    "Tally": "traffic.simulate.tally:Tally",
    "Trace": "traffic.demand.trace:Trace",
    "fleet.Rental": "traffic.simulate.machines:MachineRental",
    "schedule.Rental": "traffic.schedule.evaluate:Rental",
}
"""By what files call it, the class of everything that results are made of; nothing else is made of a file."""
DEEPEST = 40
"""Levels that data of a result can have."""


class Kept(Displayed):
    """A result that is more than its document."""

    __slots__ = ()

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Self:
        """Return what a document is of that `save` wrote.

        Raises
        ------
        InputError
            For a document of something else, and for the digest that `to_dict` returns.
        """
        data = document.get("exact") if isinstance(document, Mapping) else None
        if data is None:
            found = "missing: this is a digest, as `--json` prints it"
            raise InputError([Problem("", "exact", found, f"give what {cls.__name__}.save, or --out, wrote")])
        cure = f"give what {cls.__name__}.save wrote, as it was"
        if document.get("check") != _check(data):
            raise InputError([Problem("", "check", "does not fit: the data were changed after they were saved", cure)])
        try:
            made = decode(data)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError([Problem("", "exact", f"cannot be read: {error}", cure)]) from None
        if not isinstance(made, cls):
            raise InputError([Problem("", "exact", f"a {type(made).__name__}", f"give a {cls.__name__}")])
        return made

    def _whole(self) -> dict[str, Any]:
        data = encode(self)
        return self.to_dict() | {"exact": data, "check": _check(data)}


def _check(data: Any) -> str:
    """Return a digest of data, which tells whether they were changed."""
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()[:16]


def encode(value: Any) -> Any:
    """Return data as JSON has it; what JSON does not know, with a word for what it is."""
    import numpy as np
    from pydantic import BaseModel

    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, np.generic):
        return encode(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else {"is": "float", "value": str(value)}
    if isinstance(value, tuple | list):
        return [encode(entry) for entry in value]
    if isinstance(value, Mapping):
        return {"is": "map", "entries": [[encode(key), encode(entry)] for key, entry in value.items()]}
    if isinstance(value, np.ndarray):
        plain = np.ascontiguousarray(value).astype(value.dtype.newbyteorder("<"))
        return {"is": "array", "type": plain.dtype.str, "values": base64.b64encode(plain.tobytes()).decode()}
    if isinstance(value, BaseModel):
        return {"is": _name(type(value)), **value.model_dump(mode="json", by_alias=True)}
    if dataclasses.is_dataclass(value):
        fields = {field.name: encode(getattr(value, field.name)) for field in dataclasses.fields(value)}
    else:
        fields = {name: encode(entry) for name, entry in vars(value).items()}
    return {"is": _name(type(value)), **fields}


def decode(value: Any, depth: int = 0) -> Any:
    """Return the data that `encode` made JSON of; lists are tuples again.

    Raises
    ------
    ValueError, TypeError, KeyError, AttributeError
        For JSON that it did not make.
    """
    if depth > DEEPEST:
        raise ValueError("nested without end")
    if isinstance(value, list):
        return tuple(decode(entry, depth + 1) for entry in value)
    if not isinstance(value, dict):
        return value
    fields = dict(value)
    kind = fields.pop("is")
    if kind == "float":
        return float(fields["value"])
    if kind == "map":
        return {decode(key, depth + 1): decode(entry, depth + 1) for key, entry in fields["entries"]}
    if kind == "array":
        return _array(fields["type"], fields["values"])
    home, _, own = HOMES[kind].partition(":")
    made = getattr(import_module(f"serflow_opt.{home}"), own)
    if hasattr(made, "model_validate"):
        return made.model_validate(fields)
    parts = {name: decode(entry, depth + 1) for name, entry in fields.items()}
    if isinstance(made, type) and dataclasses.is_dataclass(made):
        return made(**parts)
    bare = object.__new__(made)
    bare.__dict__.update(parts)
    return bare


def _array(kind: str, values: str) -> Any:
    """Return an array of its own, which may be written to."""
    import numpy as np

    if not isinstance(kind, str) or kind[1:2] not in ("i", "f", "b"):
        raise ValueError(f"no array of {kind!r}")
    array = np.frombuffer(base64.b64decode(values, validate=True), np.dtype(kind)).copy()
    return array.astype(array.dtype.newbyteorder("="))


def _name(kind: type) -> str:
    """Return what files call a class."""
    own = f"{kind.__module__.removeprefix('serflow_opt.')}:{kind.__qualname__}"
    return next(name for name, home in HOMES.items() if home == own)
