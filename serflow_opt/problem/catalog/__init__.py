"""Prices: virtual machine types and cloud functions, each row with its source and its date.

>>> from serflow_opt.problem.catalog import load_catalog
>>> load_catalog().vm("c6i.large").usd_per_hour
0.085
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from importlib import resources
from pathlib import Path

from serflow_opt.errors import InputError, Problem, nearest
from serflow_opt.problem.catalog.read import read_prices
from serflow_opt.problem.catalog.rows import DEFAULT_REGION, FunctionPrice, VmType

__all__ = ["DEFAULT_REGION", "Catalog", "FunctionPrice", "VmType", "load_catalog"]

FIELDS = ("name", "provider", "family", "arch", "region", "gpu")
"""What `Catalog.filter` looks at; a function has neither family nor GPU."""


@dataclass(frozen=True, slots=True)
class Catalog:
    """VM types and function prices, looked up by name and region.

    Catalogues do not change: `with_rows` and `filter` return a new one.
    """

    vms: tuple[VmType, ...] = ()
    functions: tuple[FunctionPrice, ...] = ()

    def find_vm(self, name: str, region: str = DEFAULT_REGION) -> VmType | None:
        """Return the VM type of this name in this region, or None."""
        return next((vm for vm in self.vms if vm.key == (name, region)), None)

    def vm(self, name: str, region: str = DEFAULT_REGION) -> VmType:
        """Return the VM type of this name in this region; raise `InputError` with the closest names."""
        vm = self.find_vm(name, region)
        if vm is not None:
            return vm
        elsewhere = [vm.region for vm in self.vms if vm.name == name]
        if elsewhere:
            found, cure = f"'{name}' has no price in region '{region}'", f"priced in {', '.join(elsewhere)}"
        else:
            known = list(dict.fromkeys(vm.name for vm in self.vms))
            found, cure = f"unknown VM type '{name}'", nearest(name, known)
        raise InputError([Problem("catalogue", "", found, cure)])

    def function(self, region: str = DEFAULT_REGION, arch: str = "x86_64", provider: str = "aws") -> FunctionPrice:
        """Return what functions cost in a region on an architecture.

        Parameters
        ----------
        region
            As the provider calls it.
        arch
            `x86_64` or `arm64`.
        provider
            `aws`, or another one that a price file names.

        Raises
        ------
        InputError
            When there is no such price, with the closest names.
        """
        rows = self.functions
        for field, value in (("provider", provider), ("region", region), ("arch", arch)):
            left = tuple(row for row in rows if getattr(row, field) == value)
            if not left:
                known = list(dict.fromkeys(getattr(row, field) for row in rows))
                found = f"no function price for {field} '{value}'"
                raise InputError([Problem("catalogue", "", found, nearest(value, known))])
            rows = left
        return rows[0]

    def with_rows(self, *paths: str | os.PathLike[str]) -> Catalog:
        """Add the rows of CSV files, or put them in the place of rows with the same key.

        A file holds VM types (columns name, vcpus, memory_mb, usd_per_hour, as_of, and any other of the
        shipped `vms.csv`) or function prices (region, arch, usd_per_gb_s, usd_per_request, as_of, and any
        other of `functions.csv`); the header tells which. The key of a VM type is name and region, that of a
        function price is provider, region and arch. Later files override earlier ones.

        A cell left out takes the value of the row that is overridden, but `source` is then the name of the
        file. In a new row it is, for VM types: provider "custom", region "us-east-1", family = the name up to
        its first point, arch "x86_64", no GPU (one, where `gpu` names a model); for function prices: provider
        "aws", name "aws-lambda" ("<provider>-function" for others) and the limits of AWS Lambda.

        Raises
        ------
        InputError
            With everything that is wrong in any of the files.
        """
        vms = {vm.key: vm for vm in self.vms}
        functions = {function.key: function for function in self.functions}
        problems: list[Problem] = []
        for path in map(Path, paths):
            read_prices(path, vms, functions, problems)
        if problems:
            raise InputError(problems)
        return Catalog(tuple(vms.values()), tuple(functions.values()))

    def filter(self, include: Iterable[str] = (), exclude: Iterable[str] = ()) -> Catalog:
        """Keep the rows that match any pattern of `include` (all, when there is none) and none of `exclude`.

        A pattern holds the wildcards `*`, `?` and `[...]`, ignores case, and is held against name, provider,
        family, arch, region and GPU model; `field=pattern` looks at one of them only (`gpu=*`: any GPU). For
        rows that must match two patterns, filter twice. One pattern may be given as a plain string.
        """
        wanted, unwanted = _patterns(include), _patterns(exclude)

        def kept(row: VmType | FunctionPrice) -> bool:
            return (not wanted or _matches(row, wanted)) and not _matches(row, unwanted)

        return Catalog(tuple(filter(kept, self.vms)), tuple(filter(kept, self.functions)))


def _patterns(given: Iterable[str]) -> list[tuple[tuple[str, ...], str]]:
    """Split each pattern into the fields it looks at and what they must look like."""
    patterns: list[tuple[tuple[str, ...], str]] = []
    problems: list[Problem] = []
    for text in [given] if isinstance(given, str) else given:
        field, equals, rest = text.partition("=")
        if equals and field not in FIELDS:
            problems.append(Problem("", f"pattern '{text}'", f"unknown field '{field}'", nearest(field, FIELDS)))
        patterns.append(((field,), rest.lower()) if equals else (FIELDS, text.lower()))
    if problems:
        raise InputError(problems)
    return patterns


def _matches(row: VmType | FunctionPrice, patterns: Iterable[tuple[tuple[str, ...], str]]) -> bool:
    """Whether any pattern fits any of its fields; an empty field fits none."""
    return any(
        fnmatchcase(value.lower(), pattern)
        for fields, pattern in patterns
        for value in (getattr(row, field, "") for field in fields)
        if value
    )


@cache
def load_catalog() -> Catalog:
    """Return the catalogue that comes with the package; it is read on the first call."""
    here = resources.files(__name__)
    with resources.as_file(here / "vms.csv") as vms, resources.as_file(here / "functions.csv") as functions:
        return Catalog().with_rows(vms, functions)
