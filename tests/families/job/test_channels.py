"""What exchanges through channels take, against LambdaML's figures."""

from __future__ import annotations

import pytest

from serflow_opt.families.job.channels import shipped
from serflow_opt.families.job.evaluate import account, value
from serflow_opt.families.job.menu import menu_of
from serflow_opt.families.job.problem import Algorithm, Channel, Job, JobOption, JobPlan


def exchange(w: int, m: float, pattern: str, channel: Channel) -> float:
    """Seconds of one exchange by the witness."""
    option = JobOption("f", True, 1e12, 1.0, 0.0, 0.0, 1e9, 0.0, 1e12, 0.0, ((1.0, 0.0),), (0,))
    job = Job(0.0, m, 1.0, (w,), (Algorithm("ga-sgd", (1,), (1.0,)),), (option,), (channel,), (pattern,))
    return account(job, JobPlan(0, -1, 0, 0, pattern, 0)).exchange_s


def test_exchanges_are_those_that_lambdaml_printed() -> None:
    """AllReduce through S3 at 65 MB/s and 80 ms: 12 x (12 / 65 + 0.08) = 3.18 s, printed 3.3; 17.39 s, printed 17.3."""
    s3 = shipped()["s3"]
    channel = Channel("s3", "store", s3["mb_per_s"] * 1e6, s3["latency_ms"] / 1000)
    assert exchange(10, 12e6, "allreduce", channel) == pytest.approx(3.175, abs=1e-3)
    assert exchange(10, 89e6, "allreduce", channel) == pytest.approx(17.39, abs=5e-3)
    # 28 x (8.9 / 65 + 0.08) = 6.07 s; printed 8.5
    assert exchange(10, 89e6, "scatterreduce", channel) == pytest.approx(6.074, abs=1e-3)


def test_dynamodb_takes_no_mobilenet_but_its_parts() -> None:
    """400 KB an item: 12 MB do not go as a whole (printed N/A), a 50th of 12 MB, 240 KB, does."""
    own = shipped()["dynamodb"]
    channel = Channel("dynamodb", "store", 65e6, 0.03, item_max=own["item_bytes_max"])
    options = (JobOption("f", True, 1e12, 1.0, 0.0, 0.0, 1e9, 0.0, 1e12, 0.0, ((50.0, 1.0),), (0,)),)
    job = Job(0.0, 12e6, 1.0, (50,), (Algorithm("ga-sgd", (1,), (1.0,)),), options, (channel,), ("allreduce",))
    assert menu_of(job).plans == ()
    assert [own.limit for own in value(job, JobPlan(0, -1, 0, 0, "allreduce", 0)).breaches] == ["item_bytes_max"]
    assert not value(job, JobPlan(0, -1, 0, 0, "scatterreduce", 0)).breaches


def test_requests_of_fifty_workers() -> None:
    """51 writes and 99 reads: 0.000295 USD a round; 2,500 and 4,900: 0.01446 USD, over 1,000 rounds 14.5 USD."""
    channel = Channel("s3", "store", 65e6, 0.08, 5e-6, 4e-7)
    options = (JobOption("f", True, 1e12, 1.0, 0.0, 0.0, 1e9, 0.0, 1e12, 0.0, ((50.0, 1.0),), (0,)),)
    job = Job(0.0, 1e6, 1.0, (50,), (Algorithm("ga-sgd", (1000,), (1.0,)),), options, (channel,), ("allreduce",))
    assert account(job, JobPlan(0, -1, 0, 0, "allreduce", 0)).requests_usd == pytest.approx(0.2946)
    assert account(job, JobPlan(0, -1, 0, 0, "scatterreduce", 0)).requests_usd == pytest.approx(14.46)
