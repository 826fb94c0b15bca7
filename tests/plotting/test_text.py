"""Numbers, units and names as pictures write them."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib
import matplotlib.pyplot as plt
import pytest

from serflow_opt.plotting.text import amount, brief, money, objective_title, percent

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    plt.close("all")


def test_every_objective_has_a_name_and_unit() -> None:
    """No axis stands without its unit."""
    units = {"cost": "USD", "latency": "(ms)", "accuracy": "accuracy", "privacy": "leak", "energy": "J"}
    for name, unit in units.items():
        assert unit in objective_title(name, "mean")


def test_numbers_in_words() -> None:
    """Bytes, shares and money are shown with the digits that matter."""
    assert [amount(size) for size in (0, 512, 4608, 62_720, 12_845_056)] == [
        "0 B",
        "512 B",
        "4.61 kB",
        "62.7 kB",
        "12.8 MB",
    ]
    assert [percent(share) for share in (0, 0.0001, 0.7689, 0.9996, 1)] == [
        "0.0 %",
        "<0.1 %",
        "76.9 %",
        "100 %",
        "100 %",
    ]
    assert [brief(value) for value in (0, 0.0298, 56.44, 492.46, 7.2e-5, 625e3)] == [
        "0",
        "0.0298",
        "56.4",
        "492",
        "7.2e-05",
        "625,000",
    ]
    assert money(4.3e-6) == (pytest.approx(4.3), "a million")
    assert money(4.5e-10) == (pytest.approx(0.45), "a billion")
