"""Price files of SkyPilot and Infracost become rows of ours."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from serflow_opt.errors import InputError
from serflow_opt.problem.catalog import Catalog
from serflow_opt.problem.catalog.foreign import as_csv, foreign_rows

DAY = date(2026, 11, 1)
SKYPILOT = """InstanceType,AcceleratorName,AcceleratorCount,vCPUs,MemoryGiB,Price,SpotPrice,Region,AvailabilityZone
m6g.large,,,2.0,8.0,0.077,0.031,us-east-1,us-east-1a
m6g.large,,,2.0,8.0,0.077,0.029,us-east-1,us-east-1b
g5.xlarge,A10G,1.0,4.0,16.0,1.006,,us-east-1,us-east-1a
tpu-v4,TPU,1.0,,,3.22,1.0,us-central1,us-central1-a
"""


def test_skypilot_becomes_a_row_a_type_and_term(tmp_path: Path) -> None:
    """Zones of a region are one row at the cheapest price; what has no memory is left out and counted."""
    rows, left_out = foreign_rows(SKYPILOT, "vms.csv", DAY)
    assert left_out == {"TPUs, paid beside a machine": ["tpu-v4"]}
    path = tmp_path / "own.csv"
    path.write_text(as_csv(rows))
    catalog = Catalog().with_rows(path)
    assert [vm.key for vm in catalog.vms] == [
        ("m6g.large", "us-east-1", "on-demand"),
        ("m6g.large", "us-east-1", "spot"),
        ("g5.xlarge", "us-east-1", "on-demand"),
    ]
    spot, card = catalog.vm("m6g.large", term="spot"), catalog.vm("g5.xlarge")
    assert (spot.usd_per_hour, spot.arch, spot.memory_mb, spot.as_of) == (0.029, "arm64", 8192, DAY)
    assert (card.accelerator, card.arch) == ("1 x A10G", "x86_64")


def test_infracost_takes_linux_and_shared_machines(tmp_path: Path) -> None:
    """Windows and dedicated rows of the same type are other products."""
    said = {"instanceType": "c5.large", "vcpu": "2", "memory": "4 GiB", "operatingSystem": "Linux", "tenancy": "Shared"}
    prices = [{"purchaseOption": "on_demand", "unit": "Hrs", "USD": "0.0850000000"}]
    lines = ["vendorName,region,service,attributes,prices"]
    for changes in ({}, {"operatingSystem": "Windows"}, {"tenancy": "Dedicated"}):
        cells = [json.dumps(said | changes), json.dumps(prices)]
        quoted = ",".join('"' + cell.replace('"', '""') + '"' for cell in cells)
        lines.append(f"aws,us-east-1,AmazonEC2,{quoted}")
    rows, left_out = foreign_rows("\n".join(lines), "prices.csv", DAY)
    path = tmp_path / "own.csv"
    path.write_text(as_csv(rows))
    (vm,) = Catalog().with_rows(path).vms
    reason = "not Linux on shared machines without software of their own"
    assert left_out == {reason: ["c5.large", "c5.large"]}
    assert (vm.name, vm.provider, vm.usd_per_hour) == ("c5.large", "aws", 0.085)


def test_gpus_of_unknown_machines(tmp_path: Path) -> None:
    """With a GPU vCPUs and memory may be unknown, and the GPU's memory is read; without one the row is left out."""
    info = "\"{'Gpus': [{'Name': 'A100', 'MemoryInfo': {'SizeInMiB': 40960}}]}\""
    text = "InstanceType,AcceleratorName,AcceleratorCount,vCPUs,MemoryGiB,Price,SpotPrice,Region,GpuInfo\n"
    text += f"gpu_1x_a100,A100,1.0,,,1.29,,us-east-1,{info}\nodd,,,,,0.5,,us-east-1,\nfree,,,2,4,,,us-east-1,\n"
    rows, left_out = foreign_rows(text, "vms.csv", DAY)
    assert left_out == {"without vCPUs or memory, and without a GPU": ["odd"], "without a price": ["free"]}
    path = tmp_path / "own.csv"
    path.write_text(as_csv(rows))
    (vm,) = Catalog().with_rows(path).vms
    assert (vm.vcpus, vm.memory_mb, vm.gpu, vm.gpu_memory_mb) == (None, None, "A100", 40960)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b\n1,2\n", "columns of no known price file"),
        ("", "columns of no known price file"),
        ("InstanceType,Price,Region\nx,1,here\n", "no machine with a price and a memory"),
    ],
)
def test_other_files_are_refused(text: str, words: str) -> None:
    """A file of another tool is told by its header, not turned into nonsense."""
    with pytest.raises(InputError, match=words):
        foreign_rows(text, "other.csv", DAY)
