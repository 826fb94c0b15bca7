"""A job of two counts of workers, as files."""

from __future__ import annotations

from pathlib import Path

SMALL = """
schema = 1
kind = "job"
name = "small"
data_bytes = 1e9
model_bytes = 1e6
pass_vcpu_s = 100
rounds = "rounds.csv"
workers = [2, 4]
[[platform]]
kind = "function"
memory_mb = [1769, 3538]
channels = ["s3"]
[[platform]]
kind = "vm"
options = ["c6i.large"]
"""


ROUNDS = "algorithm,workers,rounds,passes\nga-sgd,2,40,10\nga-sgd,4,30,12\n"


def folder(path: Path, old: str = "", new: str = "", rounds: str = ROUNDS, name: str = "small") -> Path:
    """Write the small instance, a part of it replaced."""
    assert old in SMALL
    path.mkdir(exist_ok=True)
    text = SMALL.replace(old, new, 1) if old else SMALL
    (path / "instance.toml").write_text(text.replace('"small"', f'"{name}"'), encoding="utf-8")
    (path / "rounds.csv").write_text(rounds, encoding="utf-8")
    return path
