"""Names and comments out of any text."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from serflow_opt.export.text import NAME, one_line, slug


@given(st.text())
def test_any_text_makes_a_name_and_a_comment(text: str) -> None:
    """Whatever an instance is called, names stay valid and comments on one line."""
    assert re.fullmatch(NAME, slug(text))
    assert len(slug(text)) <= 40
    assert one_line(text).isprintable()
