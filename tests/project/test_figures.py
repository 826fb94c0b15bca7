"""How the house is built, in figures that may only get better; `python -m project.figures` in tests/ prints them."""

from __future__ import annotations

from project.figures import figures


def test_figures_of_the_house_hold() -> None:
    """Few modules in the root, no rings, arrows between packages that point down, and arguments that are explained."""
    found = figures()
    assert found["modules in the root"] <= 7
    assert found["modules in rings"] == 0
    assert found["arrows that point up"] == 0
    assert found["arrows between packages"] <= 200
    assert found["class names borne twice"] == 0
    assert found["public functions of three arguments"] == found["of these with Parameters"]
