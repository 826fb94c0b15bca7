"""The good measured instance with samples, some of them held out."""

from __future__ import annotations

from pathlib import Path

from support.helpers import GOOD

import serflow_opt as so


def with_holdout(folder: Path, share: float, seed: int, count: int = 40) -> so.Instance:
    """The good measured instance with more samples, a share of them held out."""
    text = (GOOD / "measured.toml").read_text(encoding="utf-8")
    text = text.replace("levels = 3", f"levels = 3\nholdout_share = {share}\nseed = {seed}")
    (folder / "instance.toml").write_text(text, encoding="utf-8")
    for name in ("stages.csv", "times.csv"):
        (folder / name).write_bytes((GOOD / name).read_bytes())
    rows = [f"{i},{i / count},{i % 2},{1 - i / count},1" for i in range(count)]
    lines = ["sample_id,conf_exit1,correct_exit1,conf_exit2,correct_exit2", *rows]
    (folder / "samples.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return so.load(folder)
