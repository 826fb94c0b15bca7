"""What a found figure makes of a claim."""

from __future__ import annotations

import pytest

from serflow_opt.claims.claim import Claim


@pytest.mark.parametrize(
    ("printed", "within", "missing", "found", "verdict"),
    [
        (1.5, 0.05, "", 1.55, "confirmed"),
        (1.5, 0.05, "", 1.56, "refuted"),
        (1.5, 0.05, "a size", 1.56, "not reproducible"),
        (1.5, 0.05, "a size", None, "not reproducible"),
        ("3-1", 0.0, "", "3-1", "confirmed"),
        ("3-1", 0.0, "", "4", "refuted"),
        (1.5, 0.05, "", "n/a", "refuted"),
    ],
)
def test_verdicts(printed: float | str, within: float, missing: str, found: float | str | None, verdict: str) -> None:
    """Half a digit is forgiven; being off refutes only what is published whole."""
    claim = Claim("key", "paper", "what", printed, None, within, missing=missing)
    assert claim.judged(found) == verdict
