"""Texts that fit where they are put: names, comments, quotes."""

from __future__ import annotations

import json
import re
from typing import Any

LONGEST_NAME = 40
"""Leaves room for the stages and what a cluster adds: names of services have 63 characters at most."""
NAME = r"^[a-z]([-a-z0-9]*[a-z0-9])?$"
"""RFC 1123 lets a name begin with a digit, RFC 1035 and thus Kubernetes Services do not."""
ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def slug(text: str) -> str:
    """Make a name of any text."""
    name = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    name = name if name[:1].isalpha() else f"plan-{name}"
    return name[:LONGEST_NAME].rstrip("-")


def one_line(text: str) -> str:
    """Make a text fit for a comment: no part of it may get out."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def quoted(text: str) -> str:
    """Put a text in quotes, with escapes that YAML and HCL share."""
    return '"' + "".join(ESCAPES.get(c) or (c if c.isprintable() else f"\\U{ord(c):08x}") for c in text) + '"'


def compact(value: Any) -> str:
    """Write JSON on one line."""
    return json.dumps(value, separators=(",", ":"))
