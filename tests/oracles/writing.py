"""A writer of instance folders.

An instance is a *document*: the content of its ``instance.toml`` as a plain dict and, under ``tables``, the rows of
each CSV file by file name.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def write(document: Mapping[str, Any], folder: Path) -> Path:
    """Write instance.toml and its tables into `folder`; the path of instance.toml."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in document["tables"].items():
        with (folder / name).open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    path = folder / "instance.toml"
    path.write_text(toml({key: item for key, item in document.items() if key != "tables"}), encoding="utf-8")
    return path


def toml(table: Mapping[str, Any], name: str = "") -> str:
    """TOML of nested dicts, lists of dicts and plain values."""
    lines, later = [], []
    for key, item in table.items():
        full = f"{name}.{key}" if name else key
        if isinstance(item, Mapping):
            later.append(f"\n[{full}]\n{toml(item, full)}")
        elif isinstance(item, list) and item and isinstance(item[0], Mapping):
            later.extend(f"\n[[{full}]]\n{toml(entry, full)}" for entry in item)
        else:
            lines.append(f"{key} = {_literal(item)}\n")
    return "".join(lines + later)


def _literal(item: Any) -> str:
    if isinstance(item, bool):
        return "true" if item else "false"
    if isinstance(item, int | float):
        return repr(item)
    if isinstance(item, str):
        return json.dumps(item)
    if isinstance(item, list):
        return "[" + ", ".join(_literal(entry) for entry in item) + "]"
    raise TypeError(f"cannot write {item!r}")
