"""How the house is built, in figures that may only get better; `python -m project.figures` in tests/ prints them.

Arrows between packages were planned at 110, for one family of problems. Families, claims, pages, serving and kernels
have come since, with 45 arrows of their own. What any package may use (errors, files, ground, kernels) tells nothing of
how the house hangs together, and is counted apart.
"""

from __future__ import annotations

from project.figures import figures


def test_figures_of_the_house_hold() -> None:
    """Few modules in the root, no rings, arrows between packages that point down, and arguments that are explained."""
    found = figures()
    assert found["modules in the root"] <= 7
    assert found["modules in rings"] == 0
    assert found["arrows that point up"] == 0
    assert found["arrows between packages"] - found["of these into what stands on the ground"] <= 115
    assert found["modules with functions"] == found["of these with a test of their name"]
    assert found["class names borne twice"] == 0
    assert found["public functions of three arguments"] == found["of these with Parameters"]
