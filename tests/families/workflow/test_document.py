"""Tables of workflows: keys that go with a phase's kind, and servers that are described whole."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from serflow_opt.families.workflow.document import OF_KIND, PhaseTable, ServerTable

KEYS: dict[str, Any] = {
    "bytes": 1e6,
    "out_bytes": 1e6,
    "vcpu_s": 10.0,
    "updates": "u.csv",
    "gradient_s": 0.1,
    "gradient_bytes": 1e4,
    "server": {"usd_per_hour": 0.1, "updates_per_s": 50},
    "rungs": "r.csv",
    "instance": "job.toml",
    "workers": [1],
    "memory_mb": [1769],
}


@pytest.mark.parametrize("kind", OF_KIND)
def test_each_kind_has_its_keys_and_no_others(kind: str) -> None:
    """All of its own together pass; each of another kind's is named."""
    own = {key: KEYS[key] for key in OF_KIND[kind]}
    assert PhaseTable.model_validate({"name": "p", "kind": kind, **own}).kind == kind
    for key in KEYS.keys() - own.keys():
        with pytest.raises(ValidationError, match=f"`{key}` does not go with kind = '{kind}'"):
            PhaseTable.model_validate({"name": "p", "kind": kind, **own, key: KEYS[key]})


def test_only_what_is_read_and_written_may_be_left_out() -> None:
    """A map without bytes moves nothing; without work it is none."""
    rest = {"name": "p", "kind": "map", "workers": [1], "memory_mb": [1769]}
    assert PhaseTable.model_validate({**rest, "vcpu_s": 1.0}).bytes is None
    with pytest.raises(ValidationError, match="`vcpu_s` is missing"):
        PhaseTable.model_validate(rest)


def test_a_server_has_a_price_and_takes_updates() -> None:
    """From the catalogue or of its own; one that takes none never ends."""
    with pytest.raises(ValidationError, match="usd_per_hour"):
        ServerTable.model_validate({"updates_per_s": 10})
    with pytest.raises(ValidationError, match="more than 0"):
        ServerTable.model_validate({"usd_per_hour": 0.1, "updates_per_s": 0})
    assert ServerTable.model_validate({"options": ["c6i.large"], "updates_per_s": 10}).count == [1]
