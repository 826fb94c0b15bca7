"""The price catalogue: shipped figures, the user's own rows, and what is said of wrong files."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from support.price_files import FUNCTION_HEADER, VM_HEADER, write

from serflow_opt.errors import InputError
from serflow_opt.problem.catalog import Catalog, load_catalog

# --- what is shipped ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "vcpus", "gib", "usd_per_hour"),
    [  # AWS on-demand prices, Linux, us-east-1, as published
        ("c6i.large", 2, 4, 0.085),
        ("c6i.xlarge", 4, 8, 0.17),
        ("c6i.32xlarge", 128, 256, 5.44),
        ("c6g.large", 2, 4, 0.068),
        ("c7g.xlarge", 4, 8, 0.145),
        ("c7i.large", 2, 4, 0.08925),
        ("m6i.large", 2, 8, 0.096),
        ("m7i.large", 2, 8, 0.1008),
        ("t3.micro", 2, 1, 0.0104),
        ("t3.nano", 2, 0.5, 0.0052),
        ("g4dn.xlarge", 4, 16, 0.526),
        ("g5.xlarge", 4, 16, 1.006),
        ("inf2.xlarge", 4, 16, 0.7582),
    ],
)
def test_vm_prices_and_sizes(catalog: Catalog, name: str, vcpus: int, gib: float, usd_per_hour: float) -> None:
    """Shipped machines have the sizes and prices their provider publishes."""
    vm = catalog.vm(name)
    assert (vm.vcpus, vm.memory_mb) == (vcpus, gib * 1024)
    assert vm.usd_per_hour == pytest.approx(usd_per_hour, rel=1e-12)


def test_function_prices_and_limits(catalog: Catalog) -> None:
    """Shipped functions have the published prices, sizes, payload and run time."""
    x86, arm = catalog.function(), catalog.function("eu-west-1", "arm64")
    assert (x86.usd_per_gb_s, arm.usd_per_gb_s) == (0.0000166667, 0.0000133334)
    assert all(row.usd_per_request == 2e-7 for row in catalog.functions if row.provider in ("aws", "azure"))
    assert (x86.memory_min_mb, x86.memory_max_mb, x86.memory_step_mb, x86.mb_per_vcpu) == (
        128,
        10240,
        1,
        1769,
    )
    assert (x86.payload_max_bytes, x86.duration_max_s) == (6_291_456, 900)
    assert (x86.package_max_bytes, x86.image_max_bytes) == (262_144_000, 10_737_418_240)
    assert {row.arch for row in catalog.functions if row.region == "us-east-1"} == {"x86_64", "arm64"}


def test_survey_example_of_a_small_vm_with_a_function(catalog: Catalog) -> None:
    """c6i.large and an 8,845 MB function against c6i.xlarge alone: equal cost at 0.164 busy functions."""
    small, big = catalog.vm("c6i.large").usd_per_hour, catalog.vm("c6i.xlarge").usd_per_hour
    function = catalog.function().usd_per_gb_s * 8845 / 1024 * 3600
    assert (big - small) / function == pytest.approx(0.1640, abs=5e-5)


@pytest.mark.parametrize(
    ("name", "usd_per_hour"),
    [  # AWS publishes these; price lists that took them for dedicated tenancy say 2.307 and 6.239
        ("g4dn.8xlarge", 2.176),
        ("g5.12xlarge", 5.672),
    ],
)
def test_prices_of_dedicated_machines_are_not_taken(catalog: Catalog, name: str, usd_per_hour: float) -> None:
    """The same list has on-demand and dearer dedicated rows under one name; no region may have the latter."""
    assert catalog.vm(name).usd_per_hour == usd_per_hour
    for region in {vm.region for vm in catalog.vms if vm.provider == "aws"}:
        types = {vm.name: vm.usd_per_hour for vm in catalog.select(region, patterns=["*"]) if vm.family == name[:4]}
        ratios = [usd / catalog.vm(name).usd_per_hour for name, usd in types.items()]
        assert not ratios or max(ratios) <= min(ratios) * 1.02


def test_families_are_there(catalog: Catalog) -> None:
    """The families that plans of the documentation name, and other clouds' own."""
    families = {(vm.provider, vm.family) for vm in catalog.vms}
    aws = {"c6i", "c7i", "c6g", "c7g", "m6i", "m7i", "t3", "g4dn", "g5", "inf2"}
    assert families >= {("aws", family) for family in aws}
    assert families >= {("azure", "Ds_v5"), ("azure", "Fs_v2"), ("gcp", "e2"), ("gcp", "a2"), ("oci", "VM.GPU.A10")}


