"""Tables, versions and files that the benchmarks share."""

from __future__ import annotations

import datetime
import os
import platform
import re
import sys
import tempfile
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

PACKAGES = ("serflow-opt", "pyomo", "highspy", "numpy", "moocore", "pyscipopt", "ortools", "pymoo", "pyaugmecon")


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def setting() -> str:
    """One line: date, versions, cores, load. Call it before the first measurement: load spoils timings."""
    parts = [datetime.datetime.now(datetime.UTC).date().isoformat(), f"Python {platform.python_version()}"]
    for package in PACKAGES:
        try:
            parts.append(f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            parts.append(f"{package} not installed")
    try:
        from pyscipopt import Model

        scip = Model()
        parts.append(f"SCIP {scip.getMajorVersion()}.{scip.getMinorVersion()}.{scip.getTechVersion()}")
    except ImportError:
        pass
    parts.append(f"{cores()} cores")
    if hasattr(os, "getloadavg"):
        parts.append(f"load {os.getloadavg()[0]:.1f} at the start")
    return ", ".join(parts) + "."


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def write(path: Path, section: str, text: str) -> None:
    """Write a result at once or not at all, between the lines `<!-- begin SECTION -->` and `<!-- end SECTION -->`.

    What stands around them is kept. A new file becomes the lines and the text; one that is there and has no such lines
    is left alone: the text then goes into a file of its own beside it, which is said.
    """
    begin, end = f"<!-- begin {section} -->\n", f"<!-- end {section} -->"
    own = f"{begin}\n{text.rstrip()}\n\n{end}"
    pattern = re.compile(re.escape(begin) + ".*?" + re.escape(end), re.DOTALL)
    if path.exists() and not pattern.search(path.read_text(encoding="utf-8")):
        beside = path.with_name(f"{path.stem}-{section.replace(' ', '-')}.md")
        print(f"{path} has no lines {begin.strip()} and {end}: written into {beside}", file=sys.stderr)
        path = beside
    old = path.read_text(encoding="utf-8") if path.exists() else ""
    whole = pattern.sub(lambda _: own, old, count=1) if pattern.search(old) else f"{own}\n"
    with tempfile.NamedTemporaryFile(
        "w", dir=path.resolve().parent, prefix=path.name, suffix=".part", delete=False, encoding="utf-8"
    ) as file:
        file.write(whole)
    part = Path(file.name)
    part.chmod(0o644)
    part.replace(path)
