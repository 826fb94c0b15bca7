"""[[link]] tables: in SI units, down the list only, once each."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.helpers import load, two_tiers

from serflow_opt.errors import InputError
from serflow_opt.problem.links import read_links
from serflow_opt.problem.schema import InstanceDocument


def test_links_go_down_the_list_once(tmp_path: Path) -> None:
    """A link upwards, to nowhere, or twice is told, all at once."""
    document = two_tiers()
    own = next(link for link in document["link"] if link["from"] == "vm")
    document["link"] += [own, {**own, "from": "fn", "to": "vm"}, {**own, "to": "sky"}]
    with pytest.raises(InputError) as raised:
        load(document, tmp_path)
    said = str(raised.value)
    assert "vm -> fn twice" in said
    assert "fn -> vm does not go down" in said
    assert "no tier 'sky'" in said


def test_bytes_a_second_and_usd_a_byte() -> None:
    """8 Mbit/s are 1e6 bytes a second, 1 USD/GB 1e-9 USD a byte; a tariff is kept by its name."""
    document = InstanceDocument.model_validate(
        {
            "schema": 1,
            "name": "x",
            "network": {"stages": "s.csv", "input_bytes": 1.0},
            "tier": [{"name": "a", "kind": "vm"}],
            "link": [{"from": "client", "to": "a", "bandwidth_mbit_s": 8.0, "usd_per_gb": 1.0, "egress": "out"}],
        }
    )
    link = read_links(document, "x.toml", [])["client", "a"]
    assert (link.bytes_per_s, link.egress) == (1e6, "out")
    assert link.usd_per_byte == pytest.approx(1e-9, rel=1e-12)