@pytest.mark.parametrize("family", ["c6i", "c7i", "c6g", "c7g", "m6i", "m7i", "t3"])
def test_price_grows_with_memory_within_a_family(catalog: Catalog, family: str) -> None:
    """Within a family of AWS a size costs what its memory says, in every region."""
    for region in {vm.region for vm in catalog.filter(f"family={family}").vms}:
        rows = catalog.filter(f"family={family}").filter(f"region={region}").filter("term=on-demand").vms
        per_mb = [vm.usd_per_hour / vm.memory_mb for vm in rows]
        assert per_mb == pytest.approx([per_mb[0]] * len(per_mb), rel=0.02)


def test_catalogue_is_read_once_and_rows_are_frozen(catalog: Catalog) -> None:
    """Everybody shares one catalogue, which nobody can change by accident."""
    assert load_catalog() is catalog
    with pytest.raises(dataclasses.FrozenInstanceError):
        catalog.vms[0].usd_per_hour = 0.0  # type: ignore[misc]


def test_reading_prices_needs_only_the_standard_library() -> None:
    """The catalogue's own modules import neither numpy nor pandas (the package around them may)."""
    folder = Path(sys.modules[Catalog.__module__].__file__ or "").parents[2]
    code = (
        "import sys, types; package = types.ModuleType('serflow_opt'); package.__path__ = [sys.argv[1]]\n"
        "sys.modules['serflow_opt'] = package\n"
        "from serflow_opt.problem.catalog import load_catalog\n"
        "assert load_catalog().vms and not {'numpy', 'pandas'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(folder)], check=True)


# --- looking up --------------------------------------------------------------------------------------------


def test_unknown_vm_names_the_closest(catalog: Catalog) -> None:
    """A misspelt machine is refused with its nearest name."""
    with pytest.raises(InputError, match=r"unknown VM type 'c6i.lage'; did you mean c6i\.large"):
        catalog.vm("c6i.lage")
    assert catalog.find_vm("c6i.lage") is None


def test_vm_of_another_region_says_where_it_is_priced(catalog: Catalog) -> None:
    """A machine without a price in a region says where it has one."""
    with pytest.raises(InputError, match=r"no price in region 'eu-west-1'; priced in us-east-1"):
        catalog.vm("c6i.large", "eu-west-1")


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (("us-est-1",), "region 'us-est-1'; did you mean .*us-east-1"),
        (("us-east-1", "arm"), "arch 'arm'; did you mean arm64"),
        (("us-east-1", "x86_64", "azure"), "region 'us-east-1'; known: eastus, westeurope, southeastasia"),
    ],
)
def test_unknown_function_price(catalog: Catalog, wanted: tuple[str, ...], message: str) -> None:
    """Wrong region, architecture or provider of a function are each named with what there is."""
    with pytest.raises(InputError, match=message):
        catalog.function(*wanted)


@pytest.mark.parametrize(
    ("include", "exclude", "names"),
    [
        ("t3.[ns]*", (), {"t3.nano", "t3.small"}),
        (["T3.NANO", "c6g.m*"], (), {"t3.nano", "c6g.medium"}),
        ("family=c6g", ["*xlarge"], {"c6g.medium", "c6g.large"}),
        (
            "gpu=t4",
            ["*.1?xlarge", "g4dn.[248m]*", "Standard*", "region=us-central1"],
            {"g4dn.xlarge", "t4", "nvidia-tesla-t4"},
        ),
        ("inf2.*", "gpu=*", {"inf2.xlarge", "inf2.8xlarge", "inf2.24xlarge", "inf2.48xlarge"}),
        ("nothing*", (), set()),
    ],
)
def test_filter(catalog: Catalog, include: str | list[str], exclude: str | list[str], names: set[str]) -> None:
    """Patterns and fields pick the machines meant, whatever their case."""
    assert {vm.name for vm in catalog.filter(include, exclude).vms} == names


def test_filter_looks_at_functions_too(catalog: Catalog) -> None:
    """One pattern leaves the functions of a region and drops machines that have none there."""
    left = catalog.filter("region=eu-*").filter("arch=arm64").filter(["aws-lambda", "t4g.nano"])
    assert {vm.name for vm in left.vms} <= {"t4g.nano"}
    assert {row.region for row in left.functions} == {"eu-west-1", "eu-west-2", "eu-central-1"}
    assert {row.arch for row in left.functions} == {"arm64"}
    assert catalog.filter() == catalog
    assert catalog.filter("gpu=*").functions == ()
    assert {row.term for row in catalog.filter("3yr_all*").commitments} == {"3yr_all_upfront"}


def test_filter_by_an_unknown_field(catalog: Catalog) -> None:
    """A misspelt field is refused instead of matching nothing."""
    with pytest.raises(InputError, match="unknown field 'famly'; did you mean family"):
        catalog.filter("famly=c6i")


# --- the user's own rows -----------------------------------------------------------------------------------


