"""Files of jobs that are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.small_job import ROUNDS, folder

import serflow_opt as so


@pytest.mark.parametrize(
    ("old", "new", "rounds", "said"),
    [
        ("[2, 4]", "[2, 8]", ROUNDS, "no rounds for 8 workers"),
        ("[2, 4]", "{from = 4, to = 2}", ROUNDS, "at least as large"),
        ("[2, 4]", "[]", ROUNDS, "list at least one"),
        ("[2, 4]", "[2, 4]\nconcurrency_max = 3", ROUNDS, "at most concurrency_max, 3"),
        ("[2, 4]", "[2, 4]\nconvex = false", ROUNDS + "admm,2,3,30\nadmm,4,3,30\n", "convex = false"),
        ("model_bytes = 1e6", "model_bytes = 4e9", ROUNDS, "3 times the model"),
        ('["s3"]', '["s4"]', ROUNDS, "known: s3"),
        ('["s3"]', '["direct"]', ROUNDS, "functions take no connections"),
        (
            '["s3"]',
            '["own"]\n[[channel]]\nname = "own"\nkind = "store"\nmb_per_s = 9\nlatency_ms = 1',
            ROUNDS,
            "usd_per_write",
        ),
        ('["c6i.large"]', '["c6i.lagre"]', ROUNDS, "c6i.large"),
        ('["c6i.large"]', '["a10"]\nregion = "lambda_labs"', ROUNDS, "vCPUs or memory of 'a10' unknown"),
        ('["c6i.large"]', '["c6i.large"]\nstarts = [[2, 100]]', ROUNDS, "the time that 4 workers take"),
        ("[1769, 3538]", "[64]", ROUNDS, "128 to 10,240 MB"),
        ("schema = 1", 'schema = 1\npatterns = ["server"]', ROUNDS, "a parameter server, ring for direct"),
        ("schema = 1", "schema = 1", ROUNDS.replace("40,10", "40,0"), "more than 0"),
    ],
)
def test_bad_input(tmp_path: Path, old: str, new: str, rounds: str, said: str) -> None:
    """Each fault of a job's file is named with the value that is wrong or the cure."""
    with pytest.raises(so.InputError, match=said):
        so.load(folder(tmp_path, old, new, rounds))
