"""The reference tables in the docs are those of the code."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest
import tiny

from serflow_opt.formulations import coefficients as data
from serflow_opt.formulations import sets
from serflow_opt.formulations.notation import NOTATION, as_markdown
from serflow_opt.plan import document as plan
from serflow_opt.problem import instance, schema
from serflow_opt.problem.schema import keys_as_markdown
from serflow_opt.traffic import carrying, service

DOCS = Path(__file__).parent.parent / "docs"


def test_every_key_of_the_instance_file_is_documented() -> None:
    assert keys_as_markdown() in (DOCS / "instance-files.md").read_text(encoding="utf-8")


def test_the_notation_table_is_current() -> None:
    assert as_markdown() in (DOCS / "model.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted({name for s in NOTATION for name in s.model.split(", ") if "." in name}))
def test_the_notation_names_what_there_is(name: str) -> None:
    owner, attribute = name.rsplit(".", 1)
    known = (data, sets, instance, plan, schema, service, carrying)
    home = next((getattr(module, owner) for module in known if hasattr(module, owner)), None)
    home = import_module(f"serflow_opt.{owner}") if home is None else home
    fields = {*getattr(home, "__annotations__", {}), *getattr(home, "model_fields", {})}
    if owner == "Sets":
        fields |= vars(sets.Sets(tiny.two_stages())).keys()
    assert hasattr(home, attribute) or attribute in fields