def test_new_vm_takes_the_stated_defaults(catalog: Catalog, tmp_path: Path) -> None:
    """A row of the user's own needs five cells, and the shipped catalogue stays as it is."""
    path = write(tmp_path, VM_HEADER, "box.big,2.5,4096,0.05,2026-11-01", "plain,1,512,0,2026-11-01")
    vm = catalog.with_rows(path).vm("box.big")
    assert (vm.provider, vm.region, vm.family, vm.arch) == ("custom", "us-east-1", "box", "x86_64")
    assert (vm.gpu, vm.gpu_count, vm.gpu_memory_mb) == ("", 0, 0)
    assert (vm.vcpus, vm.memory_mb, vm.usd_per_hour) == (2.5, 4096, 0.05)
    assert (vm.source, vm.as_of) == ("own.csv", date(2026, 11, 1))
    assert catalog.with_rows(path).vm("plain").family == "plain"
    assert catalog.find_vm("box.big") is None, "the shipped catalogue must stay as it is"


def test_override_keeps_what_it_does_not_state(catalog: Catalog, tmp_path: Path) -> None:
    """A row with a contract price keeps the GPU and architecture of the shipped one."""
    path = write(
        tmp_path,
        f"{VM_HEADER},gpu,source",
        "g5.xlarge,4,16384,0.9,2026-11-01,,my contract",
        "c6g.large,2,4096,0.05,2026-11-02,,",
    )
    own = catalog.with_rows(path)
    expected = dataclasses.replace(
        catalog.vm("g5.xlarge"), usd_per_hour=0.9, as_of=date(2026, 11, 1), source="my contract"
    )
    assert own.vm("g5.xlarge") == expected
    assert (own.vm("c6g.large").arch, own.vm("c6g.large").source) == ("arm64", "own.csv")
    assert [vm.key for vm in own.vms] == [vm.key for vm in catalog.vms]


def test_same_name_in_another_region_is_another_row(catalog: Catalog, tmp_path: Path) -> None:
    """A price for one region leaves those of others alone."""
    path = write(tmp_path, f"{VM_HEADER},region", "c6i.large,2,4096,0.0912,2026-11-01,eu-west-1")
    own = catalog.with_rows(path)
    assert own.vm("c6i.large", "eu-west-1").usd_per_hour == 0.0912
    assert own.vm("c6i.large").usd_per_hour == 0.085


def test_gpu_model_alone_means_one_gpu(catalog: Catalog, tmp_path: Path) -> None:
    """A GPU that is named without a number is one."""
    path = write(tmp_path, f"{VM_HEADER},gpu", "box,8,65536,1.5,2026-11-01,L4")
    assert catalog.with_rows(path).vm("box").gpu_count == 1


def test_function_rows_are_added_and_overridden(catalog: Catalog, tmp_path: Path) -> None:
    """Functions can be repriced, and those of other providers added."""
    path = write(
        tmp_path,
        f"{FUNCTION_HEADER},provider,memory_max_mb",
        "us-east-1,x86_64,0.00001,1e-7,2026-11-01,,3008",
        "dallas,x86_64,0.000016,2e-7,2026-11-01,ibm,",
    )
    own = catalog.with_rows(path)
    assert (own.function().usd_per_gb_s, own.function().memory_max_mb) == (0.00001, 3008)
    assert (own.function().name, own.function().source) == ("aws-lambda", "own.csv")
    other = own.function("dallas", provider="ibm")
    assert (other.name, other.memory_max_mb, other.payload_max_bytes) == ("ibm-function", 10240, 6_291_456)
    assert len(own.functions) == len(catalog.functions) + 1


def test_later_files_override_earlier_ones(catalog: Catalog, tmp_path: Path) -> None:
    """Of two files that price a machine the later one counts."""
    first = write(tmp_path, VM_HEADER, "box,1,1024,1,2026-11-01", name="first.csv")
    second = write(tmp_path, VM_HEADER, "box,1,1024,2,2026-11-02", name="second.csv")
    functions = write(tmp_path, FUNCTION_HEADER, "here,arm64,0,0,2026-11-01", name="functions.csv")
    own = catalog.with_rows(first, str(second), functions)
    assert (own.vm("box").usd_per_hour, own.vm("box").source) == (2.0, "second.csv")
    assert own.function("here", "arm64").usd_per_request == 0.0


# --- wrong files -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "region", "why"),
    [
        ("h100", "modal", "paid by the second of use; write it as .* kind 'function'"),
        ("l40s", "coreweave", "one GPU of a machine that may have more; give usd_per_hour"),
        ("nvidia-l4", "us-central1", "a GPU without a machine, which is paid beside it; give usd_per_hour"),
    ],
)
def test_what_is_no_machine_by_the_hour_is_not_rented_as_one(
    catalog: Catalog, name: str, region: str, why: str
) -> None:
    """It is found with its price, but neither a name nor a pattern rents it, nor does it take a discount."""
    assert catalog.find_vm(name, region) is not None
    assert catalog.find_vm(name, region, "3yr_all_upfront") is None
    assert name not in {vm.name for vm in catalog.select(region)}
    with pytest.raises(InputError, match=f"'{name}' in {region} is .*{why}"):
        catalog.vm(name, region)
