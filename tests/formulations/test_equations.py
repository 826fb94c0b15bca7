"""The index of equations that the documentation shows."""

from __future__ import annotations

import re

from serflow_opt.formulations.equations import NOT_USED, PRINTED, as_markdown, entries


def test_every_citation_leads_to_a_constraint_that_is_there() -> None:
    """Whoever follows an equation number finds the named constraint in the named file."""
    text, found = as_markdown(), entries()
    assert len(found) > 20
    for entry in found:
        if entry.cited or entry.is_constraint:
            assert f"`{entry.name}" in text
            assert f"`formulations/{entry.module}.py`" in text
    assert ("placement", "one_start") in {(entry.module, entry.name) for entry in found}


def test_every_printed_number_is_used_or_said_not_to_be() -> None:
    """No equation of the survey is left out in silence, and rows stand by number."""
    text = as_markdown()
    for section, last in PRINTED.items():
        part = text.split(f"## {section}\n")[1].split("\n## ")[0]
        numbers = [int(number) for number in re.findall(r"^\| [\d.]+ \((\d+)\)", part, re.MULTILINE)]
        assert numbers == sorted(numbers)
        unused = {number for number in range(1, last + 1) if f"{section} ({number})" in NOT_USED}
        assert {*numbers} | unused == {*range(1, last + 1)}
