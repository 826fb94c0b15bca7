"""Lives of functions that end before a job does, by arithmetic."""

from __future__ import annotations

import pytest

from serflow_opt.families.job.evaluate import account, value
from serflow_opt.families.job.menu import menu_of
from serflow_opt.families.job.problem import Algorithm, Channel, Job, JobOption, JobPlan


def test_restarts_by_arithmetic() -> None:
    """Ten rounds of 4 s, lives of 15 s, data in 1 s, the model in 1 s: 3 rounds (1 + 12 + 1), 3 (1 + 1 + 12 + 1), 3,
    and the last: 3 restarts of 0.5 + 1 + 2 s beside 1 + 40 s."""
    option = JobOption("f", True, 1e12, 1.0, 2.0, 0.0, 15.0, 0.0, 1e12, 0.0, ((1.0, 0.5),), (0,))
    job = Job(
        1.0,
        1.0,
        20.0,
        (1,),
        (Algorithm("ga-sgd", (10,), (2.0,)),),
        (option,),
        (Channel("s3", "store"),),
        ("allreduce",),
        0.0,
        1.0,
    )
    valued = value(job, JobPlan(0, -1, 0, 0, "allreduce", 0))
    assert account(job, JobPlan(0, -1, 0, 0, "allreduce", 0)).restarts == 3
    assert valued.values["time"] == pytest.approx(0.5 + 41 + 3 * 3.5)
    assert valued.values["cost"] == pytest.approx(2.0 * (41 + 3 * 3))
    assert menu_of(job).values[0].tolist() == pytest.approx([52.0, 100.0, 1.0])
