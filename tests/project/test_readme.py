"""The commands in the README, and the Python beside them in the pages on traffic, do what they say as printed."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from support.helpers import REPOSITORY, has_line, run

README = REPOSITORY / "README.md"

pytestmark = pytest.mark.skipif(not README.exists(), reason="not run from the repository")


def commands(after: str) -> list[list[str]]:
    """The commands of the first shell block behind a sentence, without their comments."""
    text = README.read_text(encoding="utf-8")
    block = re.search(r"```sh\n(.*?)```", text[text.index(after) :], re.DOTALL)
    assert block is not None
    return [shlex.split(line, comments=True) for line in block.group(1).splitlines()]


def test_traffic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the order they stand in, each with what it leaves behind."""
    monkeypatch.chdir(tmp_path)
    said = {}
    for command, *arguments in commands("Under traffic, machines come and go"):
        assert command == "serflow-opt"
        ran = run(*arguments)
        assert (ran.code, ran.stderr) == (0, ""), arguments
        said[arguments[0]] = ran.stdout
    assert list(said) == ["provision", "export", "scale", "simulate", "compare", "bound"]
    assert has_line(said["provision"], "200 requests/s", "proven optimal")
    assert "resource" in said["export"]
    assert has_line(said["scale"], "twitter-day", "24 h", "proven optimal")
    assert has_line(said["simulate"], "503,000 came, 503,000 were answered")
    assert has_line(said["compare"], "controller")
    assert "left out" not in said["compare"]
    assert "no autoscaler pays less than" in said["bound"]
    assert {file.name for file in tmp_path.iterdir()} == {"rent.json", "day.png"}


def test_the_controller_and_a_policy_of_ones_own() -> None:
    """The Python blocks of the page on controllers, one after the other."""
    text = (REPOSITORY / "docs" / "controllers.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(block, names)
    run, service, trace = names["run"], names["service"], names["trace"]
    assert (run.policy, run.served) == ("controller", trace.requests)
    assert names["places"] == ["machine", "machine", "wait", "function"]
    own = names["so"].simulate(service, trace, names["Fixed"]())
    assert (own.policy, own.policy_errors, own.served) == ("always two", (), trace.requests)
    rents = [block.machines[0].usd_per_s for block in service.blocks if block.machines]
    assert own.usd["machines"] == pytest.approx(2 * trace.seconds * sum(rents), rel=0.01)
