"""Clusters that are wrong: file, place, value and cure."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.small_cluster import PROFILES, small

import serflow_opt as so

BAD = [
    ("slo_ms = 200", "slo_ms = 30", PROFILES, "slo_ms", "at least 40"),
    ("rate_per_s = 100", "rate_per_s = 0", PROFILES, "rate_per_s", "greater than 0"),
    ("", "", PROFILES.replace("1,50,1,40", "1,50,0,40"), "batch", "at least 1"),
    ("", "", PROFILES + "1,50,4,90\n", "line 6", "each configuration once"),
    ("", "", "cpu_cores,batch,ms\n0,1,10\n", "line 2", "takes nothing"),
    ("", "", "cpu_cores,gpu_percent,batch,ms\n1,120,1,10\n", "gpu_percent", "100"),
    ("", "", "cpu_cores,batch,ms\n1,1,0\n", "line 2", "above 0"),
    ("", "", "cpu_cores,batch,ms\n9,1,10\n", "net", "no instance within its target fits"),
    ("", "", "cpu_cores,batch,ms\n1,1,1500\n", "slo_ms", "at least 1500"),
    ("slo_ms = 200", "slo_ms = 2000", "cpu_cores,batch,ms\n1,1,1500\n", "net", "exact"),
    ("", "", "model,cpu_cores,batch,ms\nnett,1,1,15\n", "column model", "nett"),
    ("gpus = 1", "gpus = 1\nlayouts = [[]]", PROFILES, "layouts", "one slice"),
    ("gpus = 1", 'gpus = 1\nlayouts = [["1g"]]', "slice,batch,ms\n2g,1,10\n", "column slice", "1g"),
    ("cores = 4\ngpus = 1", "cores = 0", PROFILES, "server", "cores"),
    ("gpus = 1", "gpus = 17", PROFILES, "gpus", "16"),
    ("usd_per_hour = 2", "usd_per_hour = -2", PROFILES, "usd_per_hour", "0"),
    ('profiles = "p.csv"', 'profiles = "p.csv"\noperators = "o.csv"', PROFILES, "model", "either"),
    ('profiles = "p.csv"', 'profiles = "q.csv"', PROFILES, "q.csv", ""),
]


@pytest.mark.parametrize(("old", "new", "profiles", "place", "cure"), BAD)
def test_what_is_wrong_is_said(tmp_path: Path, old: str, new: str, profiles: str, place: str, cure: str) -> None:
    """File, place, value, cure; exit code 2."""
    with pytest.raises(so.InputError) as error:
        so.load(small(tmp_path, old, new, profiles))
    assert place in str(error.value)
    assert cure in str(error.value)
