"""Spot instances as they are read."""

from __future__ import annotations

from pathlib import Path

import pytest

import serflow_opt as so
from serflow_opt.families.spot.problem import SpotPool

HEAD = 'schema = 1\nkind = "spot"\nname = "s"\n'


def written(folder: Path, text: str) -> Path:
    """Write an instance."""
    (folder / "instance.toml").write_text(HEAD + text, encoding="utf-8")
    return folder


def test_prices_rates_and_what_is_enough(tmp_path: Path) -> None:
    """The catalogue's spot price; 4 interruptions a day and 600 s are 6 h of 6 h 10 min; 5 workers by M/D/c."""
    text = (
        'rate_per_s = 20\nservice_ms = 150\nlatency_slo_ms = 300\nlatency_measure = "p95"\n'
        '[[zone]]\nname = "z"\noutages_per_day = 2\noutage_s = 4800\n'
        '[[offer]]\nname = "a"\nmachine = "c5.large"\nterm = "spot"\nzone = "z"\ninterruptions_per_day = 4\n'
        "replace_s = 600\nmachines_max = 7\nworkers = 2\n"
    )
    pool: SpotPool = so.load(written(tmp_path, text)).data
    (offer,) = pool.offers
    assert offer.usd_per_s * 3600 == pytest.approx(0.03404)
    assert offer.availability == pytest.approx(21600 / 22200)
    assert pool.zones[0].availability == pytest.approx(0.9)
    assert pool.most == 14
    assert pool.target == pytest.approx(0.05)
    assert pool.late[pool.enough] <= 0.05 < pool.late[pool.enough - 1]
    assert pool.queue == "M/D/c"


def test_states_of_zones(tmp_path: Path) -> None:
    """Shares add up to one; each zone is there as often as the table says."""
    (tmp_path / "states.csv").write_text("share,y,z\n6,1,1\n1,1,0\n1,0,1\n2,0,0\n", "utf-8")
    zones = '[[zone]]\nname = "y"\n[[zone]]\nname = "z"\noutages_per_day = 3\n'
    offer = '[[offer]]\nname = "a"\nusd_per_hour = 1\nzone = "z"\n'
    pool: SpotPool = so.load(written(tmp_path, f'workers_min = 2\nzone_states = "states.csv"\n{zones}{offer}')).data
    assert [own.availability for own in pool.zones] == pytest.approx([0.7, 0.7])
    assert pool.joint[0] == (pytest.approx(0.6), frozenset({0, 1}))
    assert pool.late[:3] == (1.0, 1.0, 0.0)


def test_what_is_wrong_is_told_all_at_once(tmp_path: Path) -> None:
    """Half an outage, rates and times left out, an unknown zone, type and name, a start that is too long."""
    text = (
        'rate_per_s = 20\nservice_ms = 150\n[[zone]]\nname = "z"\noutages_per_day = 2\n'
        '[[offer]]\nname = "a"\nmachine = "c5.large"\nterm = "spot"\nzone = "y"\n'
        '[[offer]]\nname = "b"\nusd_per_hour = 1\ninterruptions_per_day = 1\n'
        '[[offer]]\nname = "c"\nmachine = "c5.huge"\ninterruptions_per_day = 1\nreplace_s = 10\nstart_s = 20\n'
        '[[offer]]\nname = "c"\n'
    )
    with pytest.raises(so.InputError) as error:
        so.load(written(tmp_path, text))
    places = {problem.place for problem in error.value.problems}
    assert places == {
        "zone 'z'", "latency_slo_ms", "offer 'a'.zone", "offer 'a'.interruptions_per_day", "offer 'b'.replace_s",
        "offer 'c'.machine", "offer 'c'.start_s", "offer 'c'.usd_per_hour", "offer[4].name",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("head", "place"),
    [
        ("workers_min = 3\nrate_per_s = 3\n", "rate_per_s"),
        ("rate_per_s = 3\nservice_ms = 300\nlatency_slo_ms = 200\n", "latency_slo_ms"),
        ('workers_min = 3\nzone_states = "states.csv"\n', "column x"),
    ],
)
def test_what_does_not_go_together(tmp_path: Path, head: str, place: str) -> None:
    """Workers beside a queue, a limit below the service time, states of a zone that is not there."""
    (tmp_path / "states.csv").write_text("share,x\n1,1\n", "utf-8")
    with pytest.raises(so.InputError) as error:
        so.load(written(tmp_path, head + '[[offer]]\nname = "a"\nusd_per_hour = 1\n'))
    assert [problem.place for problem in error.value.problems] == [place]
