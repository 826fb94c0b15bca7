"""The command `versions`: what a report of a fault needs to say about the machine."""

from __future__ import annotations

import json
import platform
import re

from serflow_opt import kernels
from serflow_opt.cli.common import OK, Debug, Json, finish


def versions(as_json: Json = False, debug: Debug = False) -> None:
    """Versions of everything that takes part, for a report of a fault."""

    def work() -> int:
        found = installed()
        if as_json:
            print(json.dumps(found, indent=2))
        else:
            width = max(map(len, found))
            for name, version in found.items():
                print(f"{name:{width}}  {version or 'not installed'}")
        return OK

    finish(work, debug)


def installed() -> dict[str, str | None]:
    """Return the versions of this package, Python, the machine, and all packages it needs or can use, None if missing.

    And whether the kernels are compiled.
    Nothing is imported: a package that cannot be loaded is reported all the same.
    """
    from importlib import metadata

    own = "serflow-opt"
    found: dict[str, str | None] = {
        own: metadata.version(own),
        "python": f"{platform.python_version()} ({platform.python_implementation()})",
        "system": platform.platform(),
        "kernels": "compiled" if kernels.compiled else f"numpy, {kernels.SWITCH}=off" if kernels.built() else "numpy",
    }
    for requirement in metadata.requires(own) or ():
        name = re.split(r"[^\w.-]", requirement, maxsplit=1)[0]
        if re.search(r"extra\s*==\s*['\"](test|lint|docs|notebooks)['\"]", requirement):
            continue  # nothing that they bring takes part in an answer
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = None
    return found
