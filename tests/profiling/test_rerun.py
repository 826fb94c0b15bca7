"""Plans run again on what was profiled."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.helpers import has_line, run

pytest.importorskip("torch")

from support.profiles import HELD_OUT, INPUTS
from support.tiny_networks import clusters, write_data, write_network


class TestRunning:
    """What `run` is given."""

    def test_only_profiles_are_run(self, profiled: Path, tmp_path: Path) -> None:
        """An instance that was not profiled has no network to run."""
        shipped = "vgg16-cifar10-hybrid"
        assert run("solve", shipped, "--out", tmp_path / "p.json").code == 0
        ran = run("run", shipped, tmp_path / "p.json")
        assert ran.code == 2
        assert has_line(ran.stderr, "profile", "missing")

    def test_the_plan_must_be_one(self, profiled: Path, tmp_path: Path) -> None:
        """A missing or wrong plan is told by its file."""
        (tmp_path / "p.json").write_text("[]")
        for plan, said in [(tmp_path / "none.json", "no such file"), (tmp_path / "p.json", "a list")]:
            ran = run("run", "tiny", plan)
            assert ran.code == 2
            assert has_line(ran.stderr, plan.name, said)

    def test_what_it_ran_on_must_be_there(self, profiled: Path, tmp_path: Path) -> None:
        """Data or a network that is gone is told by its name."""
        for arguments in (("--data", "none.npz"), ("--network", "none.py:Net")):
            ran = run("run", "tiny", "plan.json", *arguments)
            assert ran.code == 2
            assert has_line(ran.stderr, "none.", "no such file")

    def test_the_network_may_have_moved(self, profiled: Path, tmp_path: Path) -> None:
        """A network that moved can be pointed to."""
        moved = write_network(tmp_path, name="moved.py")
        ran = run("run", "tiny", "plan.json", "--network", f"{moved}:Net", "--json")
        assert ran.document["requests"] == HELD_OUT

    def test_another_network_is_refused(self, profiled: Path, tmp_path: Path) -> None:
        """Weights of another network are refused, not run."""
        ran = run("run", "tiny", "plan.json", "--network", "net.py:plain")
        assert ran.code == 2
        assert has_line(ran.stderr, "net")

    @pytest.mark.parametrize(("count", "seed"), [(INPUTS // 2, 0), (INPUTS, 1)], ids=["fewer", "as many"])
    def test_other_data_are_not_taken_for_those_held_out(
        self, profiled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int, seed: int
    ) -> None:
        """The file that the profile names holds something else now."""
        for name in ("tiny", "net.py", "plan.json"):
            (tmp_path / name).symlink_to(profiled / name)
        write_data(tmp_path / "data.npz", clusters(count, seed))
        monkeypatch.chdir(tmp_path)
        ran = run("run", "tiny", "plan.json")
        assert ran.code == 2
        assert has_line(ran.stderr, "the data changed")
