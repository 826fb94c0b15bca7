"""The command `catalog`: filters, the summary, and files of other tools."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.helpers import has_line, run


def test_without_a_filter_it_counts() -> None:
    """One line a cloud, region and term fits a screen; the thousand rows come with a filter."""
    text = run("catalog").stdout
    assert has_line(text, "aws", "us-east-1", "on-demand")
    assert has_line(text, "oci", "us-ashburn-1", "spot")
    assert "c6i.large" not in text


def test_filters_narrow_each_other() -> None:
    """Azure's spot machines below 0.02 USD an hour: one of 6 September 2026."""
    rows = run("catalog", "--cloud", "azure", "--term", "spot", "--max-price", "0.02", "--json").document["vms"]
    assert [(row["name"], row["usd_per_hour"]) for row in rows] == [("Standard_F2s_v2", 0.018612)]
    cards = run("catalog", "--gpu", "T4", "--region", "eu-west-1", "--json").document["vms"]
    assert {row["gpu"] for row in cards} == {"T4"}
    assert {row["region"] for row in cards} == {"eu-west-1"}


def test_old_prices_are_pointed_out() -> None:
    """Prices of March 2025 are more than a year old in November 2026; those of us-east-1 are not."""
    assert "more than a year old, the oldest of 2025-03-02" in run("catalog", "--region", "eu-central-1").stderr
    assert run("catalog", "c6i.large", "--region", "us-east-1").stderr == ""


def test_a_file_of_another_tool_becomes_a_price_file(tmp_path: Path) -> None:
    """What is imported can be named with --catalog at once; what was left out is counted on stderr."""
    given, out = tmp_path / "vms.csv", tmp_path / "prices.csv"
    given.write_text("InstanceType,vCPUs,MemoryGiB,Price,Region\nbox,4,8,0.2,moon-1\ntpu,,,3,moon-1\n")
    ran = run("catalog", "--import", given, "--as-of", "2026-10-01", "--out", out)
    assert (ran.code, "1 rows of" in ran.stderr) == (0, True)
    (box,) = run("catalog", "box", "--catalog", out, "--json").document["vms"]
    assert (box["usd_per_hour"], box["region"], box["as_of"]) == (0.2, "moon-1", "2026-10-01")


def test_tariffs_of_bytes_that_leave_are_listed() -> None:
    """Google's first 1,000 GB to the internet are 0.12 USD each; of one cloud with --cloud."""
    assert has_line(run("catalog", "--egress").stdout, "gcp-internet", "us-east1", "1,000", "0.12")
    rows = run("catalog", "--egress", "--cloud", "oci", "--json").document["egress"]
    assert [(row["name"], row["usd_per_gb"]) for row in rows] == [("oci-internet", 0.0085), ("oci-regions", 0.0085)]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--egress", "--cloud", "awz"), "did you mean aws"),
        (("--term", "spt"), "did you mean spot"),
        (("--region", "mars"), "nothing like --region mars"),
        (("--import", "absent.csv"), "no such file"),
        (("--import", "x.csv", "--as-of", "yesterday"), "YYYY-MM-DD"),
        (("--import", "http://127.0.0.1:9/prices.csv"), "cannot be fetched"),
    ],
)
def test_what_is_not_there_is_told(arguments: tuple[str, ...], words: str) -> None:
    """Each with exit code 2 and a cure."""
    ran = run("catalog", *arguments)
    assert (ran.code, ran.stdout) == (2, "")
    assert words in ran.stderr


def test_gpu_clouds_are_listed_with_what_is_unknown() -> None:
    """H100s below 4 USD an hour at Modal: one of 3.95, paid by the second; "-" for vCPUs and memory, null in JSON."""
    asked = ("catalog", "--cloud", "modal", "--region", "modal", "--gpu", "H100", "--max-price", "4")
    (row,) = run(*asked, "--json").document["vms"]
    assert (row["name"], row["usd_per_hour"], row["billing"]) == ("h100", 3.95, "per-second")
    assert (row["vcpus"], row["memory_mb"], row["as_of"]) == (None, None, "2026-05-22")
    text = run(*asked).stdout
    assert "billing" in text
    assert "dexcost 0.26.0" in text
    line = next(line for line in text.splitlines() if line.startswith("h100"))
    assert line.split().count("-") == 3  # vCPUs, memory and architecture
