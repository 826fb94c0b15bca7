"""The command `reproduce`."""

from __future__ import annotations

from support.helpers import run


def test_some_claims() -> None:
    """A row a claim; a name that fits none is told with exit code 2."""
    assert "1 claims: 1 confirmed" in run("reproduce", "--only", "numpywren-tasks").stdout
    assert run("reproduce", "--only", "nobody").code == 2
