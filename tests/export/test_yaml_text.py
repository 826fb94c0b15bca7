"""YAML that is read back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.exported import EXTRA

from serflow_opt.export.yaml_text import Said, to_yaml

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@given(
    st.recursive(TEXTS | st.integers() | st.booleans(), lambda v: st.dictionaries(TEXTS, v) | st.lists(v), max_leaves=9)
)
def test_yaml_is_read_back(value: Any) -> None:
    """Whatever value is written, a YAML reader gives it back."""
    yaml = pytest.importorskip("yaml", reason=EXTRA)
    assert yaml.safe_load(to_yaml({"a": Said(value, "why\n- not")})) == {"a": value}
