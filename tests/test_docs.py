"""The reference tables in the docs are those of the code."""

from __future__ import annotations

from pathlib import Path

from serflow_opt.formulations.notation import as_markdown
from serflow_opt.schema import keys_as_markdown

DOCS = Path(__file__).parent.parent / "docs"


def test_every_key_of_the_instance_file_is_documented() -> None:
    assert keys_as_markdown() in (DOCS / "instance-files.md").read_text(encoding="utf-8")


def test_the_notation_table_is_current() -> None:
    assert as_markdown() in (DOCS / "model.md").read_text(encoding="utf-8")
