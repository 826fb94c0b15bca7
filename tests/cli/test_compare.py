"""The command `compare`, and the scenarios that it, `scale` and `simulate` take from a file."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from support.helpers import run
from support.service import COUNTS, LIBRA_CALL_USD
from support.traffic_commands import TRACED

from serflow_opt.problem.loader import shipped_folder

TWO_SECONDS_USD = 2 * 0.5 * 0.00001667 + 0.0000002
"""A request of a second on the function of `libra` where two are billed."""


@pytest.fixture
def libra(tmp_path: Path) -> Path:
    """A copy with a scenario in which each call is billed two seconds, and one in which nobody has the time."""
    folder = shutil.copytree(shipped_folder() / "libra", tmp_path / "libra")
    with (folder / "instance.toml").open("a", encoding="utf-8") as file:
        file.write("\n[scenario.dear]\ntier.function.billing_step_ms = 2000.0\n")
        file.write("\n[scenario.strict]\nworkload.latency_slo_ms = 1.0\n")
    return folder


@pytest.mark.parametrize(("scenario", "call_usd"), [((), LIBRA_CALL_USD), (("--scenario", "dear"), TWO_SECONDS_USD)])
def test_functions_are_paid_as_the_scenario_says(
    scenario: tuple[str, ...], call_usd: float, libra: Path, trace: Path
) -> None:
    """Functions alone cost a call for each request, and no policy is below the bound."""
    asked = ("--trace", trace, "--policy", "functions", *scenario, "--json")
    document = run("compare", libra, *asked).document
    assert document["policies"][0]["usd"] == pytest.approx(sum(COUNTS) * call_usd)
    assert run("simulate", libra, *asked).document["usd"]["total"] == pytest.approx(sum(COUNTS) * call_usd)
    schedule = run("scale", libra, "--trace", trace, *scenario, "--json").document
    assert schedule["usd"] <= sum(COUNTS) * call_usd


@pytest.mark.parametrize("command", TRACED)
def test_scenarios_are_those_of_the_file(command: str, libra: Path, trace: Path) -> None:
    """A target out of reach is told as where it stands in the file; an unknown name is told with those known."""
    strict = run(command, libra, "--trace", trace, "--scenario", "strict")
    assert strict.code in (2, 3)
    assert "1000 ms" in strict.stdout + strict.stderr
    unknown = run(command, libra, "--trace", trace, "--scenario", "deer")
    assert (unknown.code, unknown.stdout) == (2, "")
    assert "dear" in unknown.stderr
