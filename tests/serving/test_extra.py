"""What is said where the extra is absent."""

from __future__ import annotations

import pytest

from serflow_opt.errors import InputError
from serflow_opt.serving import extra


def test_an_extra_that_is_absent_is_named_with_its_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    """All packages that are missing at once, those in packages that are not there, too."""
    monkeypatch.setattr(extra, "WANTED", {"json": "json", "no_such": "no-such", "no_such.inner": "inner"})
    with pytest.raises(InputError, match=r"no-such, inner not installed; pip install 'serflow-opt\[serve\]'"):
        extra.check_extra()


def test_an_extra_that_is_there_is_not_mentioned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is raised."""
    monkeypatch.setattr(extra, "WANTED", {"json": "json"})
    extra.check_extra()
