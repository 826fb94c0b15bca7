"""Instances with batches that are wrong: file, place, value and cure."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.helpers import run
from support.small_batching import SMALL, TIMES, small

import serflow_opt as so

SLICED = """gpu_gb = [2]
batch = [1]
gpu_times = { per_request_s = 0.001, fixed_s = 0.001, slice_s = 2.0, whole_gb = 24 }"""


MANY = "".join(f'[[application]]\nname = "n{n}"\nslo_ms = 900\nrate_per_s = 1\n\n' for n in range(15))
MANY = f'groups = "any"\n\n{MANY}[[application]]\nname = "a"'


@pytest.mark.parametrize(
    ("old", "new", "place", "cure"),
    [
        (
            "slo_ms = 400",
            "slo_ms = 100",
            "application 'a'.slo_ms",
            "at least 120 ms: the fastest is f of 2 vCPU, batch 1",
        ),
        ("rate_per_s = 10", "rate_per_s = 0", "application[1].rate_per_s", "greater than 0"),
        ("rate_per_s = 10", "rate_per_s = -1", "application[1].rate_per_s", "greater than 0"),
        ('name = "b"', 'name = "a"', "application[2].name", "a name of its own"),
        ("batch = [1, 2, 4]", "batch = [0, 2]", "function 'f'.batch", "batches of 1 to"),
        ("batch = [1, 2, 4]", "batch = [1, 1]", "function 'f'.batch", "each value once"),
        ("batch = [1, 2, 4]", "batch = []", "function 'f'.batch", "each value once"),
        ("batch = [1, 2, 4]", "batch = [1, 3]", "function 'f'", "offer fewer sizes and batches"),
        ("vcpus = [1, 2]", "vcpus = [1, 3]", "function 'f'", "offer fewer sizes and batches"),
        ("vcpus = [1, 2]", "gpu_gb = [1, 2]", "line 1", "columns: gpu_gb"),
        ("vcpus = [1, 2]", "", "function[1]", "either `vcpus` or `gpu_gb`"),
        ("promises = [0.5, 1.0]", "promises = [1.5]", "promises", "less than or equal to 1"),
        ("promises = [0.5, 1.0]", "promises = [0.1]", "application 'a'.slo_ms", "at least 1200 ms"),
        ("promises = [0.5, 1.0]", 'currency = { name = "CNY" }', "currency.per_usd", "how many CNY a USD is"),
        ("promises = [0.5, 1.0]", "currency = { per_usd = 7.0 }", "currency.name", "name the currency"),
        ("promises = [0.5, 1.0]", "colour = 1", "colour", "remove it"),
        (
            'times = "f.csv"',
            'times = "f.csv"\nmemory_mb = { fixed = 9000 }\ngb_per_vcpu_max = 4',
            "memory_mb",
            "larger",
        ),
        ('times = "f.csv"', 'times = "g.csv"', "", "no such file"),
        ('vcpus = [1, 2]\nbatch = [1, 2, 4]\ntimes = "f.csv"', SLICED, "function 'f'.gpu_times.slice_s", "thousandths"),
        ('[[application]]\nname = "a"', MANY, "groups", "at most 12 applications"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, old: str, new: str, place: str, cure: str) -> None:
    """File, place, value and cure."""
    folder = small(tmp_path, old, new)
    with pytest.raises(so.InputError) as error:
        so.load(folder)
    assert any(place in own.place and cure in f"{own.cure} {own.found}" for own in error.value.problems), error.value
    assert run("solve", folder).code == 2


@pytest.mark.parametrize(
    ("old", "new", "place", "cure"),
    [
        ("1,1,100,200", "1,1,300,200", "function 'f': 1 vcpus, batch 1", "at least the mean"),
        ("1,2,120,240", "1,1,120,240", "line 3", "list each once"),
        ("mean_ms", "time_ms", "line 1", "columns: vcpus, batch, mean_ms, max_ms"),
    ],
)
def test_what_is_wrong_with_times_is_told(tmp_path: Path, old: str, new: str, place: str, cure: str) -> None:
    """In the table beside the file."""
    with pytest.raises(so.InputError) as error:
        so.load(small(tmp_path, times=TIMES.replace(old, new)))
    assert any(place in own.place and cure in own.cure for own in error.value.problems), error.value


def test_a_card_has_an_end_and_times_that_fall_are_doubted(tmp_path: Path) -> None:
    """25 GB of a card of 24; and a batch of 2 that is faster than one of 1."""
    slices = "gpu_times = { per_request_s = 0.001, fixed_s = 0.001, slice_s = 0.002, whole_gb = 24 }"
    text = SMALL.replace("vcpus = [1, 2]", "gpu_gb = [2, 25]").replace('times = "f.csv"', slices)
    (tmp_path / "instance.toml").write_text(text)
    with pytest.raises(so.InputError, match="the card has 24 GB"):
        so.load(tmp_path)
    folder = small(tmp_path / "falls", times=TIMES.replace("1,2,120,240", "1,2,90,240"))
    assert "a batch of 2 on 1 vcpus takes less time than one of 1" in run("validate", folder).stderr
    folder = small(tmp_path / "longest", times=TIMES.replace("1,2,120,240", "1,2,120,190"))
    assert (
        "longest time of a batch of 2 on 1 vcpus is below that of 1: taken to be as long" in run("solve", folder).stderr
    )
