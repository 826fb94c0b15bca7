"""NumPyWren's counts, by hand."""

from __future__ import annotations

from serflow_opt.claims.linear_algebra import path


def test_longest_path() -> None:
    """Each of n - 1 steps passes a diagonal, a column and a trailing block, the last only its diagonal: 3 n - 2."""
    assert [path(n) for n in (1, 2, 6)] == [1, 4, 16]
