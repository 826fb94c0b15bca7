"""Prices: virtual machine types, cloud functions and commitments, each row with its source and its date.

>>> from serflow_opt.problem.catalog import load_catalog
>>> load_catalog().vm("c6i.large").usd_per_hour
0.085
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache, cached_property
from importlib import resources
from pathlib import Path

from serflow_opt.errors import InputError, Problem, nearest
from serflow_opt.problem.catalog.read import Prices
from serflow_opt.problem.catalog.rows import (
    DEFAULT_REGION,
    NOT_HOURLY,
    ON_DEMAND,
    PER_HOUR,
    Commitment,
    FunctionPrice,
    VmType,
)

__all__ = ["DEFAULT_REGION", "ON_DEMAND", "Catalog", "Commitment", "FunctionPrice", "VmType", "load_catalog"]

FIELDS = ("name", "provider", "family", "arch", "region", "term", "gpu")
"""What `Catalog.filter` looks at; a function has neither family, term nor GPU."""

Keep = Callable[[VmType], bool]


@dataclass(frozen=True)
class Catalog:
    """VM types, function prices and commitments, looked up by name, region and term.

    Catalogues do not change: `with_rows` and `filter` return a new one.
    """

    vms: tuple[VmType, ...] = ()
    functions: tuple[FunctionPrice, ...] = ()
    commitments: tuple[Commitment, ...] = ()

    @cached_property
    def _by_term(self) -> dict[tuple[str, str], dict[str, VmType]]:
        """VM types by name and region, then by term."""
        found: dict[tuple[str, str], dict[str, VmType]] = {}
        for vm in self.vms:
            found.setdefault((vm.name, vm.region), {})[vm.term] = vm
        return found

    def find_vm(self, name: str, region: str = DEFAULT_REGION, term: str = ON_DEMAND) -> VmType | None:
        """Return the VM type of this name as rented in this region on this term, or None.

        Parameters
        ----------
        name, region
            As the provider calls them.
        term
            `on-demand`, `spot`, or a commitment: then the on-demand price less its discount, unless the catalogue has
            a row of its own. What is not rented by the hour has none.
        """
        found = self._by_term.get((name, region), {})
        if term in found or ON_DEMAND not in found or found[ON_DEMAND].billing != PER_HOUR:
            return found.get(term)
        provider = found[ON_DEMAND].provider
        commitment = next((one for one in self.commitments if one.key == (provider, term)), None)
        return None if commitment is None else commitment.of(found[ON_DEMAND])

    def vm(self, name: str, region: str = DEFAULT_REGION, term: str = ON_DEMAND) -> VmType:
        """Return the VM type of this name as rented by the hour in this region on this term.

        Parameters
        ----------
        name, region, term
            As of `find_vm`.

        Raises
        ------
        InputError
            When there is none, with the closest names, or when it is paid otherwise.
        """
        vm = self.find_vm(name, region, term)
        if vm is not None and vm.billing == PER_HOUR:
            return vm
        if vm is not None:
            why, cure = NOT_HOURLY[vm.billing]
            raise InputError([Problem("catalogue", "", f"'{name}' in {region} {why}", cure)])
        named = [vm for vm in self.vms if vm.name == name]
        regions = list(dict.fromkeys(vm.region for vm in named))
        if region in regions:
            terms = [one.term for one in named if one.region == region]
            terms += [one.term for one in self.commitments if one.provider == named[0].provider]
            found, cure = f"'{name}' has no price for term '{term}' in {region}", nearest(term, terms)
        elif named:
            found, cure = f"'{name}' has no price in region '{region}'", f"priced in {', '.join(regions)}"
        else:
            known = list(dict.fromkeys(vm.name for vm in self.vms))
            found, cure = f"unknown VM type '{name}'", nearest(name, known)
        raise InputError([Problem("catalogue", "", found, cure)])

    def select(
        self, region: str, term: str = ON_DEMAND, patterns: Iterable[str] = ("*",), keep: Keep = lambda vm: True
    ) -> tuple[VmType, ...]:
        """Return the VM types rented by the hour that match a pattern, in the order of the catalogue.

        Parameters
        ----------
        region, term
            As of `find_vm`.
        patterns
            What names look like, with the wildcards `*`, `?` and `[...]`.
        keep
            What else must hold of a type.
        """
        looks = list(patterns)
        names = dict.fromkeys(vm.name for vm in self.vms if vm.region == region)
        chosen = [name for name in names if any(fnmatchcase(name, look) for look in looks)]
        rented = (self.find_vm(name, region, term) for name in chosen)
        return tuple(vm for vm in rented if vm is not None and vm.billing == PER_HOUR and keep(vm))

    def function(
        self, region: str = DEFAULT_REGION, arch: str = "x86_64", provider: str | None = None
    ) -> FunctionPrice:
        """Return what functions cost in a region on an architecture.

        Parameters
        ----------
        region
            As the provider calls it.
        arch
            `x86_64` or `arm64`.
        provider
            `aws`, `azure`, `gcp`, or another one that a price file names; None: whose region it is.

        Raises
        ------
        InputError
            When there is no such price, with the closest names.
        """
        rows = self.functions
        given = {"provider": provider, "region": region, "arch": arch}
        for field, value in given.items():
            if value is None:
                continue
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
        shipped `gpus.csv`), function prices (region, arch, usd_per_gb_s, usd_per_request, as_of, and any
        other of `functions.csv`) or commitments (the columns of `terms.csv`); the header tells which. The key of
        a VM type is name, region and term, that of a function price is provider, region and arch, that of a
        commitment is provider and term. Later files override earlier ones.

        A cell left out takes the value of the row that is overridden, but `source` is then the name of the
        file. In a new row it is, for VM types: provider "custom", region "us-east-1", term "on-demand", family =
        the name up to its first point, arch "x86_64" where vcpus are known, no GPU (one, where `gpu` names a model);
        for function prices: provider "aws", name "aws-lambda" ("<provider>-function" for others) and the limits of
        AWS Lambda.

        Raises
        ------
        InputError
            With everything that is wrong in any of the files.
        """
        rows = Prices(
            {vm.key: vm for vm in self.vms},
            {function.key: function for function in self.functions},
            {commitment.key: commitment for commitment in self.commitments},
        )
        problems: list[Problem] = []
        for path in map(Path, paths):
            rows.read(path, problems)
        if problems:
            raise InputError(problems)
        return Catalog(tuple(rows.vms.values()), tuple(rows.functions.values()), tuple(rows.commitments.values()))

    def filter(self, include: Iterable[str] = (), exclude: Iterable[str] = ()) -> Catalog:
        """Keep the rows that match any pattern of `include` (all, when there is none) and none of `exclude`.

        A pattern holds the wildcards `*`, `?` and `[...]`, ignores case, and is held against name, provider,
        family, arch, region, term and GPU model; `field=pattern` looks at one of them only (`gpu=*`: any GPU). For
        rows that must match two patterns, filter twice. One pattern may be given as a plain string.
        """
        wanted, unwanted = _patterns(include), _patterns(exclude)

        def kept(row: VmType | FunctionPrice | Commitment) -> bool:
            return (not wanted or _matches(row, wanted)) and not _matches(row, unwanted)

        return Catalog(
            tuple(filter(kept, self.vms)), tuple(filter(kept, self.functions)), tuple(filter(kept, self.commitments))
        )

    @property
    def rows(self) -> tuple[VmType | FunctionPrice | Commitment, ...]:
        """All rows of the three tables."""
        return (*self.vms, *self.functions, *self.commitments)

    def on_term(self, term: str) -> Catalog:
        """Keep the VM types that are rented on this term, at its price; no functions.

        Raises
        ------
        InputError
            When no type is, with the closest terms.
        """
        known = list(dict.fromkeys([*(vm.term for vm in self.vms), *(one.term for one in self.commitments)]))
        rented = (self.find_vm(vm.name, vm.region, term) for vm in self.vms if vm.term in (ON_DEMAND, term))
        kept = dict.fromkeys(vm for vm in rented if vm is not None)
        if not kept:
            raise InputError([Problem("catalogue", "", f"nothing on term '{term}'", nearest(term, known))])
        return Catalog(tuple(kept), (), tuple(one for one in self.commitments if one.term == term))

    def cheaper_than(self, usd_per_hour: float) -> Catalog:
        """Keep the VM types of at most this rent, USD per hour; no functions."""
        return Catalog(tuple(vm for vm in self.vms if vm.usd_per_hour <= usd_per_hour))


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


def _matches(row: VmType | FunctionPrice | Commitment, patterns: Iterable[tuple[tuple[str, ...], str]]) -> bool:
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
    with resources.as_file(resources.files(__name__)) as here:
        return Catalog().with_rows(*(here / f"{name}.csv" for name in ("vms", "gpus", "functions", "terms")))
