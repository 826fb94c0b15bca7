"""The command `versions`."""

from __future__ import annotations

from support.helpers import run

import serflow_opt


def test_versions_name_what_takes_part() -> None:
    """A report of a fault can name every library that takes part in an answer, and none that does not."""
    ran = run("versions")
    lines = dict(line.split(maxsplit=1) for line in ran.stdout.splitlines())
    assert lines["serflow-opt"] == serflow_opt.__version__
    assert {"python", "system", "highspy", "pyomo", "numpy", "scipy"} <= set(lines)
    assert "pytest" not in lines
