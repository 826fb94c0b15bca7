"""A cluster of one network whose optimum is worked out by hand."""

from __future__ import annotations

from pathlib import Path

SMALL = """
schema = 1
kind = "cluster"
name = "small"

[[model]]
name = "net"
slo_ms = 200
rate_per_s = 100
profiles = "p.csv"

[[server]]
name = "box"
cores = 4
gpus = 1
usd_per_hour = 2
"""


PROFILES = """cpu_cores,gpu_percent,batch,ms
1,0,1,150
1,50,1,40
1,50,4,80
2,50,4,100
"""
"""1 core alone serves 6 requests/s; with half of a card 25 one by one, 50 four by four from 34 = ceil(4 / 0.12) on. The
last is outclassed. A server has 2 x 50 and 2 x 6: 112 requests/s. 100 requests/s take one."""


def small(folder: Path, old: str = "", new: str = "", profiles: str = PROFILES) -> Path:
    """Write the small instance, with a part of it replaced."""
    folder.mkdir(exist_ok=True)
    assert old in SMALL
    (folder / "instance.toml").write_text(SMALL.replace(old, new, 1) if old else SMALL, encoding="utf-8")
    (folder / "p.csv").write_text(profiles, encoding="utf-8")
    return folder
