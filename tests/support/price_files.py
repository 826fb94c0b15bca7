"""Price files of the user's own: their headers, and writing one."""

from __future__ import annotations

from pathlib import Path

VM_HEADER = "name,vcpus,memory_mb,usd_per_hour,as_of"
FUNCTION_HEADER = "region,arch,usd_per_gb_s,usd_per_request,as_of"


def write(folder: Path, *lines: str, name: str = "own.csv") -> Path:
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
