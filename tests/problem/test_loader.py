"""Reading instances: what is valid, and that every fault is named with file, place, value and cure, all at once.

Each folder of data/bad departs from data/good by the fault it is named after. Its expected.txt has a line for each
line that stderr must have, as parts separated by ` | `: file, place, value, cure.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from support.helpers import BAD, GOOD, has_line, load, run, run_for_real, two_tiers

import serflow_opt as so

FAULTS = sorted(path.name for path in BAD.iterdir() if path.is_dir())


def expected_lines(folder: Path) -> list[tuple[str, ...]]:
    text = (folder / "expected.txt").read_text(encoding="utf-8")
    return [tuple(line.split(" | ")) for line in text.splitlines()]


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_is_named(fault: str) -> None:
    """Each known fault has one line with file, place, value and cure, and nothing besides."""
    ran = run("validate", BAD / fault)
    expected = expected_lines(BAD / fault)
    assert ran.code == 2, ran.stderr
    assert ran.stdout == ""
    for parts in expected:
        assert has_line(ran.stderr, "error: ", *parts), f"{parts} is on no line of\n{ran.stderr}"
    assert len(ran.stderr.splitlines()) == len(expected), f"one fault, one line:\n{ran.stderr}"


@pytest.mark.parametrize(
    ("command", "fault"),
    [("validate", "instance-missing"), ("validate", "several-files-at-once"), ("solve", "csv-not-utf8")],
)
def test_the_installed_command_says_the_same(command: str, fault: str) -> None:
    """In a process of its own the command names the same faults, without a traceback."""
    ran = run_for_real(command, BAD / fault)
    assert ran.code == 2
    assert ran.stdout == ""
    assert "Traceback" not in ran.stderr
    for parts in expected_lines(BAD / fault):
        assert has_line(ran.stderr, *parts)


def test_problems_as_json() -> None:
    """Faults can be read by programs: one document, and nothing on stderr."""
    ran = run("validate", "--json", BAD / "flops-negative")
    assert ran.code == 2
    assert ran.stderr == ""
    (problem,) = ran.document["problems"]
    assert ran.document["valid"] is False
    assert problem["file"] == str(BAD / "flops-negative" / "stages.csv")
    assert problem["place"] == "line 3, column flops"
    assert "-2000000000" in problem["found"]


def test_faults_of_several_instances_are_told_together_and_the_good_one_is_called_valid() -> None:
    """One bad instance does not hide what is said of others."""
    ran = run("validate", BAD / "flops-negative", GOOD, BAD / "link-twice")
    assert ran.code == 2
    assert has_line(ran.stdout, "good: valid", "3 stages", "4 thresholds", "3 options in 2 tiers")
    assert has_line(ran.stderr, "flops-negative")
    assert has_line(ran.stderr, "link-twice")


@pytest.mark.parametrize("file", ["instance.toml", "measured.toml", "adapted.toml"])
def test_good_instances_are_valid(file: str) -> None:
    """Instances with all kinds of tables pass without a word on stderr."""
    ran = run("validate", GOOD / file)
    assert (ran.code, ran.stderr) == (0, "")
    assert "valid" in ran.stdout


@pytest.mark.parametrize("name", ["stages.csv", "instance.toml"])
def test_a_file_of_100_mb_is_refused_at_once(name: str, tmp_path: Path) -> None:
    """A huge file is refused by its size, without being read."""
    for file in ("instance.toml", "stages.csv", "exits.csv"):
        (tmp_path / file).write_bytes((GOOD / file).read_bytes())
    os.truncate(tmp_path / name, 100_000_000)
    began = time.perf_counter()
    ran = run("validate", tmp_path)
    assert time.perf_counter() - began < 2
    assert ran.code == 2
    assert has_line(ran.stderr, name, "100 MB", "at most 50 MB")


def test_a_folder_a_file_and_a_shipped_name_mean_instances(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder, its file and a shipped name all lead to an instance, from any folder."""
    assert so.load(GOOD) == so.load(GOOD / "instance.toml") == so.load(str(GOOD))
    monkeypatch.chdir(tmp_path)
    assert so.load("bert12-sst2").name == "bert12-sst2"


