"""Documents: strict JSON that gives the result back, to pydantic, too."""

from __future__ import annotations

from typing import Any

import pytest
from support.kept_results import strict

from serflow_opt.ground.display import Displayed

WHOLE = ("plan", "valued", "front", "explanation", "fleet", "policy")
"""Those whose document is all there is."""


@pytest.mark.parametrize("kind", WHOLE)
def test_documents_are_enough(kind: str, results: dict[str, Displayed]) -> None:
    """Results whose document holds all are rebuilt from it, equal."""
    found = results[kind]
    assert type(found).from_dict(strict(found.to_dict())) == found


@pytest.mark.parametrize("kind", ["plan", "valued", "front", "fleet"])
def test_pydantic_reads_documents_too(kind: str, results: dict[str, Displayed]) -> None:
    """Whoever uses pydantic reads the documents without our loader."""
    found: Any = results[kind]
    assert type(found).model_validate(found.to_dict()) == found
    assert type(found).model_validate(found.model_dump()) == found
