"""What the search by mixes takes."""

from __future__ import annotations

import pytest
from support import tiny

import serflow_opt as so
from serflow_opt import kernels

pytestmark = pytest.mark.skipif(not kernels.compiled, reason="kernels are not compiled here")


def test_what_mixes_do_not_take_is_said() -> None:
    """Paid per request and in the worst case labels are there for."""
    with pytest.raises(so.InputError, match="'mixes' does not cover this instance"):
        so.solve(tiny.two_stages(), method="mixes")
