"""What a machine of the catalogue must be."""

from __future__ import annotations

from typing import Any

import pytest

from serflow_opt.problem.any_table import AnyTable
from serflow_opt.problem.catalog import load_catalog


@pytest.mark.parametrize(
    ("said", "name", "fits"),
    [
        ({"vcpus": [2.0, 2.0]}, "c6i.large", True),  # both ends are in
        ({"vcpus": [2.5, 8.0]}, "c6i.large", False),
        ({"memory_gb": [4.0, 4.0]}, "c6i.large", True),
        ({"arch": ["arm64"]}, "c6i.large", False),
        ({"family": ["c*"]}, "c6i.large", True),
        ({"family": ["m*"]}, "c6i.large", False),
        ({"usd_per_hour_max": 0.085}, "c6i.large", True),
        ({"usd_per_hour_max": 0.0849}, "c6i.large", False),
        ({}, "g4dn.xlarge", False),  # GPUs and own chips only where they are asked for
        ({}, "inf2.xlarge", False),
        ({"gpu": ["*"]}, "g4dn.xlarge", True),
        ({"gpu": ["A10G"]}, "g4dn.xlarge", False),
        ({"gpu": ["*"]}, "c6i.large", False),
        ({}, "t3.large", False),  # 30 % of two vCPUs, all of them only while credits last
        ({"burstable": True}, "t3.large", True),
    ],
)
def test_all_that_is_said_must_hold(said: dict[str, Any], name: str, fits: bool) -> None:
    """c6i.large has 2 vCPUs, 4 GiB and costs 0.085 USD an hour; g4dn.xlarge has a T4."""
    assert AnyTable(**said).fits(load_catalog().vm(name)) is fits


@pytest.mark.parametrize(
    ("said", "fits"),
    [
        ({"gpu": ["A10"]}, True),
        ({"gpu": ["A10"], "vcpus": [0.0, 1000.0]}, False),
        ({"gpu": ["A10"], "memory_gb": [0.0, 1e6]}, False),
        ({"gpu": ["A10"], "arch": ["x86_64", "arm64"]}, False),
    ],
)
def test_what_is_unknown_is_within_nothing(said: dict[str, Any], fits: bool) -> None:
    """Lambda Labs' a10, of which neither vCPUs, memory nor architecture are known."""
    assert AnyTable(**said).fits(load_catalog().vm("a10", "lambda_labs")) is fits
