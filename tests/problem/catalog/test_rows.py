"""Rows of the shipped catalogue."""

from __future__ import annotations

import csv
import dataclasses
import sys
from datetime import date
from pathlib import Path

from serflow_opt.problem.catalog import Catalog


def test_every_row_has_a_source_and_a_day(catalog: Catalog) -> None:
    """Each price says where it comes from and when it was read."""
    dated = [(vm.source, vm.as_of) for vm in catalog.vms]
    dated += [(row.source, row.as_of) for row in catalog.functions]
    for source, as_of in dated:
        assert source
        assert date(2026, 1, 1) <= as_of <= date(2026, 12, 31)


def test_shipped_rows_agree_with_themselves(catalog: Catalog) -> None:
    """No row stands twice, and name, architecture and GPUs of each go together."""
    assert len(catalog.vms) == len({vm.key for vm in catalog.vms}) == 75
    assert len(catalog.functions) == len({row.key for row in catalog.functions}) == 26
    for vm in catalog.vms:
        assert vm.name.startswith(f"{vm.family}.")
        assert vm.arch == ("arm64" if vm.family.endswith("g") else "x86_64")
        assert (vm.gpu_count > 0) == (vm.gpu_memory_mb > 0) == (vm.family in ("g4dn", "g5"))


def test_shipped_columns_are_the_fields(catalog: Catalog) -> None:
    """The files have a column for each field, in order, so that none is dropped in silence."""
    folder = Path(sys.modules[Catalog.__module__].__file__ or "").parent
    for name, row in (("vms.csv", catalog.vms[0]), ("functions.csv", catalog.functions[0])):
        with (folder / name).open(encoding="utf-8", newline="") as file:
            assert next(csv.reader(file)) == [field.name for field in dataclasses.fields(row)]