def test_an_unknown_name_suggests_shipped_ones() -> None:
    """A misspelt shipped instance is suggested by its name."""
    ran = run("validate", "bert12-sst")
    assert ran.code == 2
    assert has_line(ran.stderr, "bert12-sst", "no such file", "did you mean bert12-sst2")


@pytest.mark.parametrize("name", ["a" * 300, "a\0b", "", "."], ids=["long", "nul", "empty", "here"])
def test_strange_names_are_bad_input(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Names that no file system takes are bad input, not a crash."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(so.InputError):
        so.load(name)


def test_units_become_si() -> None:
    """Milliseconds, Mbit/s, MiB and USD an hour of the file are seconds, bytes and USD a second in memory."""
    instance = so.load(GOOD)
    # c6i.large: 2 vCPUs, 0.085 USD/h; 1e10 FLOP/s a vCPU, all parallel
    vm = instance.options[0]
    assert vm.stage_seconds == pytest.approx((0.05, 0.1, 0.15), rel=1e-12)
    assert vm.usd_per_s == pytest.approx(0.085 / 3600, rel=1e-12)
    assert vm.memory_bytes == 4096 * 2**20
    link = instance.links["vm", "function"]
    assert link.bytes_per_s == pytest.approx(1e7, rel=1e-12)
    assert link.seconds(500_000) == pytest.approx(0.05 + 0.002, rel=1e-12)
    assert instance.latency_slo_s == pytest.approx(1.0, rel=1e-12)
    function = instance.options[2]
    # 3538 MB are 2 vCPUs; 0.0000166667 USD per GB-s, 3538 / 1024 GB
    assert function.name == "lambda-3538MB"
    assert function.stage_seconds == pytest.approx((0.05, 0.1, 0.15), rel=1e-12)
    assert function.usd_per_s == pytest.approx(0.0000166667 * 3538 / 1024, rel=1e-12)
    assert (function.cold_start_s, function.cold_share, function.usd_per_request) == (0.1, 0.1, 2e-7)


def test_byte_order_mark_blanks_and_windows_line_ends_are_read(tmp_path: Path) -> None:
    """Files from Windows and from spreadsheets load as the same instance."""
    for file in ("instance.toml", "stages.csv", "exits.csv"):
        text = (GOOD / file).read_text(encoding="utf-8")
        if file == "stages.csv":
            text = text.replace(",", " , ").replace("\n", "\n\n")
        (tmp_path / file).write_bytes(text.replace("\n", "\r\n").encode("utf-8-sig"))
    assert so.load(tmp_path) == so.load(GOOD)


def test_no_exits_section_means_that_nobody_leaves_early(tmp_path: Path) -> None:
    """Without exits all go to the end, and no accuracy is claimed."""
    text = (GOOD / "instance.toml").read_text(encoding="utf-8")
    text = text.replace('[exits]\ntable = "exits.csv"\n', "").replace("accuracy_min = 0.85\n", "")
    (tmp_path / "instance.toml").write_text(text, encoding="utf-8")
    (tmp_path / "stages.csv").write_bytes((GOOD / "stages.csv").read_bytes())
    instance = so.load(tmp_path)
    assert [menu.exit_rates for menu in instance.menus] == [(0.0,), (0.0,), (1.0,)]
    assert not instance.accuracy_known


def test_a_price_beyond_what_can_be_reckoned_with_is_refused(tmp_path: Path) -> None:
    """1e308 is a number; times two seconds it is none."""
    document = two_tiers()
    document["tier"][1]["option"][0]["usd_per_gb_s"] = 1e308
    with pytest.raises(so.InputError, match=r"usd_per_gb_s.*1e\+308; write a number of at most 1e\+100"):
        load(document, tmp_path)
