"""Which machines of the catalogue a tier offers, by name, by pattern or by what they are, and how fast each is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from serflow_opt.errors import InputError, Problem
from serflow_opt.problem.catalog import Catalog, VmType
from serflow_opt.problem.catalog.rows import PER_SECOND
from serflow_opt.problem.schema import OptionTable, TierTable

WILD = frozenset("*?[")
CURE = "see `serflow-opt catalog --region REGION --term TERM`"


def machines_of(tier: TierTable, catalog: Catalog, file: str, place: str, problems: list[Problem]) -> list[VmType]:
    """Return the types that a tier offers, in the order of the file and then of the catalogue.

    What patterns and `any` stand for is there once; a name that is written twice is there twice.

    Parameters
    ----------
    tier
        Of machines.
    catalog
        Prices.
    file, place
        The instance file and the tier in it, for messages.
    problems
        Takes names and patterns that stand for nothing.
    """
    found: list[VmType] = []

    def take(key: str, types: Sequence[VmType], pattern: str) -> None:
        where = f"in {tier.region}, {tier.term}"
        if not types:
            problems.append(Problem(file, f"{place}.{key}", f"{pattern} stands for no type {where}", CURE))
        known = {vm.name for vm in found}
        found.extend(vm for vm in types if vm.name not in known)

    for name in tier.options:
        if WILD.isdisjoint(name):
            try:
                found.append(catalog.vm(name, tier.region, tier.term))
            except InputError as error:
                problems += [Problem(file, f"{place}.options", p.found, p.cure) for p in error.problems]
        else:
            take("options", catalog.select(tier.region, tier.term, (name,)), f"'{name}'")
    if tier.any_ is not None:
        take("any", catalog.select(tier.region, tier.term, keep=tier.any_.fits), "what is said")
    return found


def known_enough(
    machines: Sequence[VmType], needed: Mapping[str, bool], file: str, place: str, problems: list[Problem]
) -> list[VmType]:
    """Return the types whose sizes are known, as far as they are needed.

    Parameters
    ----------
    machines
        What the tier offers.
    needed
        Of `vcpus`, which speeds follow from, and `memory_mb`, whether it matters here.
    file, place
        The instance file and the tier in it, for messages.
    problems
        Takes the others, which have to be written out.
    """
    words = {"vcpus": "vCPUs", "memory_mb": "memory"}
    stated = {"vcpus": "flops_per_s", "memory_mb": "memory_mb"}
    enough = []
    for vm in machines:
        sizes = {"vcpus": vm.vcpus, "memory_mb": vm.working_mb(not needed["vcpus"])}  # times, where speeds do not count
        lacking = [key for key in words if needed[key] and sizes[key] is None]
        if lacking:
            found = f"{' and '.join(words[key] for key in lacking)} of '{vm.name}' in {vm.region} unknown"
            keys = " and ".join(stated[key] for key in lacking)
            cure = f'write it as [[tier.option]] with name = "{vm.name}" and its {keys}'
            cure += ", or give stage_times" if lacking == ["vcpus"] else ""
            problems.append(Problem(file, f"{place}.options", found, cure))
        else:
            enough.append(vm)
    return enough


def rented_as(option: OptionTable, tier: TierTable, catalog: Catalog) -> VmType | None:
    """Return the type of the catalogue that an option written out goes by; of functions one paid by the second.

    Parameters
    ----------
    option
        In the file, with its own prices or without.
    tier
        That it stands in.
    catalog
        Prices.
    """
    known = catalog.find_vm(option.name, tier.region, tier.term)
    if known is None or tier.kind != "function":
        return known
    return known if known.billing == PER_SECOND and option.usd_per_gb_s is None else None


def speed_factors(
    tier: TierTable, machines: Sequence[VmType], file: str, place: str, problems: list[Problem]
) -> Mapping[str, float]:
    """Return how fast a vCPU of each type is beside `flops_per_s_per_vcpu`, by name of the type.

    An entry for the family goes before one for the architecture. Machines of two architectures are never taken to be
    equally fast: each needs an entry.

    Parameters
    ----------
    tier
        Of machines, without measured times.
    machines
        The types it offers.
    file, place
        The instance file and the tier in it, for messages.
    problems
        Takes architectures without an entry, and entries for what the tier does not have.
    """
    given = tier.speed_class
    known = {word for vm in machines for word in (vm.family, vm.arch)}
    for word in sorted(set(given) - known):
        cure = f"families and architectures of this tier: {', '.join(sorted(known))}"
        problems.append(Problem(file, f"{place}.speed_class", f"no machine of '{word}'", cure))
    if len({vm.arch for vm in machines}) > 1:
        for arch in sorted(set(_unrated(machines, given))):
            one = next(vm.name for vm in machines if vm.arch == arch)
            found = f"nothing for {arch} ({one}), and the tier has other architectures"
            cure = f"give speed_class = {{{arch} = ...}}: its speed beside flops_per_s_per_vcpu, measured or assumed"
            problems.append(Problem(file, f"{place}.speed_class", found, cure))
    return {vm.name: given.get(vm.family, given.get(vm.arch, 1.0)) for vm in machines}


def _unrated(machines: Sequence[VmType], given: Mapping[str, float]) -> Iterator[str]:
    for vm in machines:
        if vm.family not in given and vm.arch not in given:
            yield vm.arch
