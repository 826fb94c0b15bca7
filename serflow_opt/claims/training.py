"""Training: PipeDream, rounds on functions, LambdaML's exchanges and conclusion, Cirrus's cost model."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from serflow_opt.claims.claim import Claim
from serflow_opt.families.job.channels import shipped
from serflow_opt.families.job.evaluate import account
from serflow_opt.families.job.menu import menu_of
from serflow_opt.families.job.problem import Algorithm, Channel, Job, JobOption, JobPlan
from serflow_opt.families.loading import load
from serflow_opt.families.registry import family_of
from serflow_opt.families.verbs import door

PIPEDREAM = "Narayanan et al., PipeDream, SOSP 2019"
ROUNDS = "github.com/3000weichen/serverless-distributed-ml-training-aliyun, local_epoch_2"
LAMBDAML = "Jiang et al., Towards Demystifying Serverless Machine Learning Training, SIGMOD 2021"
CIRRUS = "Carreira et al., Cirrus, SoCC 2019"
MEASURED = "measured: within 5 %"
FIVE_AND_ONE = """
schema = 1
kind = "workflow"
name = "five workers and a server"
[functions]
usd_per_gb_s = 1.664e-5  # 0.007488 USD an hour for 128 MB
usd_per_call = 0
starts = [[1, 0]]
[[phase]]
name = "train"
kind = "train"
updates = "updates.csv"
gradient_s = 0.05
gradient_bytes = 0
workers = [5]
memory_mb = [1024]
server = { name = "m5.large", usd_per_hour = 0.096, updates_per_s = 10, start_s = 0 }
"""
PARTS = "what a part of a model takes beside its bytes"


def pipeline(workers: float) -> str:
    """Return the configuration that trains VGG16 fastest on so many workers."""
    problem = load("vgg16-pipeline")
    changed = family_of(problem).changed(problem, {"workers_max": workers})
    return str(door("solve", "solve")(changed).plan["configuration"])


def ten_rounds() -> float:
    """Return what ten rounds of two local epochs take, s: the fit of one and five epochs a round."""
    problem = load("resnet18-serverless-rounds")
    plan = {**door("solve", "solve")(problem).plan, "rounds_measured": 10, "accuracy_measured": 0.7056}
    valued = door("value", "value")(problem, plan)
    return float(valued.achieved("time") * 3600)


def _job(workers: int, model_bytes: float, pattern: str, channel: Channel) -> Job:
    option = JobOption("f", True, 1e12, 1.0, 0.0, 0.0, 1e9, 0.0, 1e12, 0.0, ((1.0, 0.0),), (0,))
    once = (Algorithm("ga-sgd", (1,), (1.0,)),)
    return Job(0.0, model_bytes, 1.0, (workers,), once, (option,), (channel,), (pattern,))


def exchange(workers: int, model_bytes: float, pattern: str) -> float:
    """Return what one exchange of a model through S3 takes, s.

    Parameters
    ----------
    workers, model_bytes, pattern
        How many exchange how much, and by which pattern: allreduce or scatterreduce.
    """
    s3 = shipped()["s3"]
    channel = Channel("s3", "store", s3["mb_per_s"] * 1e6, s3["latency_ms"] / 1000)
    return float(account(_job(workers, model_bytes, pattern, channel), JobPlan(0, -1, 0, 0, pattern, 0)).exchange_s)


def dynamodb() -> str:
    """Return whether 12 MB go through DynamoDB as a whole."""
    channel = Channel("dynamodb", "store", 65e6, 0.03, item_max=shipped()["dynamodb"]["item_bytes_max"])
    return "offered" if menu_of(_job(50, 12e6, "allreduce", channel)).plans else "N/A"


def best_platform(objective: str) -> str:
    """Return on what a job of 8 GB and a small model is fastest, or cheapest."""
    problem = load("higgs-lr")
    changed = family_of(problem).changed(problem, {"objective": objective, "deadline_s": None, "budget_usd": None})
    return str(door("solve", "solve")(changed).plan["platform"])


def cirrus_usd() -> float:
    """Return what five functions of 1,024 MB and an m5.large cost for the 1,200 s that 12,000 updates take, USD."""
    with TemporaryDirectory() as folder:
        (Path(folder) / "updates.csv").write_text("workers,updates\n5,12000\n", encoding="utf-8")
        (Path(folder) / "instance.toml").write_text(FIVE_AND_ONE, encoding="utf-8")
        return float(door("solve", "solve")(load(folder)).achieved("cost"))


CLAIMS = (
    Claim("pipedream-4", PIPEDREAM, "configuration of VGG16 on 4 V100", "3-1", partial(pipeline, 4.0)),
    Claim(
        "pipedream-16",
        PIPEDREAM,
        "configuration of VGG16 on 16 V100",
        "15-1",
        partial(pipeline, 16.0),
        missing="how much faster links within its servers of four are: all are alike here",
    ),
    Claim(
        "serverless-rounds",
        ROUNDS,
        "ten rounds of two local epochs",
        503.1,
        ten_rounds,
        0.05 * 503.1,
        "s",
        note=f"{MEASURED}; times are fitted to one and five epochs a round, not to this",
    ),
    Claim(
        "lambdaml-allreduce-12",
        LAMBDAML,
        "AllReduce of 12 MB through S3, 10 workers",
        3.3,
        partial(exchange, 10, 12e6, "allreduce"),
        0.05 * 3.3,
        "s",
        note=MEASURED,
    ),
    Claim(
        "lambdaml-allreduce-89",
        LAMBDAML,
        "AllReduce of 89 MB through S3, 10 workers",
        17.3,
        partial(exchange, 10, 89e6, "allreduce"),
        0.05 * 17.3,
        "s",
        note=MEASURED,
    ),
    Claim(
        "lambdaml-scatter-12",
        LAMBDAML,
        "ScatterReduce of 12 MB through S3, 10 workers",
        3.1,
        partial(exchange, 10, 12e6, "scatterreduce"),
        0.05 * 3.1,
        "s",
        PARTS,
        MEASURED,
    ),
    Claim(
        "lambdaml-scatter-89",
        LAMBDAML,
        "ScatterReduce of 89 MB through S3, 10 workers",
        8.5,
        partial(exchange, 10, 89e6, "scatterreduce"),
        0.05 * 8.5,
        "s",
        PARTS,
        MEASURED,
    ),
    Claim(
        "lambdaml-polling",
        LAMBDAML,
        "AllReduce of 224 bytes through S3, 50 workers",
        9.2,
        partial(exchange, 50, 224.0, "allreduce"),
        0.05 * 9.2,
        "s",
        "how often workers ask whether all is there",
    ),
    Claim("lambdaml-dynamodb", LAMBDAML, "MobileNet's 12 MB through DynamoDB", "N/A", dynamodb),
    Claim(
        "lambdaml-fastest",
        LAMBDAML,
        "a small model on 8 GB is fastest on",
        "functions",
        partial(best_platform, "time"),
        seconds=1.0,
    ),
    Claim("lambdaml-cheapest", LAMBDAML, "and cheapest on", "machines", partial(best_platform, "cost"), seconds=1.0),
    Claim(
        "cirrus-cost",
        f"{CIRRUS}, CostModel.py",
        "5 functions of 1,024 MB and an m5.large for 20 minutes",
        0.1318,
        cirrus_usd,
        0.00005,
        "USD",
        note="the code's cost model by hand: 1,200 s x (5 x 8 x 0.007488 + 0.096) / 3600",
    ),
    Claim(
        "cirrus-speed",
        CIRRUS,
        "time to accuracy beside other systems",
        3.75,
        None,
        unit="times",
        missing="it is measured on other systems: no planner can bring it out",
    ),
)
"""Each with what it takes to find it."""
