"""Channels of jobs."""

from __future__ import annotations

from serflow_opt.families.job.problem import Channel, offered


def test_only_what_keeps_a_model_lets_workers_go_on_alone() -> None:
    """Without a store or a server nobody knows the model of those who do not wait."""
    assert offered(Channel("s3", "store")) == ("allreduce", "scatterreduce", "asynchronous")
    assert offered(Channel("cache", "server")) == ("server", "asynchronous")
    assert offered(Channel("direct", "direct")) == ("ring",)
