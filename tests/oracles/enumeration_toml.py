"""Nested dictionaries as TOML."""

from __future__ import annotations

import json
from typing import Any


def toml(body: dict[str, Any], place: str = "") -> str:
    """A nested dictionary as TOML: plain keys first, then tables, then lists of tables."""
    plain = {k: v for k, v in body.items() if not isinstance(v, dict) and not tables(v)}
    text = "".join(f"{key} = {json.dumps(value)}\n" for key, value in plain.items())
    for key, value in body.items():
        at = f"{place}.{key}" if place else key
        if isinstance(value, dict):
            text += f"\n[{at}]\n{toml(value, at)}"
        elif tables(value):
            text += "".join(f"\n[[{at}]]\n{toml(entry, at)}" for entry in value)
    return text


def tables(value: Any) -> bool:
    """Whether a value is a list of tables."""
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)
