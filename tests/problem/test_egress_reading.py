"""[[egress]] of instance files, and the catalogue's tariffs."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
from support.helpers import load, two_tiers

from serflow_opt.errors import InputError
from serflow_opt.problem.egress_reading import known_tariffs


def document(egress: list[dict[str, Any]] | None, named: str = "out", **workload: Any) -> dict[str, Any]:
    """`two_tiers` whose link from VM to function names a tariff."""
    found = two_tiers()
    for link in found["link"]:
        if link["from"] == "vm":
            link["egress"] = named
    found["workload"] = {**found["workload"], "rate_per_s": 10.0, **workload}
    if egress is not None:
        found["egress"] = egress
    return found


def test_tiers_of_the_file_in_bytes(tmp_path: Path) -> None:
    """GB become bytes; what is free comes first, and tiers that end within it are gone."""
    tiers = [{"up_to_gb": 50.0, "usd_per_gb": 0.2}, {"up_to_gb": 500.0, "usd_per_gb": 0.1}, {"usd_per_gb": 0.05}]
    table = {"name": "out", "free_gb": 100.0, "other_gb_per_month": 7.0, "tiers": tiers}
    (tariff,) = load(document([table]), tmp_path).egress
    assert tariff.name == "out"
    assert tariff.until_bytes == (100e9, 500e9, math.inf)
    assert tariff.usd_per_byte == pytest.approx((0.0, 1e-10, 5e-11), rel=1e-12)
    assert tariff.other_bytes == 7e9


def test_tariffs_of_the_catalogue_by_name(tmp_path: Path) -> None:
    """A link may name one without [[egress]]; a table may name one under another name."""
    (tariff,) = load(document(None, "aws-internet"), tmp_path / "a").egress
    assert tariff.until_bytes == (10_000e9, 50_000e9, 150_000e9, math.inf)
    assert [usd * 1e9 for usd in tariff.usd_per_byte] == pytest.approx([0.09, 0.085, 0.07, 0.05])
    (own,) = load(document([{"name": "out", "price": "gcp-internet"}]), tmp_path / "b").egress
    assert [usd * 1e9 for usd in own.usd_per_byte] == pytest.approx([0.12, 0.11, 0.08])


def test_the_catalogue_has_the_internet_and_other_regions_of_four_clouds() -> None:
    """Each list of tiers is in order and ends without an end."""
    known = known_tariffs()
    assert set(known) == {f"{cloud}-{to}" for cloud in ("aws", "azure", "gcp", "oci") for to in ("internet", "regions")}
    for tiers in known.values():
        ends = [end for end, _ in tiers]
        assert ends == sorted(ends)
        assert ends[-1] == math.inf


FAULTS: list[tuple[list[dict[str, Any]] | None, str, str]] = [
    (None, "aws-intrnet", "aws-internet"),
    ([{"name": "out", "tiers": [{"up_to_gb": 5.0, "usd_per_gb": 1.0}]}], "out", "leave up_to_gb out of the last tier"),
    ([{"name": "out", "tiers": [{"usd_per_gb": 1.0}, {"usd_per_gb": 0.5}]}], "out", "every tier but the last"),
    (
        [
            {
                "name": "out",
                "tiers": [*({"up_to_gb": end, "usd_per_gb": 1.0} for end in (9.0, 5.0)), {"usd_per_gb": 1.0}],
            }
        ],
        "out",
        "sort tiers",
    ),
    ([{"name": "out", "price": "aws-internet", "tiers": [{"usd_per_gb": 1.0}]}], "out", "keep one of them"),
    ([{"name": "out", "price": "aws-internet"}] * 2, "out", "keep one"),
    ([{"name": "other", "price": "aws-internet"}], "aws-internet", "in a [[link]], or remove it"),
]


@pytest.mark.parametrize(("egress", "named", "cure"), FAULTS)
def test_faults_are_told_with_their_cure(
    egress: list[dict[str, Any]] | None, named: str, cure: str, tmp_path: Path
) -> None:
    """Unknown names, tiers out of order or without an end, two of a name, one that nobody uses."""
    with pytest.raises(InputError) as raised:
        load(document(egress, named), tmp_path)
    assert cure in str(raised.value)


def test_a_rate_is_needed(tmp_path: Path) -> None:
    """How much is sent in a month is a matter of the rate."""
    wanted = document(None, "aws-internet")
    del wanted["workload"]["rate_per_s"]
    with pytest.raises(InputError, match=r"set workload\.rate_per_s"):
        load(wanted, tmp_path)
