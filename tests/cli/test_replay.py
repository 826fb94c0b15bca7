"""What `simulate` says of functions that are kept loaded."""

from __future__ import annotations

from pathlib import Path

from support.helpers import has_line, run
from support.idle_times import write


def test_simulate_sets_policies_side_by_side(tmp_path: Path) -> None:
    """Requests every ten minutes and a half: never met after ten minutes, met by what has learnt."""
    folder = write(tmp_path / "f", [(632.0, 1)], usd_per_cold_start=20.0, resolution_s=5)
    (tmp_path / "trace.csv").write_text("epoch_s\n" + "".join(f"{630 * n}\n" for n in range(60)), "utf-8")
    done = run("simulate", folder, "--trace", tmp_path / "trace.csv", "--json")
    policies = {own["policy"]: own for own in done.document["policies"]}
    assert policies["ten minutes"]["cold"] == 1.0
    assert policies["window"]["cold"] < 0.1
    assert policies["hybrid"]["cold"] < 0.3
    assert policies["chosen anew"]["cold"] < 0.3
    assert has_line(run("simulate", folder, "--trace", tmp_path / "trace.csv").stdout, "LSTH", "day's histogram")
    assert run("simulate", folder).code == 2


def test_a_replay_has_no_picture(tmp_path: Path) -> None:
    """What cannot be drawn is refused by its flag, before a policy is replayed."""
    folder = write(tmp_path / "f", [(632.0, 1)], usd_per_cold_start=20.0)
    (tmp_path / "trace.csv").write_text("epoch_s\n0\n630\n1260\n", "utf-8")
    ran = run("simulate", folder, "--trace", tmp_path / "trace.csv", "--plot", tmp_path / "p.png")
    assert (ran.code, ran.stdout) == (2, "")
    assert has_line(ran.stderr, "--plot", "no picture")
