"""The catalogue as tables and documents: no figure without its source."""

from __future__ import annotations

from rich.console import Console
from support.helpers import has_line

import serflow_opt as so
from serflow_opt.report.catalog import as_documents, as_table


def test_documents_hold_every_row_and_write_dates_as_text() -> None:
    """Programs read all that is known, dates in ISO form."""
    catalog = so.load_catalog()
    found = as_documents(catalog)
    assert [row["name"] for row in found["vms"]] == [vm.name for vm in catalog.vms]
    assert all(row["as_of"] == vm.as_of.isoformat() for row, vm in zip(found["vms"], catalog.vms, strict=True))


def test_each_row_points_to_a_source_that_is_listed() -> None:
    """The number in the last column is that of a line below the tables."""
    catalog = so.load_catalog()
    console = Console(width=300)
    with console.capture() as capture:
        console.print(as_table(catalog))
    text = capture.get()
    every = list(dict.fromkeys([*(vm.source for vm in catalog.vms), *(row.source for row in catalog.functions)]))
    for number, source in enumerate(every, start=1):
        assert has_line(text, f"source {number}", source)
    vm = catalog.vm("c6i.large")
    assert any(
        line.split()[:1] == ["c6i.large"] and line.split()[-1] == str(every.index(vm.source) + 1)
        for line in text.splitlines()
    )
