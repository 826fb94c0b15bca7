"""All claims together: told apart, explained, and chosen by patterns."""

from __future__ import annotations

import pytest

from serflow_opt.claims import serving
from serflow_opt.claims.reproduce import CLAIMS, reproduce
from serflow_opt.errors import InputError


def test_every_claim_has_a_name_a_source_and_a_way() -> None:
    """No two have one key; what cannot be computed says what is missing."""
    assert len({claim.key for claim in CLAIMS}) == len(CLAIMS)
    assert all(claim.source and claim.what for claim in CLAIMS)
    assert all(claim.find is not None or claim.missing for claim in CLAIMS)


def test_some_by_pattern() -> None:
    """Patterns choose; progress is told; a pattern that fits none names all keys."""
    told: list[str] = []
    found = reproduce(["numpywren-path-6", "numpywren-t*s"], told.append)
    assert [row.key for row in found.rows] == told == ["numpywren-tasks", "numpywren-path-6"]
    with pytest.raises(InputError, match="numpywren-tasks"):
        reproduce(["nobody*"])


def test_a_claim_that_was_stopped_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without time nothing of the cluster is proven: neither confirmed nor refuted, with why."""
    from serflow_opt.ground.deadline import Deadline
    from serflow_opt.search.outcome import SearchSettings

    monkeypatch.setattr(serving, "SearchSettings", lambda: SearchSettings(deadline=Deadline(0.0), grace_s=0.0))
    serving.one_server.cache_clear()
    found = reproduce(["infless-one-by-one"])
    assert (found.rows[0].verdict, found.rows[0].found) == ("not computed", None)
    assert found.rows[0].why.startswith("stopped before both")
    assert found.verdicts["not computed"] == 1
