"""What noise leaves open, by an accountant."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.small_training import federated, small

import serflow_opt as so


def test_an_accountant_computes_what_noise_leaves_open(tmp_path: Path) -> None:
    """Where it is installed; more noise leaves less open. Where not, the cure is told."""
    tables = {"noise": "multiplier,accuracy_loss\n1,0.05\n3,0.1\n"}
    folder = small(tmp_path, *federated('noise = "noise.csv"\nepsilon_max = 6\ndelta = 0.00001'), tables)
    try:
        import dp_accounting  # noqa: F401
    except ImportError:
        with pytest.raises(so.InputError, match="pip install dp-accounting"):
            so.load(folder)
    else:
        assert {so.load(folder).data.knobs[2][own.knobs[2]].name for own in so.load(folder).data.settings} == {"3"}
